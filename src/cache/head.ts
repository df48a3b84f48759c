import { BytesBody } from '../model/body.ts';
import type { Reply } from '../model/outcome.ts';
import type { Landed } from './coalesce/flight.ts';
import { type Arrival, freshened, selectingFields, shareable, storable, type Storable } from './entry.ts';
import type { CacheRequest } from './request.ts';
import { describesPart, describesSame } from './rules/conditions.ts';
import type { Selection } from './select.ts';
import type { RouteCacheSettings } from './settings.ts';
import type { CacheStore } from './store.ts';

/** The name under which a HEAD under way is found, and what is known of HEADs of a key is noted: a GET can never be answered by one. */
export const headKey = (key: string): string => `HEAD ${key}`;

/** The name under which what is known of requests like this one is noted. */
export const noteKey = (method: string, key: string): string => (method === 'HEAD' ? headKey(key) : key);

/** Takes from the answer to a HEAD what it says of the answers that are stored for GET: their newer fields, or that they are no longer true (RFC 9111 section 4.3.5). */
export function learnFromHead(
  settings: RouteCacheSettings,
  store: CacheStore,
  asked: { request: CacheRequest; selection: Selection },
  arrival: Arrival,
): void {
  const { request, selection } = asked;
  const { status, headers } = arrival.reply;
  if (status !== 200) return;
  const { stored, parts } = selection;
  if (parts.some((part) => !describesPart(part, headers))) return void store.remove(request.key);
  if (stored?.status !== 200) return;
  if (!describesSame(stored.headers, headers)) return void store.remove(request.key);
  const fresher = freshened(settings, request, stored, arrival);
  // for whom it is is no longer what it is stored by
  if (selectingFields(fresher.headers)?.join() !== stored.vary.join()) return void store.remove(request.key);
  if (fresher.keepUntil > 0) void store.put(request.key, fresher);
}

/** How the answer to a HEAD may be shared by those who ask for it at the same moment; undefined where it may not. How long the content would be does not matter. */
export function sharedHead(
  settings: RouteCacheSettings,
  request: CacheRequest,
  arrival: Arrival,
): { readonly found: Storable | undefined } | undefined {
  const boundless = { ...settings, maxEntry: Infinity };
  const found = storable(boundless, request, arrival);
  return found !== undefined || shareable(boundless, request, arrival.reply) ? { found } : undefined;
}

/** What a fetch for GET came to, for a HEAD that waited for it: the head alone. */
export function headsOf<T extends Landed>(landed: T): T {
  if (landed.kind === 'reply') return { ...landed, reply: headOf(landed.reply) };
  if (landed.kind !== 'failure' || landed.failure.reply === undefined) return landed;
  return { ...landed, failure: { ...landed.failure, reply: headOf(landed.failure.reply) } };
}

function headOf(answer: Reply): Reply {
  answer.body.abort();
  return { ...answer, body: new BytesBody() };
}
