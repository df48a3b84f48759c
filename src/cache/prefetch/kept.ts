import type { Clock } from '../../model/clock.ts';
import { headerValue, type HeaderList, withHeader, withoutHeaders } from '../../model/headers.ts';
import { discard, type Outcome } from '../../model/outcome.ts';
import { peek } from '../../model/peek.ts';
import { lengthOf } from '../entry.ts';
import { dated, initialAgeMs } from '../rules/age.ts';
import { explicitLifetimeMs } from '../rules/freshness.ts';
import { mayBeShared, mayWaitForItsUser } from '../rules/storing.ts';
import { governing } from '../rules/targeted.ts';
import { varyOf } from '../rules/vary.ts';
import type { Kept } from './shelf.ts';

/** How an answer is read. */
interface Reading {
  /** Milliseconds since the epoch. */
  readonly requestedAt: number;
  readonly clock: Clock;
  readonly maxBytes: number;
  /** The request had credentials: its answer is for their user alone. */
  readonly personal: boolean;
  /** How long the body may take, and the answer be kept, in milliseconds: later nobody wants it. */
  readonly waitMs: number;
}

/**
 * What an answer to a request of ours leaves for its client; undefined where it may not be given later, or is not worth it: an error, one that says that it may not be stored, one
 * out of the store, which the client's own request finds there. Of an answer out of the store the body is read all the same, since it may lead further; of one that is of no use nothing is.
 */
export async function keptFrom(outcome: Outcome, { requestedAt, clock, maxBytes, personal, waitMs }: Reading): Promise<Kept | undefined> {
  const isOfUse = outcome.type === 'reply' && outcome.status === 200 && (lengthOf(outcome.headers) ?? 0) <= maxBytes;
  const respondedAt = clock.wallNow();
  const mayBeKept =
    isOfUse && outcome.source === 'upstream' && mayWait(outcome.headers, personal) && !endsWithin(outcome.headers, requestedAt, respondedAt, waitMs);
  if (!isOfUse || (outcome.source !== 'cache' && !mayBeKept)) {
    discard(outcome);
    return undefined;
  }
  const { bytes, complete, body } = await peek(outcome.body, maxBytes, waitMs);
  if (!complete) body.abort();
  if (!complete || bytes.length > maxBytes || outcome.source !== 'upstream') return undefined;
  const length = lengthOf(outcome.headers);
  if (length !== undefined && length !== bytes.length) return undefined;
  const initialAge = initialAgeMs(outcome.headers, { requestedAt, respondedAt });
  // in a buffer of its own: it may be a slice of a larger one, which must not be kept alive for it
  const own = new Uint8Array(bytes);
  return { headers: fieldsOf(outcome.headers, own.length, respondedAt), body: own, respondedAt, initialAgeMs: initialAge };
}

function mayWait(headers: HeaderList, personal: boolean): boolean {
  // it would have to be asked about first
  if (governing(headers).directives.noCache) return false;
  return (personal ? mayWaitForItsUser(headers) : mayBeShared(200, headers)) && varyOf(headers) !== undefined;
}

/** Whether it says itself that it is not fresh for as long as it may have to wait: stale it may not be given (RFC 9111 section 4.2.4). */
function endsWithin(headers: HeaderList, requestedAt: number, respondedAt: number, waitMs: number): boolean {
  const statedMs = explicitLifetimeMs(headers, governing(headers), respondedAt);
  return statedMs !== undefined && statedMs - initialAgeMs(headers, { requestedAt, respondedAt }) < waitMs;
}

function fieldsOf(headers: HeaderList, bytes: number, respondedAt: number): HeaderList {
  const own = withoutHeaders(dated(headers, respondedAt), (name) => name === 'age');
  return headerValue(own, 'content-length') === undefined ? withHeader(own, 'content-length', String(bytes)) : own;
}
