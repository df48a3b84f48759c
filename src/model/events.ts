import type { AttemptRecord, Exchange } from './exchange.ts';

/** The states of a breaker. `isolated` is held open by hand. */
export type BreakerState = 'closed' | 'open' | 'half-open' | 'isolated';

/**
 * Why a breaker changed its state, as a class for metrics: failures in a row, the share of failures or of slow calls, a failed or a lost probe, an active
 * probe that failed or succeeded, its open time being over, answered probes, a hand.
 */
export type BreakerCause = 'consecutive' | 'ratio' | 'slow' | 'probe_failed' | 'probe_lost' | 'active_probe' | 'elapsed' | 'recovered' | 'manual';

/** A policy that can be told to observe only: it counts what it would have done. */
export type ObservablePolicy =
  | 'retry'
  | 'breaker'
  | 'bulkhead'
  | 'quota'
  | 'cache'
  | 'hedge'
  | 'fallback'
  | 'pacing'
  | 'faults'
  | 'resume'
  | 'resend'
  | 'patience'
  | 'guard'
  | 'prefetch';

/** A breaker changed its state. */
export interface BreakerTransition {
  readonly upstream: string;
  /** Name of the breaker: the upstream's own is `default`, others have the group's or route's name. */
  readonly breaker: string;
  readonly authority: string;
  readonly from: BreakerState;
  readonly to: BreakerState;
  /** Why, for people: `5 consecutive failures, last: connection_timeout in connect`. */
  readonly reason: string;
  readonly cause: BreakerCause;
}

/** Why a retry was not made although the failure would have allowed it, or that it was. */
export type RetryDecision = 'retried' | 'budget' | 'deadline' | 'attempts' | 'body' | 'not_repeatable' | 'client_retries' | 'breaker' | 'patience';

/** What a cache lookup came to. `bypass`: the request may not be answered from the cache. */
export type CacheResult = 'hit' | 'stale' | 'miss' | 'revalidated' | 'coalesced' | 'bypass';

/** What a refused connection or request at the listener was refused for. */
export type Rejection =
  | 'malformed'
  | 'headers_too_large'
  | 'body_too_large'
  | 'request_timeout'
  | 'unknown_host'
  | 'unknown_prefix'
  | 'forbidden_connect'
  | 'loop'
  | 'tls'
  | 'draining'
  | 'body_incomplete';

/** How a second sending of the same request was prevented: it joined the first, got its recorded answer, or was held back. */
export type DuplicatePrevented = 'joined' | 'replayed' | 'held';

/**
 * Policies report; others count. Metrics, the access log, the journal and /health implement this; no policy imports a
 * telemetry library. Every call must return at once and never throw.
 */
export interface Observer {
  /** An attempt has ended: its response body is complete, it failed, or it was abandoned. */
  attemptEnded(exchange: Exchange, attempt: AttemptRecord): void;
  /** A failure was looked at for a retry. */
  retryDecided(exchange: Exchange, decision: RetryDecision, reason: string, delayMs: number): void;
  breakerChanged(transition: BreakerTransition): void;
  /** A policy with `mode: observe` would have acted: `what` is a short name for metrics (`retried`, `refused`, `queued`). */
  wouldHave(exchange: Exchange, policy: ObservablePolicy, what: string): void;
  cacheLooked(exchange: Exchange, result: CacheResult): void;
  /** A policy has acted: a hedge was sent or won, a body was resumed, a fallback answered. `what` is one of a few words: it may be a label. */
  acted(exchange: Exchange, policy: ObservablePolicy, what: string): void;
  /** The same request was not sent a second time. */
  duplicatePrevented(exchange: Exchange, how: DuplicatePrevented): void;
  /** Something that an operator should know, found by a policy; once each time that it changes. `text` is for people; an empty one takes it back. `by`: the exchange that showed it. */
  warned(upstream: string, route: string, policy: ObservablePolicy, text: string, by?: Exchange): void;
  /** An upstream has said how much of one of its limits is used up; `kind` is one of a few words of the configuration, 1 is all. */
  usageTold(upstream: string, kind: string, ratio: number): void;
  /** An exchange is over: the last byte of its answer was handed to the client's socket, or the client has gone. Told once each. */
  exchangeEnded(exchange: Exchange, elapsedMs: number): void;
  /** The listener refused something before it became an exchange. */
  rejected(reason: Rejection, status: number, detail: string): void;
  /** A bug: an exception where none may be. */
  internalError(error: unknown): void;
}
