import { type BodySource, BytesBody, TextBody } from '../model/body.ts';
import type { Exchange } from '../model/exchange.ts';
import { type Failure, failure } from '../model/failure.ts';
import type { HeaderList } from '../model/headers.ts';
import { fromStore, type Reply } from '../model/outcome.ts';
import type { CacheRequest } from './request.ts';
import { isNotModified, notModifiedHeaders } from './rules/conditions.ts';
import { partHeaders, partOf, requestedRange } from './rules/range.ts';
import { ageMs } from './rules/reuse.ts';
import type { Found } from './store.ts';

/**
 * The answer to a request from what is stored: whole, a part of it, or 304 where the client holds it already (RFC 9111 sections 4.2.4 and 4.3.2). Undefined where what is
 * stored does not hold what is asked for.
 */
export function storedReply(stored: Found, request: CacheRequest, exchange: Exchange, now: number): Reply | undefined {
  const age = String(Math.floor(ageMs(stored, now) / 1000));
  if (request.conditional && stored.range === undefined && isNotModified(exchange.headers, stored))
    return bodiless(304, notModifiedHeaders(stored.headers), age);
  if (request.ranged && (stored.status === 200 || stored.range !== undefined)) {
    const part = partReply(stored, request, exchange, age);
    if (part !== undefined) return part;
  }
  if (stored.range !== undefined) return undefined;
  return exchange.method === 'HEAD'
    ? bodiless(stored.status, stored.headers, age)
    : fromStore(stored.status, stored.headers, bodyOf(stored), age, stored);
}

function partReply(stored: Found, request: CacheRequest, exchange: Exchange, age: string): Reply | undefined {
  if (exchange.method === 'HEAD' || requestedRange(exchange.headers) === undefined) return undefined;
  const part = partOf(exchange.headers, stored);
  if (part === undefined) return undefined;
  if (part === 'unsatisfiable') return bodiless(416, ['content-range', `bytes */${stored.body.length}`, 'content-length', '0'], age);
  // a stored part can only be compared where it is what is asked for (RFC 9111 section 4.3.2)
  if (request.conditional && isNotModified(exchange.headers, stored)) return bodiless(304, notModifiedHeaders(stored.headers), age);
  const offset = stored.range?.first ?? 0;
  const bytes = stored.body.subarray(part.first - offset, part.last - offset + 1);
  return fromStore(206, partHeaders(stored.headers, part), new BytesBody(bytes), age);
}

function bodyOf(stored: Found): BodySource {
  return stored.bodyText === undefined ? new BytesBody(stored.body) : new TextBody(stored.bodyText);
}

function bodiless(status: number, headers: HeaderList, age: string): Reply {
  return fromStore(status, headers, new BytesBody(), age);
}

/** The answer to `only-if-cached` where nothing is (RFC 9111 section 5.2.1.7). */
export const NOT_CACHED: Failure = failure({
  code: 'not_cached',
  phase: 'queue',
  kind: 'refused',
  replay: 'unsent',
  detail: 'nothing is stored, and the request says only-if-cached',
  own: true,
});

/** For a request that only a stored answer may serve, where there is none. */
export const NOTHING_STALE: Failure = failure({
  code: 'destination_unavailable',
  phase: 'queue',
  kind: 'refused',
  replay: 'unsent',
  detail: 'nothing is stored that could stand in',
  own: true,
});

/** What comes of a fetch that came upon a bug of ours. */
export const CACHE_FAILED = failure({
  code: 'proxy_internal_error',
  phase: 'queue',
  kind: 'protocol',
  replay: 'answered',
  detail: 'the cache failed',
  own: true,
});
