import type { Exchange } from '../model/exchange.ts';
import { headerValue, type HeaderList } from '../model/headers.ts';
import type { Reply } from '../model/outcome.ts';
import type { Service } from '../model/service.ts';
import type { Lease } from './coalesce/leases.ts';
import { SharedBody } from './coalesce/shared-body.ts';
import { lengthOf, type Storable, storable } from './entry.ts';
import type { CacheParts } from './fetch.ts';
import { resolveOnOrigin } from './invalidate/targets.ts';
import { keep } from './keep.ts';
import { type CacheRequest, readRequest } from './request.ts';
import { explicitLifetimeMs } from './rules/freshness.ts';
import { governing } from './rules/targeted.ts';
import type { Tagger } from './tag-names.ts';
import type { RouteCacheSettings } from './settings.ts';
import type { Write } from './writer.ts';

/** Methods whose answer may be what a GET of the URL would get (RFC 9110 section 9.3.3, RFC 5789 section 2). */
export const mayAnswerGet = (method: string): boolean => method === 'POST' || method === 'PATCH';

/** Whether the answer to a POST or PATCH is also what a GET of its URL would get: it says so in Content-Location, and for how long. */
function answersGet(exchange: Exchange, { status, headers }: Reply, now: number): boolean {
  if (status !== 200) return false;
  const location = headerValue(headers, 'content-location');
  if (location === undefined || resolveOnOrigin(location, exchange) !== exchange.path) return false;
  return (explicitLifetimeMs(headers, governing(headers), now) ?? 0) > 0;
}

/**
 * Sends a POST or PATCH, and stores such an answer, as it passes, for the GETs that follow. What the operator says of GETs does not hold for it. Its lease is open from before it is sent: another
 * write that ends meanwhile may be the later one.
 */
export function storingPosted(settings: RouteCacheSettings, parts: CacheParts, tagsOf: Tagger, write: Write): Service {
  const { identities, leases, clock } = parts;
  const plain = { ...settings, overrides: { ...settings.overrides, ttlMs: undefined, negativeTtlMs: undefined, force: false } };
  return async (exchange) => {
    const request = readRequest(exchange, settings.key, identities);
    if (request.directives.noStore || request.disguised) return write(exchange);
    const tags = tagsOf(exchange, request.url);
    const posted: Posted = { request, fields: exchange.headers, tags, lease: leases.open(tags) };
    const requestedAt = clock.wallNow();
    let kept: Reply | undefined;
    try {
      const outcome = await write(exchange, posted.lease);
      const respondedAt = clock.wallNow();
      if (outcome.type === 'failure' || !answersGet(exchange, outcome, respondedAt)) return outcome;
      const found = storable(plain, request, { reply: outcome, requestedAt, respondedAt });
      kept = found === undefined ? undefined : keeping(settings, parts, posted, found, outcome);
      return kept ?? outcome;
    } finally {
      if (kept === undefined) leases.close(posted.lease);
    }
  };
}

/** A POST or PATCH whose answer may be stored. */
interface Posted {
  readonly request: CacheRequest;
  readonly fields: HeaderList;
  readonly tags: readonly string[];
  readonly lease: Lease;
}

/** The answer, stored once it has passed whole, unless what is stored by then is younger. */
function keeping(settings: RouteCacheSettings, parts: CacheParts, posted: Posted, found: Storable, reply: Reply): Reply {
  const { request, fields, tags, lease } = posted;
  const over = (): void => parts.leases.close(lease);
  const options = { limit: settings.maxEntry, length: lengthOf(reply.headers), spool: parts.spool, keeper: false };
  const body = new SharedBody(reply.body, options, (end) => {
    if (end.how !== 'complete' || end.bytes === undefined || lease.dead) return over();
    keep(settings, parts, { key: request.key, found, body: end.bytes, fields, sent: fields, tags, lease, overtaken: true }, over);
  });
  const reader = body.reader();
  body.start();
  return { ...reply, body: reader };
}
