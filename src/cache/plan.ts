import { type HeaderList, withoutHeaders } from '../model/headers.ts';
import type { CacheRequest } from './request.ts';
import { CONDITIONS, validationHeaders } from './rules/conditions.ts';
import type { Selection } from './select.ts';
import type { Forward } from './status.ts';

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
}

/** Why the request goes on (RFC 9211 section 2.2). */
function forwardOf(request: CacheRequest, { stored, parts, all }: Selection): Forward {
  if (request.directives.noCache) return 'request';
  if (stored !== undefined) return 'stale';
  if (request.ranged && parts.length > 0) return 'partial';
  return all.length > 0 ? 'vary-miss' : 'uri-miss';
}

/** Plans the fetch for a client's request. */
export function planFetch(headers: HeaderList, request: CacheRequest, selection: Selection): Plan {
  const forward = forwardOf(request, selection);
  const { stored, all } = selection;
  // nothing of ours to ask about: the client's question goes on as it is
  if (stored === undefined && (request.conditional || request.ranged))
    return { forward, headers, validates: false, answersConditions: false, alone: true };
  const asking = validationHeaders(headers, stored, all);
  if (asking !== undefined) return { forward, headers: asking, validates: true, answersConditions: request.conditional, alone: false };
  const whole = request.conditional || request.ranged ? unconditional(headers) : headers;
  return { forward, headers: whole, validates: false, answersConditions: request.conditional, alone: false };
}

/** Plans a fetch that no client waits for. */
export function planRefresh(headers: HeaderList, { stored, all }: Selection): Plan {
  const plain = unconditional(headers);
  const asking = validationHeaders(plain, stored, all);
  return { forward: 'stale', headers: asking ?? plain, validates: asking !== undefined, answersConditions: false, alone: false };
}

function unconditional(headers: HeaderList): HeaderList {
  return withoutHeaders(headers, (name) => CONDITIONS.has(name) || name === 'range');
}
