import type { Clock } from '../model/clock.ts';
import type { BreakerTransition, CacheResult, DuplicatePrevented, ObservablePolicy, Observer, Rejection, RetryDecision } from '../model/events.ts';
import type { AttemptRecord, Exchange } from '../model/exchange.ts';
import type { AppReadings } from '../model/status.ts';
import { AccessLog } from './access-log.ts';
import { attemptOutcomeOf, outcomeOf } from './codes.ts';
import { Journal } from './journal.ts';
import { errorFields, type Log, type LogFields } from './log.ts';
import { Metrics } from './metrics/metrics.ts';
import { redactText } from './redact.ts';
import { Stats } from './stats.ts';
import { traceContextOf } from './trace-context.ts';

/** What telemetry is made with. */
export interface TelemetryOptions {
  readonly clock: Clock;
  /** Version of Breakwater, for build_info. */
  readonly version: string;
  readonly log: Log;
  /** Whether exchanges are logged. */
  readonly access: boolean;
  /** Exchanges that the journal keeps; 1,000 unless said. */
  readonly journalSize?: number | undefined;
  /** Metrics of the process itself (CPU, memory, event loop, garbage collection), which have timers of their own. True unless said. */
  readonly processMetrics?: boolean | undefined;
}

/**
 * Hears everything that happens and tells it to counts, journal and log. One per process: it outlives reloads. An observation costs about a microsecond; metrics are put
 * together when they are scraped.
 */
export class Telemetry implements Observer {
  readonly log: Log;
  readonly stats = new Stats();
  readonly journal: Journal;
  readonly metrics: Metrics;
  readonly #clock: Clock;
  #access: AccessLog | undefined;

  constructor(options: TelemetryOptions) {
    this.log = options.log;
    this.#clock = options.clock;
    this.journal = new Journal(options.journalSize ?? 1000);
    this.logAccess(options.access);
    this.metrics = new Metrics(this.stats, options);
  }

  /** Where gauges (breakers, pools, connections, configuration) are read from, once there is an app. */
  readFrom(readings: AppReadings): void {
    this.metrics.readFrom(readings);
  }

  /** Turns the access log on or off: a reload may. */
  logAccess(on: boolean): void {
    this.#access = on ? new AccessLog(this.log) : undefined;
  }

  attemptEnded(exchange: Exchange, attempt: AttemptRecord): void {
    const outcome = attemptOutcomeOf(attempt);
    this.stats.route(exchange.upstream, exchange.route).attempted(attempt, outcome);
    this.stats.upstream(exchange.upstream).attempted(exchange, attempt, outcome, this.#clock.now(), this.#clock.wallNow());
  }

  retryDecided(exchange: Exchange, decision: RetryDecision, reason: string): void {
    this.stats.route(exchange.upstream, exchange.route).retryDecided(reason, decision);
  }

  breakerChanged(transition: BreakerTransition): void {
    this.stats.changed(transition);
    const { upstream, breaker, authority, from, to, cause } = transition;
    const fields = { upstream, breaker, authority, from, to, cause, reason: redactText(transition.reason) };
    if (to === 'open' || to === 'isolated') this.log.warn(fields, `breaker ${to}`);
    else this.log.info(fields, `breaker ${to}`);
  }

  wouldHave(exchange: Exchange, policy: ObservablePolicy, what: string): void {
    this.stats.route(exchange.upstream, exchange.route).acted(policy, what, false);
  }

  acted(exchange: Exchange, policy: ObservablePolicy, what: string): void {
    this.stats.route(exchange.upstream, exchange.route).acted(policy, what, true);
  }

  duplicatePrevented(exchange: Exchange, how: DuplicatePrevented): void {
    this.stats.route(exchange.upstream, exchange.route).duplicatePrevented(how);
    this.log.warn({ ...identityOf(exchange), upstream: exchange.upstream, route: exchange.route, how }, 'duplicate prevented');
  }

  warned(upstream: string, route: string, policy: ObservablePolicy, text: string, by?: Exchange): void {
    // an empty text takes a warning back: nothing to redact, and the expressions for it are compiled when first used
    const warning = { upstream, route, policy, text: text === '' ? '' : redactText(text), at: this.#clock.wallNow() };
    this.stats.warned(warning);
    if (text !== '') this.log.warn({ ...(by === undefined ? undefined : identityOf(by)), upstream, route, policy, warning: warning.text }, 'warning');
  }

  usageTold(upstream: string, kind: string, ratio: number): void {
    this.stats.upstream(upstream).usage.told({ kind, ratio, at: this.#clock.wallNow() });
  }

  cacheLooked(exchange: Exchange, result: CacheResult): void {
    this.stats.route(exchange.upstream, exchange.route).cacheLooked(result, this.#clock.now());
  }

  exchangeEnded(exchange: Exchange, elapsedMs: number): void {
    const outcome = outcomeOf(exchange);
    const now = exchange.startedAt + elapsedMs;
    this.stats.route(exchange.upstream, exchange.route).ended(exchange, outcome, elapsedMs, now);
    this.stats.upstream(exchange.upstream).ended(exchange);
    if (this.#access === undefined && !this.journal.wants(exchange, outcome, now)) return;
    const entry = this.journal.write(exchange, outcome, elapsedMs, this.#clock.wallNow());
    this.#access?.write(entry);
  }

  rejected(reason: Rejection, status: number, detail: string): void {
    this.stats.rejected(reason);
    this.log.info({ reason, status, detail: redactText(detail) }, 'rejected');
  }

  internalError(error: unknown): void {
    this.stats.internalErrors++;
    this.stats.lastInternalErrorAt = this.#clock.wallNow();
    this.log.error(errorFields(error), 'internal error');
  }
}

/** By what a line about an exchange is found. */
function identityOf({ id, headers }: Exchange): LogFields {
  return { id, ...traceContextOf(headers) };
}
