import type { AttemptRecord, Exchange } from '../model/exchange.ts';
import type { FailureCode, FailureKind, Phase } from '../model/failure.ts';
import { type OutcomeCounts, OutcomeWindow, type WindowSnapshot } from '../model/outcome-window.ts';
import { type AttemptOutcome, blamesUpstream, faultOf } from './codes.ts';
import { DurationHistogram, type HistogramSnapshot } from './histogram.ts';
import { redactText } from './redact.ts';
import { WINDOW_MS } from './route-stats.ts';
import { type UsageLevel, UsageLevels } from './usage-levels.ts';

/** The last time that an upstream failed. */
export interface LastError {
  readonly code: FailureCode;
  readonly phase: Phase;
  readonly kind: FailureKind;
  readonly detail: string;
  readonly status: number | undefined;
  readonly authority: string;
  readonly route: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** What recent attempts say of an upstream, or of one of its hosts. */
export interface DependencyReading extends Pick<OutcomeCounts, 'ok' | 'failed'> {
  readonly windowMs: number;
  /** Failures since the last success; a 429 is neither. */
  readonly inARow: number;
  readonly lastError: LastError | undefined;
  /** Milliseconds since the epoch; undefined where it never answered. */
  readonly lastSuccessAt: number | undefined;
}

/** Hosts of an upstream that are kept apart; past it they share one. */
const MAX_HOSTS = 64;

/** How one upstream, or one host of it, has answered lately. */
export class DependencyWindow {
  readonly #window = new OutcomeWindow(WINDOW_MS);
  #inARow = 0;
  #lastError: LastError | undefined;
  #lastSuccessAt: number | undefined;

  /** A good answer, `now` monotonic milliseconds, `at` milliseconds since the epoch. */
  answered(now: number, at: number): void {
    this.#window.add(true, now);
    this.#inARow = 0;
    this.#lastSuccessAt = at;
  }

  /** A failure at `now`, monotonic milliseconds; one that is `refused` (429) goes into no run of failures. */
  failed(error: LastError, now: number, refused: boolean): void {
    this.#window.add(false, now);
    if (!refused) this.#inARow++;
    this.#lastError = error;
  }

