import type { CacheResult, RetryDecision } from '../model/events.ts';
import type { AttemptRecord, Exchange } from '../model/exchange.ts';
import { CLIENT_LIMIT, type Failure, type FailureKind, isUpstreamFault, type Phase } from '../model/failure.ts';
import type { ReplySource } from '../model/outcome.ts';

// Label values by number, so that a set of labels is one number and counting it hashes no text.

/** Methods that are told apart. */
export const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'OTHER'] as const;
/** Who made an answer. */
export const SOURCES = ['upstream', 'cache', 'proxy'] as const satisfies readonly ReplySource[];
/** How an exchange ended. `client_closed`: the client did not wait for the end. `unknown`: nobody can say whether the upstream did it, and doing it twice would matter. */
export const OUTCOMES = ['ok', 'failed', 'client_closed', 'unknown'] as const;
/** How an attempt ended. `refused`: 429, and what a rule tells breakers to ignore although it is a refusal or a 5xx. `abandoned`: given up by us or by the client, no word on the upstream. */
export const ATTEMPT_OUTCOMES = ['ok', 'failed', 'refused', 'abandoned'] as const;
/** Phases of an attempt; none where it went well. */
export const PHASES = ['', 'queue', 'dns', 'connect', 'tls', 'send', 'headers', 'body'] as const satisfies readonly (Phase | '')[];
/** Kinds of failures; none where it went well. */
export const KINDS = ['', 'timeout', 'refused', 'reset', 'protocol', 'status', 'aborted'] as const satisfies readonly (FailureKind | '')[];
/** What came of a look into the cache. */
export const CACHE_RESULTS = ['hit', 'stale', 'miss', 'revalidated', 'coalesced', 'bypass'] as const satisfies readonly CacheResult[];
/** What came of a failure that was looked at for a retry. */
export const DECISIONS = [
  'retried',
  'budget',
  'deadline',
  'attempts',
  'body',
  'not_repeatable',
  'client_retries',
  'breaker',
  'patience',
] as const satisfies readonly RetryDecision[];

/** How an exchange ended. */
export type ExchangeOutcome = (typeof OUTCOMES)[number];
/** How an attempt ended. */
export type AttemptOutcome = (typeof ATTEMPT_OUTCOMES)[number];

/** How an exchange ended. A failure that the cache or a fallback covered for is none; an answer that broke off is one, whatever its status. */
export function outcomeOf(exchange: Exchange): ExchangeOutcome {
  if (exchange.outcomeUnknown) return 'unknown';
  const { failure, source, status } = exchange;
  // what ends one that sends too much is that we refuse it
  if (exchange.aborted && failure?.code !== 'request_too_large') return 'client_closed';
  if (status < 100 || status >= 500) return 'failed';
  if (failure === undefined) return 'ok';
  const covered = failure.phase !== 'body' && (source === 'cache' || (source === 'proxy' && status < 400));
  return covered ? 'ok' : 'failed';
}

/** How an attempt ended: as the policies have judged its answer, by its status where they have not, unless it broke off. */
export function attemptOutcomeOf(attempt: AttemptRecord): AttemptOutcome {
  const { verdict, status } = attempt;
  const fault = faultOf(attempt);
  if (fault !== undefined) return outcomeOfFault(fault, status);
  if (verdict !== undefined) return 'ok';
  if (status === undefined || status >= 500) return 'failed';
  return status === 429 ? 'refused' : 'ok';
}

/** What an attempt's outcome stands on: what the policies made of its answer, or else what broke. Undefined where it went well, or its status alone is known. */
export function faultOf({ failure, verdict, status }: AttemptRecord): Failure | undefined {
  return verdict === undefined || outcomeOfFault(verdict, status) === 'ok' ? failure : verdict;
}

/** What a breaker counts has failed. What it is told to ignore speaks of no outage, but is no success where the rule calls it refused, or its status is 429 or 5xx. */
function outcomeOfFault({ own, kind, blame, replay, limit }: Failure, status: number | undefined): AttemptOutcome {
  if (own || kind === 'aborted' || limit === CLIENT_LIMIT) return 'abandoned';
  if (blame === undefined) return 'failed';
  const counts = replay === 'refused' || status === 429 || (status !== undefined && status >= 500);
  return blame === 'soft' || counts ? 'refused' : 'ok';
}

/** Whether a failed attempt speaks against its upstream. */
export function blamesUpstream(attempt: AttemptRecord): boolean {
  const fault = faultOf(attempt);
  return fault === undefined || isUpstreamFault(fault);
}

/** Counts by a small number. Bounded: past `max` different numbers, new ones are counted as `overflow`. */
export class NumberCounts {
  readonly #counts = new Map<number, number>();
  readonly #max: number;
  readonly #overflow: number;

  constructor(max: number, overflow: number) {
    this.#max = max;
    this.#overflow = overflow;
  }

  /** Adds one, or more. */
  add(key: number, by = 1): void {
    const count = this.#counts.get(key);
    if (count !== undefined) this.#counts.set(key, count + by);
    else if (this.#counts.size < this.#max) this.#counts.set(key, by);
    else this.#counts.set(this.#overflow, (this.#counts.get(this.#overflow) ?? 0) + by);
  }

  /** Each number with its count. */
  entries(): Iterable<[number, number]> {
    return this.#counts.entries();
  }
}

/** Counts by text, for what is rare and named by a configuration. Bounded: past 200 different ones, new ones are counted as `other`. */
export class TextCounts {
  readonly #counts = new Map<string, number>();

  /** Adds one, or more. */
  add(key: string, by = 1): void {
    const known = this.#counts.has(key) || this.#counts.size < 200 ? key : 'other';
    this.#counts.set(known, (this.#counts.get(known) ?? 0) + by);
  }

  /** Each text with its count. */
  entries(): Iterable<[string, number]> {
    return this.#counts.entries();
  }
}
