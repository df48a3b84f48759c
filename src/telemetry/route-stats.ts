import type { CacheResult, DuplicatePrevented, ObservablePolicy, RetryDecision } from '../model/events.ts';
import type { AttemptRecord, Exchange } from '../model/exchange.ts';
import { OutcomeWindow, type WindowSnapshot } from '../model/outcome-window.ts';
import {
  ATTEMPT_OUTCOMES,
  type AttemptOutcome,
  CACHE_RESULTS,
  DECISIONS,
  type ExchangeOutcome,
  faultOf,
  KINDS,
  METHODS,
  NumberCounts,
  OUTCOMES,
  PHASES,
  SOURCES,
  TextCounts,
} from './codes.ts';
import { DurationHistogram, type HistogramSnapshot } from './histogram.ts';
import { LatencyWindow } from './quantiles.ts';

/** How far back rates and quantiles look, in milliseconds. */
export const WINDOW_MS = 300_000;

/** Requests past the bound: method OTHER, code 0. */
const OTHER_REQUESTS = (METHODS.length - 1) * OUTCOMES.length * SOURCES.length * 1000;

/** Everything that is counted of one route. Found once per observation, after which nothing is hashed but a number. */
export class RouteStats {
  readonly upstream: string;
  readonly route: string;
  readonly requests = new NumberCounts(400, OTHER_REQUESTS);
  readonly attempts = new NumberCounts(ATTEMPT_OUTCOMES.length * PHASES.length * KINDS.length, 0);
  readonly retries = new TextCounts();
  readonly failures = new TextCounts();
  /** By policy and what it did. */
  readonly acts = new TextCounts();
  /** By policy and what it would have done. */
  readonly observed = new TextCounts();
  readonly duplicates = new TextCounts();
  readonly durations = new DurationHistogram();
  readonly latency = new LatencyWindow(WINDOW_MS);
  readonly cache = new Float64Array(CACHE_RESULTS.length);
  /** Answered from the cache (`ok`) or not. */
  readonly cacheWindow = new OutcomeWindow(WINDOW_MS);

  constructor(upstream: string, route: string) {
    this.upstream = upstream;
    this.route = route;
  }

  /** An exchange is over. `now`: monotonic milliseconds. */
  ended(exchange: Exchange, outcome: ExchangeOutcome, elapsedMs: number, now: number): void {
    this.requests.add(requestKey(exchange, outcome));
    this.durations.observe(elapsedMs);
    // a client that left early says how patient it is, not how fast the route
    if (outcome !== 'client_closed') this.latency.add(elapsedMs, now);
    if (exchange.failure !== undefined && (outcome === 'failed' || outcome === 'unknown'))
      this.failures.add(`${exchange.failure.code} ${exchange.failure.phase}`);
  }

  /** An attempt is over. */
  attempted(attempt: AttemptRecord, outcome: AttemptOutcome): void {
    this.attempts.add(attemptKey(attempt, outcome));
  }

  /** A retry was decided on. */
  retryDecided(reason: string, decision: RetryDecision): void {
    this.retries.add(`${DECISIONS.indexOf(decision)} ${reason}`);
  }

  /** A policy acted, or, where it only observes, would have. */
  acted(policy: ObservablePolicy, what: string, really: boolean): void {
    (really ? this.acts : this.observed).add(`${policy} ${what}`);
  }

  /** The same request was not sent a second time. */
  duplicatePrevented(how: DuplicatePrevented): void {
    this.duplicates.add(how);
  }

  /** The cache was asked. */
  cacheLooked(result: CacheResult, now: number): void {
    const at = CACHE_RESULTS.indexOf(result);
    this.cache[at] = (this.cache[at] ?? 0) + 1;
    if (result !== 'bypass') this.cacheWindow.add(result !== 'miss', now);
  }

