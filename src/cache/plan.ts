import { headerValue, type HeaderList, withoutHeaders } from '../model/headers.ts';
import type { Exchange } from '../model/exchange.ts';
import type { CacheRequest } from './request.ts';
import { CONDITIONS, validationHeaders } from './rules/conditions.ts';
import { NOTHING_ASKED } from './rules/directives.ts';
import { type Gap, gapHeaders } from './rules/gap.ts';
import { reuse } from './rules/reuse.ts';
import type { Pieced, Selection } from './select.ts';
import type { Forward } from './status.ts';
import type { Found } from './store.ts';

/** What is sent upstream for a request that the store cannot answer. */
export interface Plan {
  readonly forward: Forward;
  readonly headers: HeaderList;
  /** It asks whether what is stored is still good. */
  readonly validates: boolean;
  /** The client's own conditions were left out: its answer is compared with them here. */
  readonly answersConditions: boolean;
  /** The answer is for this client alone, since the question is its own. */
  readonly alone: boolean;
  /** It asks for what stored parts lack. */
  readonly gap: Gap | undefined;
  /** What is sent instead, once, when the answer is of no use for that question. */
  readonly otherwise: HeaderList;
}

/** Why the request goes on (RFC 9211 section 2.2). */
function forwardOf({ stored, parts, forOthers }: Selection, now: number): Forward {
  if (stored !== undefined) return reuse(stored, NOTHING_ASKED, now) === 'fresh' ? 'request' : 'stale';
  if (parts.length > 0) return 'partial';
  return forOthers === true ? 'vary-miss' : 'uri-miss';
}

/** Plans the fetch for a client's request. */
export function planFetch({ method, headers }: Exchange, request: CacheRequest, { selection, gap }: Pieced, now: number): Plan {
  const forward = forwardOf(selection, now);
  const { stored, all } = selection;
  const { conditional, ranged } = request;
  // nothing of ours to ask about: the client's question goes on as it is
  const own: Plan = { forward, headers, validates: false, answersConditions: false, alone: true, gap: undefined, otherwise: headers };
  if (gap !== undefined && method === 'GET' && !conditional && !request.directives.noCache)
    return { ...own, headers: gapHeaders(unconditional(headers), gap), alone: ranged, gap };
  if (stored === undefined && (conditional || ranged)) return own;
  if (stored?.range !== undefined) return conditional ? own : { ...own, ...askingForPart(headers, stored) };
  const asking = validationHeaders(headers, stored, all);
  const plain = asking !== undefined || conditional || ranged ? unconditional(headers) : headers;
  return { ...own, headers: asking ?? plain, validates: asking !== undefined, answersConditions: conditional, alone: false, otherwise: plain };
}

/** Plans a fetch that no client waits for. */
export function planRefresh(headers: HeaderList, { stored, all }: Selection): Plan {
  const plain = unconditional(headers);
  const own: Plan = { forward: 'stale', headers: plain, validates: false, answersConditions: false, alone: false, gap: undefined, otherwise: plain };
  if (stored?.range !== undefined) {
    const ranged = [...plain, 'range', `bytes=${stored.range.first}-${stored.range.last}`];
    return { ...own, headers: ranged, otherwise: ranged, ...askingForPart(ranged, stored) };
  }
  const asking = validationHeaders(plain, stored, all);
  return asking === undefined ? own : { ...own, headers: asking, validates: true };
}

/** Asks about a stored part with its tag, and for the same range anew where it is no longer good (RFC 9111 section 4.3.1). */
function askingForPart(headers: HeaderList, part: Found): Partial<Plan> {
  const tag = headerValue(part.headers, 'etag');
  return tag === undefined ? {} : { headers: [...headers, 'if-none-match', tag], validates: true };
}

function unconditional(headers: HeaderList): HeaderList {
  return withoutHeaders(headers, (name) => CONDITIONS.has(name) || name === 'range');
}
