import type { AttemptRecord, Entry, Exchange } from '../model/exchange.ts';
import type { Failure } from '../model/failure.ts';
import { headerValue } from '../model/headers.ts';
import type { ReplySource } from '../model/outcome.ts';
import { idIn } from '../model/upstream-id.ts';
import type { ExchangeOutcome } from './codes.ts';
import { IsoTime } from './iso-time.ts';
import { redactPath, redactText } from './redact.ts';
import { type TraceContext, traceContextOf } from './trace-context.ts';

/** One attempt as journal and log tell it. */
export interface AttemptSummary {
  readonly number: number;
  readonly status?: number | undefined;
  readonly phase?: string;
  readonly kind?: string;
  readonly code?: string;
  readonly detail?: string;
  /** The rule that judged its answer. */
  readonly rule?: string | undefined;
  /** The upstream's own id of its answer, for its support. */
  readonly upstreamId?: string | undefined;
  readonly elapsedMs: number;
  readonly connectMs: number;
  readonly firstByteMs: number;
  readonly reused: boolean;
}

/** Why an exchange failed, as journal and log tell it. */
export interface FailureSummary {
  readonly code: string;
  readonly phase: string;
  readonly kind: string;
  readonly replay: string;
  readonly own: boolean;
  readonly detail: string;
  /** The time limit that ran out, by its name in the configuration. */
  readonly limit?: string | undefined;
  readonly rule?: string | undefined;
}

/** One finished exchange as journal and log tell it. Without headers and bodies, its path redacted. Times in milliseconds. */
export interface ExchangeSummary {
  /** End of the exchange, ISO 8601. */
  readonly time: string;
  readonly id: string;
  /** The trace that the client says it belongs to, and the client's span. */
  readonly traceId?: string;
  readonly spanId?: string;
  readonly entry: Entry;
  readonly method: string;
  readonly upstream: string;
  readonly route: string;
  readonly authority: string;
  readonly path: string;
  readonly status: number;
  readonly outcome: ExchangeOutcome;
  readonly source: ReplySource;
  readonly cache?: string;
  readonly attempts: readonly AttemptSummary[];
  readonly waitedMs: number;
  readonly elapsedMs: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly aborted: boolean;
  readonly failure?: FailureSummary;
}

/** Which exchanges to list. */
export interface JournalQuery {
  readonly limit: number;
  readonly upstream?: string | undefined;
  /** True: only those that failed, or whose outcome is unknown. */
  readonly failed?: boolean | undefined;
  /** Only those of this trace. */
  readonly trace?: string | undefined;
}

/** Exchanges without an event that are kept of each second, where they are not all written to the log anyway. */
const UNEVENTFUL_PER_SECOND = 100;
const NO_ATTEMPTS: readonly AttemptSummary[] = [];

/**
 * The last exchanges, oldest written over: a ring of entries that are filled in place. Keeps no headers, no bodies and no secret, and neither the exchange nor
 * its failure, since those hold a reply and its connection.
 */
export class Journal {
  readonly #ring: JournalEntry[] = [];
  readonly #size: number;
  readonly #iso = new IsoTime();
  #next = 0;
  #second = 0;
  #uneventful = 0;

  constructor(size: number) {
    this.#size = Math.max(1, size);
  }

  /**
   * Whether an exchange is worth a place. Failures, retries and departures are, always; of the others the first of each second, so that load does not push out what is
   * worth a look, and costs nothing here. `now`: monotonic milliseconds.
   */
  wants(exchange: Exchange, outcome: ExchangeOutcome, now: number): boolean {
    if (outcome !== 'ok' || exchange.attempt > 1) return true;
    const second = Math.floor(now / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#uneventful = 0;
    }
    return ++this.#uneventful <= UNEVENTFUL_PER_SECOND;
  }

