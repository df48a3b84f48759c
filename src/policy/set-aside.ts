import { BytesBody } from '../model/body.ts';
import type { Failure } from '../model/failure.ts';
import { peek } from '../model/peek.ts';

/** Bytes of a failed attempt's answer that are kept: what says why it failed is short. */
const KEPT_BYTES = 64 * 1024;

/**
 * A failed attempt, to be told in case no other comes about: with the upstream's own answer where all of it is here within `waitMs` milliseconds and it is short. Its connection is free then, whatever comes.
 */
export async function setAside(failed: Failure, waitMs: number): Promise<Failure> {
  const { reply } = failed;
  if (reply === undefined) return failed;
  const { bytes, complete, body } = await peek(reply.body, KEPT_BYTES, waitMs);
  if (complete && bytes.length <= KEPT_BYTES) return { ...failed, reply: { ...reply, body: new BytesBody(bytes) } };
  body.abort();
  return { ...failed, reply: undefined };
}
