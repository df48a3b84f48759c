import { headerValue, type HeaderList, withoutHeaders } from '../../model/headers.ts';
import type { Freshness } from '../store.ts';
import type { ResponseDirectives } from './directives.ts';
import { explicitLifetimeMs, freshnessOf, heuristicLifetimeMs } from './freshness.ts';
import { STALE_IF_UNREACHABLE_MS } from './reuse.ts';
import { governing } from './targeted.ts';

/** What the operator says beyond the RFC; kept apart from it. Absent settings change nothing. */
export interface Overrides {
  /** Freshness for `statuses`, where the origin states none. */
  readonly ttlMs: number | undefined;
  /** Freshness for 404 and 410, where the origin states none. */
  readonly negativeTtlMs: number | undefined;
  readonly statuses: ReadonlySet<number>;
  /** With a ttl: beats max-age, Expires and no-cache. */
  readonly ignoreOrigin: boolean;
  /** With a ttl: beats private, no-store and Set-Cookie too. */
  readonly force: boolean;
  readonly staleIfErrorMs: number | undefined;
  readonly staleWhileRevalidateMs: number | undefined;
}

/** An answer from an upstream, as far as storing asks for it. */
export interface Candidate {
  readonly status: number;
  readonly headers: HeaderList;
  readonly respondedAt: number;
  /** The request carried Authorization. */
  readonly authorized: boolean;
}

/** How an answer is stored. */
export interface Storing {
  readonly freshness: Freshness;
  /** The lifetime is the operator's: it counts from when the answer came, whatever its age and the origin's clock. */
  readonly own: boolean;
  readonly headers: string[];
}

/** Statuses that this cache understands (RFC 9111 section 5.2.2.3): those of RFC 9110, but for 206 and 304, which are handled on their own. */
const UNDERSTOOD: ReadonlySet<number> = new Set([
  200, 201, 202, 203, 204, 205, 206, 300, 301, 302, 303, 307, 308, 400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415,
  416, 417, 421, 422, 426, 500, 501, 502, 503, 504, 505,
]);

