import { headerValue, type HeaderList, withHeader, withoutHeaders } from '../model/headers.ts';
import type { Reply } from '../model/outcome.ts';
import type { CacheRequest } from './request.ts';
import { dated, initialAgeMs } from './rules/age.ts';
import { merged } from './rules/conditions.ts';
import { contentRange } from './rules/range.ts';
import { mayBeShared, type Storing, storing, usefulMs } from './rules/storing.ts';
import { varyOf } from './rules/vary.ts';
import type { RouteCacheSettings } from './settings.ts';
import type { Freshness, StoredResponse } from './store.ts';

/** An answer that has come, and when. Milliseconds since the epoch. */
export interface Arrival {
  readonly reply: Reply;
  readonly requestedAt: number;
  readonly respondedAt: number;
}

/** An answer that may be stored once its body is here, all but that. */
export interface Storable extends Storing {
  readonly status: number;
  readonly vary: readonly string[];
  /** It is a byte range of something larger. */
  readonly isPart: boolean;
  readonly respondedAt: number;
  readonly initialAgeMs: number;
}

/** How an answer is stored on a route; undefined where it may not be. */
export function storable(settings: RouteCacheSettings, request: CacheRequest, { reply, requestedAt, respondedAt }: Arrival): Storable | undefined {
  const { status, headers, openEnded } = reply;
  const vary = selectingFields(headers);
  if (openEnded || vary === undefined || isTooLarge(settings, headers)) return undefined;
  // it answers a Range, which whoever comes next may not send
  if (status === 416 && !request.rangeInKey) return undefined;
  // where Range is part of the key, what answers it is whole
  const isPart = status === 206 && !request.rangeInKey;
  if (isPart && contentRange(headers) === undefined) return undefined;
  const found = storing({ status, headers: dated(headers, respondedAt), respondedAt, authorized: request.authorized }, settings.overrides);
  if (found === undefined) return undefined;
  const ageMs = initialAgeMs(headers, { requestedAt, respondedAt });
  return { ...found, freshness: sinceArrival(found, ageMs), status, vary, isPart, respondedAt, initialAgeMs: ageMs };
}

/** Whether an answer that is not stored may still be shared by those who asked for it at the same moment. */
export function shareable({ shareUnstored, key, maxEntry }: RouteCacheSettings, request: CacheRequest, { status, headers }: Reply): boolean {
  if (!shareUnstored || request.ranged || (key.shared && request.authorized)) return false;
  return selectingFields(headers) !== undefined && !isTooLarge({ maxEntry }, headers) && mayBeShared(status, headers);
}

/**
 * The request fields that select the answer which is in a failure; undefined where it is for one alone: nobody says that what one user could not get is refused to all, even where all
 * get the same otherwise.
 */
export function failureFields({ key }: RouteCacheSettings, { identity }: CacheRequest, { status, headers }: Reply): readonly string[] | undefined {
  return (key.shared && identity !== '') || !mayBeShared(status, headers) ? undefined : selectingFields(headers);
}

/**
 * The request fields that select an answer: what Vary says, and Accept-Encoding where the content is coded. Origins that leave it out of Vary would have a client get a coding
 * that it did not offer.
 */
export function selectingFields(headers: HeaderList): readonly string[] | undefined {
  const vary = varyOf(headers);
  if (vary === undefined || vary.includes('accept-encoding') || headerValue(headers, 'content-encoding') === undefined) return vary;
  return [...vary, 'accept-encoding'];
}

function isTooLarge({ maxEntry }: Pick<RouteCacheSettings, 'maxEntry'>, headers: HeaderList): boolean {
  return (lengthOf(headers) ?? 0) > maxEntry;
}

/** The length of its content that an answer states. */
export function lengthOf(headers: HeaderList): number | undefined {
  const text = headerValue(headers, 'content-length');
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

/** A storable answer with its body; undefined where the body is not what the fields say. */
export function storedFrom(
  found: Storable,
  body: Uint8Array,
  parts: Pick<StoredResponse, 'variant' | 'upstream' | 'route' | 'tags'>,
): StoredResponse | undefined {
  const { vary, status, freshness, respondedAt } = found;
  const range = found.isPart ? contentRange(found.headers) : undefined;
  // bytes that are not those that they are said to be can be cut from nothing
  if (range !== undefined && range.last - range.first + 1 !== body.length) return undefined;
  const hasLength = status === 204 || status === 205 || headerValue(found.headers, 'content-length') === String(body.length);
  const headers = hasLength ? found.headers : withHeader(found.headers, 'content-length', String(body.length));
  const keepUntil = respondedAt + usefulMs(freshness, headers);
  return { ...parts, vary, status, headers, body, range, freshness, respondedAt, initialAgeMs: found.initialAgeMs, keepUntil };
}

/** A stored answer with the newer fields of a 304 or a HEAD, and the freshness that follows from both; `keepUntil` is 0 where it may no longer be stored. */
export function freshened(settings: RouteCacheSettings, request: CacheRequest, stored: StoredResponse, arrival: Arrival): StoredResponse {
  const { reply, requestedAt, respondedAt } = arrival;
  const headers = merged(stored.headers, dated(reply.headers, respondedAt));
  const found = storing({ status: stored.status, headers, respondedAt, authorized: request.authorized }, settings.overrides);
  const ageMs = initialAgeMs(reply.headers, { requestedAt, respondedAt });
  const { vary, variant, status, body, range, upstream, route, tags } = stored;
  const kept = { vary, variant, status, body, range, upstream, route, tags, respondedAt, initialAgeMs: ageMs };
  if (found === undefined) {
    return { ...kept, headers: withoutHeaders(headers, (name) => name === 'age'), freshness: stored.freshness, keepUntil: 0 };
  }
  const freshness = sinceArrival(found, ageMs);
  return { ...kept, headers: found.headers, freshness, keepUntil: respondedAt + usefulMs(freshness, found.headers) };
}

/** A lifetime as it is stored: the operator's begins when the answer comes, so what the answer is old by then is added to it. */
function sinceArrival({ freshness, own }: Storing, ageMs: number): Freshness {
  return own && ageMs > 0 ? { ...freshness, freshMs: freshness.freshMs + ageMs } : freshness;
}

/** An answer that was a second or more under way is that old (RFC 9111 section 4.2.3). */
export function aged(reply: Reply, ageMs: number): Reply {
  const seconds = Math.floor(ageMs / 1000);
  return seconds < 1 ? reply : { ...reply, headers: withHeader(reply.headers, 'age', String(seconds)) };
}