  /** Takes down an exchange that is over. The entry returned is good until it is written over. `at`: milliseconds since the epoch. */
  write(exchange: Exchange, outcome: ExchangeOutcome, elapsedMs: number, at: number): JournalEntry {
    const entry = (this.#ring[this.#next] ??= new JournalEntry(this.#iso));
    this.#next = (this.#next + 1) % this.#size;
    entry.fill(exchange, outcome, elapsedMs, at);
    return entry;
  }

  /** The latest first. */
  list({ limit, upstream, failed, trace }: JournalQuery): ExchangeSummary[] {
    const found: ExchangeSummary[] = [];
    for (let i = 1; i <= this.#ring.length && found.length < limit; i++) {
      const entry = this.#ring[(this.#next - i + this.#size) % this.#size];
      if (entry === undefined || (upstream !== undefined && entry.upstream !== upstream)) continue;
      if (trace !== undefined && entry.trace?.traceId !== trace) continue;
      if (failed !== true || entry.outcome === 'failed' || entry.outcome === 'unknown') found.push(entry.summary());
    }
    return found;
  }
}

/** One place of the ring. */
export class JournalEntry {
  upstream = '';
  outcome: ExchangeOutcome = 'ok';
  trace: TraceContext | undefined = undefined;
  #id = '';
  #at = 0;
  #entry: Entry = 'prefix';
  #method = '';
  #route = '';
  #authority = '';
  #path = '';
  #status = 0;
  #source: ReplySource = 'proxy';
  #cache = '';
  #attempts: readonly AttemptSummary[] = NO_ATTEMPTS;
  #waitedMs = 0;
  #elapsedMs = 0;
  #bytesIn = 0;
  #bytesOut = 0;
  #aborted = false;
  #failure: FailureSummary | undefined = undefined;
  readonly #iso: IsoTime;

  constructor(iso: IsoTime) {
    this.#iso = iso;
  }

  /** Puts an exchange in place of what was here. */
  fill(exchange: Exchange, outcome: ExchangeOutcome, elapsedMs: number, at: number): void {
    this.upstream = exchange.upstream;
    this.outcome = outcome;
    this.trace = traceContextOf(exchange.headers);
    this.#id = exchange.id;
    this.#at = at;
    this.#entry = exchange.entry;
    this.#method = exchange.method;
    this.#route = exchange.route;
    this.#authority = exchange.authority;
    this.#path = redactPath(exchange.path);
    this.#status = exchange.status;
    this.#source = exchange.source;
    this.#cache = exchange.cacheStatus;
    this.#attempts = exchange.attempts?.map(attemptSummary) ?? NO_ATTEMPTS;
    this.#waitedMs = exchange.waitedMs;
    this.#elapsedMs = elapsedMs;
    this.#bytesIn = exchange.bytesIn;
    this.#bytesOut = exchange.bytesOut;
    this.#aborted = exchange.aborted;
    this.#failure = exchange.failure === undefined ? undefined : failureSummary(exchange.failure);
  }

  /** What is here, as plain data. */
  summary(): ExchangeSummary {
    return {
      time: this.#iso.of(this.#at),
      id: this.#id,
      ...this.trace,
      entry: this.#entry,
      method: this.#method,
      upstream: this.upstream,
      route: this.#route,
      authority: this.#authority,
      path: this.#path,
      status: this.#status,
      outcome: this.outcome,
      source: this.#source,
      ...(this.#cache === '' ? undefined : { cache: redactText(this.#cache) }),
      attempts: this.#attempts,
      waitedMs: round(this.#waitedMs),
      elapsedMs: round(this.#elapsedMs),
      bytesIn: this.#bytesIn,
      bytesOut: this.#bytesOut,
      aborted: this.#aborted,
      ...(this.#failure === undefined ? undefined : { failure: this.#failure }),
    };
  }
}

function attemptSummary(attempt: AttemptRecord): AttemptSummary {
  const { number, status, failure, reused } = attempt;
  const elapsedMs = round(attempt.elapsedMs);
  const connectMs = round(attempt.connectMs);
  const firstByteMs = round(attempt.firstByteMs);
  const rule = attempt.verdict?.rule;
  const upstreamId = upstreamIdOf(attempt);
  if (failure === undefined) return { number, status, rule, upstreamId, elapsedMs, connectMs, firstByteMs, reused };
  const { phase, kind, code, detail } = failure;
  return { number, status, phase, kind, code, detail: redactText(detail), upstreamId, elapsedMs, connectMs, firstByteMs, reused };
}

function upstreamIdOf({ headers = [], idFields = [], verdict }: AttemptRecord): string | undefined {
  for (const name of idFields) {
    const id = idIn(headerValue(headers, name));
    if (id !== undefined) return id;
  }
  return verdict?.upstreamId;
}

function failureSummary({ code, phase, kind, replay, own, detail, limit, rule }: Failure): FailureSummary {
  return { code, phase, kind, replay, own, detail: redactText(detail), limit, rule };
}

/** Microseconds are enough. */
function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
