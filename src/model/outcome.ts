import type { BodySource } from './body.ts';
import type { Failure } from './failure.ts';
import type { HeaderList } from './headers.ts';

/** Who made an answer: the upstream now, the cache, or Breakwater itself (an error, a fallback). */
export type ReplySource = 'upstream' | 'cache' | 'proxy';

/** An answer whose head is known. Whoever holds it starts `body` and lets it end, or aborts it. */
export interface Reply {
  readonly type: 'reply';
  readonly status: number;
  /** End-to-end fields only; names lower-case. Framing (`content-length`) is kept as the upstream said it. */
  readonly headers: HeaderList;
  readonly source: ReplySource;
  readonly body: BodySource;
}

/** What a service promises: an answer, or a failure as a value. */
export type Outcome = Reply | Failure;

/** Builds a reply. */
export function reply(status: number, headers: HeaderList, source: ReplySource, body: BodySource): Reply {
  return { type: 'reply', status, headers, source, body };
}

/** Lets go of an outcome that nobody will read: its connection is taken until its body has ended or is aborted. */
export function discard(outcome: Outcome): void {
  if (outcome.type === 'reply') outcome.body.abort();
  else outcome.reply?.body.abort();
}
