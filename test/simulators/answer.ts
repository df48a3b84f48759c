/** What a simulator answers, before faults have their turn. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** For streams: the body in pieces, each sent `afterMs` after the one before, chunked. `body` is then empty. */
  readonly pieces?: readonly { readonly bytes: Buffer; readonly afterMs: number }[];
}

/** A JSON answer. */
export function jsonAnswer(status: number, value: unknown, headers: Record<string, string> = {}): Answer {
  return bytesAnswer(status, Buffer.from(JSON.stringify(value)), { 'content-type': 'application/json; charset=utf-8', ...headers });
}

/** An answer of bytes. */
export function bytesAnswer(status: number, body: Buffer, headers: Record<string, string> = {}): Answer {
  return { status, headers, body };
}

/** An answer without a body. */
export function emptyAnswer(status: number, headers: Record<string, string> = {}): Answer {
  return { status, headers, body: Buffer.alloc(0) };
}