/** Fields that are for one hop or one moment, and are not stored (RFC 9111 section 3.1). */
const NOT_STORED: ReadonlySet<string> = new Set([
  'age',
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Whether and how an answer to a GET may be stored by a shared cache (RFC 9111 section 3), and for how long it is fresh. Undefined: it may not. */
export function storing(answer: Candidate, overrides: Overrides): Storing | undefined {
  const { status, headers, respondedAt } = answer;
  if (status < 200 || status === 304) return undefined;
  const governs = governing(headers);
  const { directives } = governs;
  const ttlMs = isEndless(headers) ? undefined : ttlFor(status, overrides);
  const forced = overrides.force && ttlMs !== undefined;
  if (!forced && isForbidden(status, directives)) return undefined;
  if (answer.authorized && ttlMs === undefined && !isForEveryone(directives)) return undefined;
  const explicitMs = explicitLifetimeMs(headers, governs, respondedAt);
  const own = ttlMs !== undefined && (explicitMs === undefined || overrides.ignoreOrigin || forced);
  const freshMs = own ? ttlMs : (explicitMs ?? heuristicLifetimeMs(status, headers, directives, respondedAt));
  // who sets a cookie means one client, unless the origin itself says that the answer may be kept
  if (!forced && (own || explicitMs === undefined) && headerValue(headers, 'set-cookie') !== undefined) return undefined;
  if (freshMs === undefined && !mayBeKeptStale(status, headers)) return undefined;
  const freshness = settled(freshnessOf(freshMs ?? 0, directives), overrides, own && (overrides.ignoreOrigin || forced));
  if (!isOfUse(freshness, headers)) return undefined;
  const unstored = [...directives.noCacheFields, ...directives.privateFields];
  return { freshness, own, headers: withoutHeaders(headers, (name) => NOT_STORED.has(name) || unstored.includes(name)) };
}

function ttlFor(status: number, overrides: Overrides): number | undefined {
  if ((status === 404 || status === 410) && overrides.negativeTtlMs !== undefined) return overrides.negativeTtlMs;
  if (!overrides.statuses.has(status)) return undefined;
  // who only says how long a stale answer may stand in wants one that is always asked for anew
  const standsIn = overrides.staleIfErrorMs ?? overrides.staleWhileRevalidateMs;
  return overrides.ttlMs ?? (standsIn === undefined ? undefined : 0);
}

/**
 * Whether those who asked for the same at the same moment, with the same credentials, may share an answer that may not be stored: nothing in it says that it is for one
 * of them alone.
 */
export function mayBeShared(status: number, headers: HeaderList): boolean {
  return (
    status >= 200 &&
    status !== 206 &&
    status !== 304 &&
    !isEndless(headers) &&
    !isForbidden(status, governing(headers).directives) &&
    headerValue(headers, 'set-cookie') === undefined
  );
}

/** Whether a 200 may be kept for a moment for the very user for whom it was fetched, who is known by credentials: `private` allows that, as in a cache of that user's own (RFC 9111 section 5.2.2.7). */
export function mayWaitForItsUser(headers: HeaderList): boolean {
  const { directives } = governing(headers);
  return !isEndless(headers) && !isForbidden(200, { ...directives, private: false }) && headerValue(headers, 'set-cookie') === undefined;
}

/** Streams of events are for whoever opened them. */
function isEndless(headers: HeaderList): boolean {
  return /^(?:text\/event-stream|multipart\/x-mixed-replace)\b/i.test(headerValue(headers, 'content-type') ?? '');
}

/** must-understand lifts no-store where the status is understood, and forbids storing where it is not. */
function isForbidden(status: number, directives: ResponseDirectives): boolean {
  if (directives.mustUnderstand) return directives.private || !UNDERSTOOD.has(status);
  return directives.noStore || directives.private;
}

/** What lets a shared cache store the answer to a request with Authorization (RFC 9111 section 3.5). */
function isForEveryone(directives: ResponseDirectives): boolean {
  return directives.public || directives.mustRevalidate || directives.sMaxage !== undefined;
}

/** Statuses that may be kept for validation alone, without any freshness. */
function mayBeKeptStale(status: number, headers: HeaderList): boolean {
  return (status === 200 || status === 203 || status === 206) && hasValidator(headers);
}

function settled(freshness: Freshness, overrides: Overrides, ignoreNoCache: boolean): Freshness {
  return {
    ...freshness,
    staleWhileRevalidateMs: overrides.staleWhileRevalidateMs ?? freshness.staleWhileRevalidateMs,
    staleIfErrorMs: overrides.staleIfErrorMs ?? freshness.staleIfErrorMs,
    noCache: freshness.noCache && !ignoreNoCache,
  };
}

/** An answer that can neither be sent again nor be asked about only takes room. */
function isOfUse({ freshMs, noCache, staleIfErrorMs, staleWhileRevalidateMs }: Freshness, headers: HeaderList): boolean {
  if (hasValidator(headers)) return true;
  return !noCache && (freshMs > 0 || (staleIfErrorMs ?? 0) > 0 || staleWhileRevalidateMs > 0);
}

function hasValidator(headers: HeaderList): boolean {
  return headerValue(headers, 'etag') !== undefined || headerValue(headers, 'last-modified') !== undefined;
}

/** How long after it came an answer may still be of use, in milliseconds. */
export function usefulMs({ freshMs, staleIfErrorMs, staleWhileRevalidateMs, mustRevalidate, noCache }: Freshness, headers: HeaderList): number {
  const standIn = mustRevalidate || noCache ? 0 : (staleIfErrorMs ?? STALE_IF_UNREACHABLE_MS);
  return freshMs + Math.max(standIn, staleWhileRevalidateMs, hasValidator(headers) ? STALE_IF_UNREACHABLE_MS : 0);
}
