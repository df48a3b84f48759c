import type { Failure } from '../../model/failure.ts';
import type { Found } from '../store.ts';
import type { RequestDirectives, Seconds } from './directives.ts';

/**
 * What may be done with a stored answer: send it (`fresh`; `stale` where the client accepts that); send it and fetch it anew meanwhile (`refresh`);
 * or ask the upstream first (`validate`).
 */
export type Reuse = 'fresh' | 'stale' | 'refresh' | 'validate';

/** How long a stale answer may stand in for an upstream that cannot be reached, where nobody said (RFC 9111 section 4.2.4 leaves it open). */
export const STALE_IF_UNREACHABLE_MS = 24 * 3_600_000;

/** A stored answer, as far as its age and freshness go. */
type Aging = Pick<Found, 'freshness' | 'respondedAt' | 'initialAgeMs' | 'stale'>;

/** The age of a stored answer, in milliseconds (`current_age`, RFC 9111 section 4.2.3). */
export function ageMs(stored: Pick<Found, 'respondedAt' | 'initialAgeMs'>, now: number): number {
  return stored.initialAgeMs + Math.max(0, now - stored.respondedAt);
}

/** When the origin made it, or confirmed it, as far as can be told: what is compared to tell the most recent of several. Milliseconds since the epoch. */
export function bornAt({ respondedAt, initialAgeMs }: Pick<Found, 'respondedAt' | 'initialAgeMs'>): number {
  return respondedAt - initialAgeMs;
}

/** How long it is still fresh, in milliseconds; below 0 for how long it has been stale. */
export function remainingMs(stored: Aging, now: number): number {
  const left = stored.freshness.freshMs - ageMs(stored, now);
  return stored.stale ? Math.min(left, 0) : left;
}

/**
 * Decides on a stored answer that is for this request (RFC 9111 section 4). One that a soft purge marked while it was fresh is served while it is fetched anew, unless that has
 * `failed` already.
 */
export function reuse(stored: Aging, request: RequestDirectives, now: number, failed = false): Reuse {
  const { freshness } = stored;
  const left = remainingMs(stored, now);
  if (freshness.noCache || request.noCache) return 'validate';
  if (request.maxAge !== undefined && ageMs(stored, now) > msOf(request.maxAge, 0)) return acceptsStale(stored, request, left) ? 'stale' : 'validate';
  if (request.minFresh !== undefined && left < msOf(request.minFresh, Infinity)) return 'validate';
  if (left > 0) return 'fresh';
  if (freshness.mustRevalidate) return 'validate';
  if (acceptsStale(stored, request, left)) return 'stale';
  const marked = stored.stale && !failed && ageMs(stored, now) < freshness.freshMs;
  return marked || -left < freshness.staleWhileRevalidateMs ? 'refresh' : 'validate';
}

function acceptsStale(stored: Aging, request: RequestDirectives, left: number): boolean {
  if (stored.freshness.mustRevalidate || request.maxStale === undefined) return false;
  return left <= 0 && -left <= msOf(request.maxStale, 0);
}

/** What went wrong upstream: it could not be reached or did not answer in time; it answered with an error as RFC 5861 section 4 means it; or with another answer that counts as a fault. */
export type Trouble = 'unreachable' | 'error' | 'refusal';

const ERRORS: ReadonlySet<number> = new Set([500, 502, 503, 504]);

/** What a failure says of the upstream. */
export function troubleOf({ kind, reply }: Failure): Trouble {
  if (kind !== 'status') return 'unreachable';
  return reply === undefined || ERRORS.has(reply.status) ? 'error' : 'refusal';
}

/**
 * Whether a stored answer may stand in for a failing upstream (RFC 5861 section 4, RFC 9111 section 4.2.4). `operatorAllows`: the operator said so for whatever counts as a fault on the
 * route; an origin or a client means errors alone.
 */
export function standsIn(stored: Found, request: RequestDirectives, now: number, trouble: Trouble, operatorAllows: boolean): boolean {
  const { freshness } = stored;
  if (trouble === 'refusal' && !operatorAllows) return false;
  if (freshness.noCache || freshness.mustRevalidate || request.noCache) return false;
  const asked = request.staleIfError === undefined || request.staleIfError === 'invalid' ? undefined : request.staleIfError * 1000;
  const fallback = trouble === 'unreachable' ? STALE_IF_UNREACHABLE_MS : undefined;
  const allowed = asked ?? freshness.staleIfErrorMs ?? fallback;
  if (allowed === undefined) return false;
  return -remainingMs(stored, now) <= allowed;
}

function msOf(seconds: NonNullable<Seconds>, invalid: number): number {
  return seconds === 'invalid' ? invalid : seconds * 1000;
}
