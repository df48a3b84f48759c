import { BytesBody } from '../model/body.ts';
import { type Failure, failure } from '../model/failure.ts';
import { type Outcome, reply, type Reply } from '../model/outcome.ts';
import { peek } from '../model/peek.ts';
import type { RecordedAnswer } from './ledger.ts';

/** An answer read to its end where it is small enough, or what kept it from being read. */
export interface WholeAnswer {
  /** What the client gets. */
  readonly outcome: Outcome;
  /** The answer to keep; undefined where it broke off, may have, or was too large. */
  readonly recorded: RecordedAnswer | undefined;
}

/**
 * Reads an answer to its end before anyone sees it, up to `limit` bytes. One that breaks off becomes a failure, so that the client is told in words that the outcome is unknown instead of by a broken
 * connection; a larger one goes on as it is.
 */
export async function readWhole(answer: Reply, limit: number): Promise<WholeAnswer> {
  const { bytes, complete, body } = await peek(answer.body, limit);
  if (complete) {
    const recorded = { status: answer.status, headers: answer.headers, bytes };
    return { outcome: { ...answer, body: new BytesBody(bytes) }, recorded: answer.openEnded ? undefined : recorded };
  }
  if (bytes.length > limit) return { outcome: { ...answer, body }, recorded: undefined };
  const cut = await new Promise<Failure>((resolve) => {
    const ended = failure({ code: 'http_response_incomplete', phase: 'body', kind: 'reset', replay: 'cut', detail: 'the answer broke off' });
    body.start({ onData: () => true, onEnd: () => resolve(ended), onError: resolve });
  });
  return { outcome: { ...cut, replay: 'ambiguous', detail: `the answer ${answer.status} broke off: ${cut.detail}` }, recorded: undefined };
}

/** A recorded answer, to be given again. */
export function replayed({ status, headers, bytes }: RecordedAnswer, how: 'joined' | 'replayed'): Reply {
  return reply(status, [...headers, 'x-breakwater-duplicate', how], 'upstream', new BytesBody(bytes));
}