  /** Everything, as plain data. `now`: monotonic milliseconds. */
  export(now: number): RouteSnapshot {
    return {
      upstream: this.upstream,
      route: this.route,
      numbers: this.#numbers.map((counts) => [...counts.entries()]),
      texts: this.#texts.map((counts) => [...counts.entries()]),
      durations: this.durations.export(),
      latency: this.latency.export(now),
      cache: [...this.cache],
      cacheWindow: this.cacheWindow.export(now),
    };
  }

  /** Adds what another process counted of the same route. */
  absorb(other: RouteSnapshot, now: number): void {
    for (const [i, counts] of this.#numbers.entries()) for (const [key, count] of other.numbers[i] ?? []) counts.add(key, count);
    for (const [i, counts] of this.#texts.entries()) for (const [key, count] of other.texts[i] ?? []) counts.add(key, count);
    this.durations.absorb(other.durations);
    this.latency.absorb(other.latency, now);
    for (const [i, count] of other.cache.entries()) this.cache[i] = (this.cache[i] ?? 0) + count;
    this.cacheWindow.absorb(other.cacheWindow, now);
  }

  get #numbers(): readonly NumberCounts[] {
    return [this.requests, this.attempts];
  }

  get #texts(): readonly TextCounts[] {
    return [this.retries, this.failures, this.acts, this.observed, this.duplicates];
  }

  /** Share of lookups that needed no full answer of the upstream, over the window; undefined where there were none. */
  hitRatio(now: number): number | undefined {
    const { ok, failed } = this.cacheWindow.counts(now);
    return ok + failed === 0 ? undefined : ok / (ok + failed);
  }
}

/** The counts of a route as plain data. Windows are told by age, since every process has a clock of its own. */
export interface RouteSnapshot {
  readonly upstream: string;
  readonly route: string;
  readonly numbers: readonly (readonly [number, number][])[];
  readonly texts: readonly (readonly [string, number][])[];
  readonly durations: HistogramSnapshot;
  readonly latency: readonly number[];
  readonly cache: readonly number[];
  readonly cacheWindow: WindowSnapshot;
}

function requestKey(exchange: Exchange, outcome: ExchangeOutcome): number {
  const method = METHODS.indexOf(exchange.method as (typeof METHODS)[number]);
  const status = exchange.status >= 100 && exchange.status < 600 ? exchange.status : 0;
  const head = (method < 0 ? METHODS.length - 1 : method) * OUTCOMES.length + OUTCOMES.indexOf(outcome);
  return (head * SOURCES.length + SOURCES.indexOf(exchange.source)) * 1000 + status;
}

/** The labels of a request key. */
export function requestLabels(key: number): { method: string; outcome: string; source: string; code: number } {
  const packed = Math.floor(key / 1000);
  const head = Math.floor(packed / SOURCES.length);
  const outcome = OUTCOMES[head % OUTCOMES.length] ?? '';
  return { method: METHODS[Math.floor(head / OUTCOMES.length)] ?? '', outcome, source: SOURCES[packed % SOURCES.length] ?? '', code: key % 1000 };
}

function attemptKey(attempt: AttemptRecord, outcome: AttemptOutcome): number {
  const failure = faultOf(attempt);
  const byStatus = failure === undefined && outcome !== 'ok' && attempt.status !== undefined;
  const phase = byStatus ? 'headers' : (failure?.phase ?? '');
  const kind = byStatus ? 'status' : (failure?.kind ?? '');
  return (ATTEMPT_OUTCOMES.indexOf(outcome) * PHASES.length + PHASES.indexOf(phase)) * KINDS.length + KINDS.indexOf(kind);
}

/** The labels of an attempt key. */
export function attemptLabels(key: number): { outcome: string; phase: string; kind: string } {
  const packed = Math.floor(key / KINDS.length);
  return {
    outcome: ATTEMPT_OUTCOMES[Math.floor(packed / PHASES.length)] ?? '',
    phase: PHASES[packed % PHASES.length] ?? '',
    kind: KINDS[key % KINDS.length] ?? '',
  };
}
