import { isCredential } from '../model/credential-field.ts';
import type { Exchange } from '../model/exchange.ts';
import { headerValue } from '../model/headers.ts';
import type { Reply } from '../model/outcome.ts';
import { SharedBody } from './coalesce/shared-body.ts';
import { lengthOf, storable, storedFrom } from './entry.ts';
import type { CacheParts } from './fetch.ts';
import { resolveOnOrigin } from './invalidate/targets.ts';
import { readRequest } from './request.ts';
import { explicitLifetimeMs } from './rules/freshness.ts';
import { governing } from './rules/targeted.ts';
import { variantOf } from './rules/vary.ts';
import type { Tagger } from './tag-names.ts';
import type { RouteCacheSettings } from './settings.ts';

/** Methods whose answer may be what a GET of the URL would get (RFC 9110 section 9.3.3, RFC 5789 section 2). */
export const mayAnswerGet = (method: string): boolean => method === 'POST' || method === 'PATCH';

/** Whether the answer to a POST or PATCH is also what a GET of its URL would get: it says so in Content-Location, and for how long. */
export function answersGet(exchange: Exchange, { status, headers }: Reply, now: number): boolean {
  if (!mayAnswerGet(exchange.method) || status !== 200) return false;
  const location = headerValue(headers, 'content-location');
  if (location === undefined || resolveOnOrigin(location, exchange) !== exchange.path) return false;
  return (explicitLifetimeMs(headers, governing(headers), now) ?? 0) > 0;
}

/** Stores such an answer, as it passes, for the GETs that follow. What the operator says of GETs does not hold for it. */
export function storingPosted(settings: RouteCacheSettings, parts: CacheParts, tagsOf: Tagger, exchange: Exchange, reply: Reply): Reply {
  const { store, identities, leases, spool, clock } = parts;
  const request = readRequest(exchange, settings.key, identities);
  const now = clock.wallNow();
  const plain = { ...settings, overrides: { ...settings.overrides, ttlMs: undefined, negativeTtlMs: undefined, force: false } };
  const found = request.directives.noStore ? undefined : storable(plain, request, { reply, requestedAt: now, respondedAt: now });
  if (found === undefined) return reply;
  const tags = tagsOf(exchange, request.url);
  const lease = leases.open(tags);
  const body = new SharedBody(reply.body, { limit: settings.maxEntry, length: lengthOf(reply.headers), spool, keeper: false }, (end) => {
    leases.close(lease);
    if (end.how !== 'complete' || end.bytes === undefined || lease.dead) return;
    const variant = variantOf(found.vary, exchange.headers, isCredential, identities.hash);
    const entry = storedFrom(found, end.bytes, { variant, upstream: settings.upstream, route: settings.route, tags });
    if (entry !== undefined) void store.put(request.key, entry);
  });
  const reader = body.reader();
  body.start();
  return { ...reply, body: reader };
}
