import type { AttemptRecord, Exchange } from './exchange.ts';

/** The states of a breaker. `isolated` is held open by hand. */
export type BreakerState = 'closed' | 'open' | 'half-open' | 'isolated';

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
}

/** Why a retry was not made although the failure would have allowed it, or that it was. */
export type RetryDecision = 'retried' | 'budget' | 'deadline' | 'attempts' | 'body' | 'not_repeatable' | 'client_retries' | 'breaker';

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
  cacheLooked(exchange: Exchange, result: CacheResult): void;
  /** An exchange is over: the last byte of its answer was handed to the client's socket, or the client has gone. Told once each. */
  exchangeEnded(exchange: Exchange, elapsedMs: number): void;
  /** The listener refused something before it became an exchange. */
  rejected(reason: Rejection, status: number, detail: string): void;
  /** A bug: an exception where none may be. */
  internalError(error: unknown): void;
}
