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
  /** Inside TLS and without a length, so that its end is its connection's: where that was cut, nothing tells (RFC 9112 section 9.8), and it is not kept. */
  readonly openEnded: boolean;
  /** Of an answer from the store: how old it is, in seconds (RFC 9111 section 5.1), to be sent as `age` with `headers`, which then have none. */
  readonly age: string | undefined;
  /** Where the listener may keep what it made of `headers`, since the same will be sent again. */
  readonly memo: FieldMemo | undefined;
}

/** The fields of an answer as they go over the wire. */
export interface FieldText {
  /** What it was made of: for no other list does it hold. */
  readonly of: HeaderList;
  /** Whole lines; undefined where they cannot be written so. */
  readonly text: string | undefined;
  /** `x-request-id` is among them. */
  readonly hasId: boolean;
}

/** Something that keeps the fields of an answer as text, from when they are first wanted. */
export interface FieldMemo {
  fieldText?: FieldText | undefined;
}

/** What a service promises: an answer, or a failure as a value. */
export type Outcome = Reply | Failure;

/** Builds a reply. */
export function reply(status: number, headers: HeaderList, source: ReplySource, body: BodySource, openEnded = false): Reply {
  return { type: 'reply', status, headers, source, body, openEnded, age: undefined, memo: undefined };
}

/** Builds a reply from the store. */
export function fromStore(status: number, headers: HeaderList, body: BodySource, age: string, memo?: FieldMemo): Reply {
  return { type: 'reply', status, headers, source: 'cache', body, openEnded: false, age, memo };
}

/** Lets go of an outcome that nobody will read: its connection is taken until its body has ended or is aborted. */
export function discard(outcome: Outcome): void {
  if (outcome.type === 'reply') outcome.body.abort();
  else outcome.reply?.body.abort();
}