  /** What it holds, as plain data. */
  export(now: number): DependencySnapshot {
    return { window: this.#window.export(now), inARow: this.#inARow, lastError: this.#lastError, lastSuccessAt: this.#lastSuccessAt };
  }

  /** Adds what another process saw. Runs of failures go on where no success came in between. */
  absorb(other: DependencySnapshot, now: number): void {
    const ours = this.#lastSuccessAt ?? -Infinity;
    const theirs = other.lastSuccessAt ?? -Infinity;
    this.#window.absorb(other.window, now);
    this.#inARow = runOf(this.#inARow, this.#lastError, theirs) + runOf(other.inARow, other.lastError, ours);
    if ((other.lastError?.at ?? -Infinity) >= (this.#lastError?.at ?? -Infinity)) this.#lastError = other.lastError;
    this.#lastSuccessAt = theirs > ours ? other.lastSuccessAt : this.#lastSuccessAt;
  }

  /** What recent attempts say; a run of failures that no attempt of the window has gone on with is over. */
  read(now: number): DependencyReading {
    const { ok, failed } = this.#window.counts(now);
    const inARow = ok + failed === 0 ? 0 : this.#inARow;
    return { ok, failed, windowMs: WINDOW_MS, inARow, lastError: this.#lastError, lastSuccessAt: this.#lastSuccessAt };
  }
}

/** What a dependency's window holds, as plain data. */
export interface DependencySnapshot {
  readonly window: WindowSnapshot;
  readonly inARow: number;
  readonly lastError: LastError | undefined;
  readonly lastSuccessAt: number | undefined;
}

/** The counts of an upstream as plain data. */
export interface UpstreamSnapshot {
  readonly name: string;
  readonly all: DependencySnapshot;
  readonly hosts: readonly (readonly [string, DependencySnapshot])[];
  readonly histograms: readonly HistogramSnapshot[];
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly usage: readonly UsageLevel[];
}

/** Everything that is counted of one upstream over all its routes. */
export class UpstreamStats {
  readonly name: string;
  readonly all = new DependencyWindow();
  readonly hosts = new Map<string, DependencyWindow>();
  /** Time to a connection, where one had to be opened. */
  readonly connect = new DurationHistogram();
  /** From the request being written to the head of the answer. */
  readonly firstByte = new DurationHistogram();
  /** The body of the answer. */
  readonly body = new DurationHistogram();
  /** Waits between attempts, of exchanges that waited. */
  readonly wait = new DurationHistogram();
  /** How much of its limits it says is used up. */
  readonly usage = new UsageLevels();
  bytesIn = 0;
  bytesOut = 0;

  constructor(name: string) {
    this.name = name;
  }

  /** An exchange is over. */
  ended(exchange: Exchange): void {
    this.bytesIn += exchange.bytesIn;
    this.bytesOut += exchange.bytesOut;
    if (exchange.waitedMs > 0) this.wait.observe(exchange.waitedMs);
  }

  /** An attempt is over. `now`: monotonic, `at`: since the epoch. */
  attempted(exchange: Exchange, attempt: AttemptRecord, outcome: AttemptOutcome, now: number, at: number): void {
    if (attempt.connectMs > 0) this.connect.observe(attempt.connectMs);
    if (attempt.firstByteMs > 0) {
      this.firstByte.observe(attempt.firstByteMs);
      this.body.observe(Math.max(0, attempt.elapsedMs - attempt.connectMs - attempt.firstByteMs));
    }
    if (outcome === 'ok') {
      this.all.answered(now, at);
      this.#host(exchange.authority).answered(now, at);
    } else if (outcome !== 'abandoned' && blamesUpstream(attempt)) {
      const error = lastErrorOf(exchange, attempt, at);
      this.all.failed(error, now, outcome === 'refused');
      this.#host(exchange.authority).failed(error, now, outcome === 'refused');
    }
  }

  /** Everything, as plain data. */
  export(now: number): UpstreamSnapshot {
    const hosts = [...this.hosts].map(([host, window]) => [host, window.export(now)] as const);
    const histograms = this.#histograms.map((histogram) => histogram.export());
    const { name, bytesIn, bytesOut } = this;
    return { name, all: this.all.export(now), hosts, histograms, bytesIn, bytesOut, usage: this.usage.export() };
  }

  /** Adds what another process counted of the same upstream. */
  absorb(other: UpstreamSnapshot, now: number): void {
    this.all.absorb(other.all, now);
    for (const [host, window] of other.hosts) this.#host(host).absorb(window, now);
    for (const [i, histogram] of other.histograms.entries()) this.#histograms[i]?.absorb(histogram);
    this.bytesIn += other.bytesIn;
    this.bytesOut += other.bytesOut;
    for (const level of other.usage) this.usage.told(level);
  }

  get #histograms(): readonly DurationHistogram[] {
    return [this.connect, this.firstByte, this.body, this.wait];
  }

  #host(authority: string): DependencyWindow {
    const known = this.hosts.get(authority);
    if (known !== undefined) return known;
    if (this.hosts.size >= MAX_HOSTS && authority !== '*') return this.#host('*');
    const made = new DependencyWindow();
    this.hosts.set(authority, made);
    return made;
  }
}

/** A run of failures that a success elsewhere did not end. */
function runOf(inARow: number, lastError: LastError | undefined, successAt: number): number {
  return (lastError?.at ?? -Infinity) > successAt ? inARow : 0;
}

function lastErrorOf(exchange: Exchange, attempt: AttemptRecord, at: number): LastError {
  const { status } = attempt;
  const failure = faultOf(attempt);
  const place = { status, authority: exchange.authority, route: exchange.route, at };
  if (failure === undefined)
    return { code: 'http_response_status', phase: 'headers', kind: 'status', detail: `answered ${status ?? 'nothing'}`, ...place };
  return { code: failure.code, phase: failure.phase, kind: failure.kind, detail: redactText(failure.detail), ...place };
}
