import type { IncomingMessage } from 'node:http';
import type { RequestBody } from '../model/request-body.ts';
import { type Refusal, refusal } from './refusal.ts';
import type { RequestHead } from './request-head.ts';
import { RequestStream } from './request-stream.ts';

/** How much of a request's content is kept, and how much is let in. */
export interface ReadLimits {
  /** Content up to this many bytes is read whole. */
  readonly bufferBytes: number;
  /** Content beyond this many bytes is refused. */
  readonly bodyBytes: number;
}

/** The refusal of content beyond the limit. */
export function tooLarge(limit: number): Refusal {
  return refusal(413, 'body_too_large', `the request body is larger than ${limit} bytes (limits.body)`, { error: 'request_too_large' });
}

/**
 * Reads the content of one request: whole where it is small, else as a stream. Content of unknown length is read until the limit says which it is.
 * `onResult` is called once, unless `stop` is called first; `onTooLarge` where a stream passes the limit later on.
 */
export class RequestReader {
  readonly #request: IncomingMessage;
  readonly #limits: ReadLimits;
  readonly #onResult: (result: RequestBody | Refusal) => void;
  readonly #onTooLarge: (refused: Refusal) => void;
  #chunks: Buffer[] = [];
  #size = 0;
  #stream: RequestStream | undefined;

  constructor(
    request: IncomingMessage,
    limits: ReadLimits,
    onResult: (result: RequestBody | Refusal) => void,
    onTooLarge: (refused: Refusal) => void,
  ) {
    this.#request = request;
    this.#limits = limits;
    this.#onResult = onResult;
    this.#onTooLarge = onTooLarge;
  }

  /** Begins. May call back before it returns. */
  begin(head: RequestHead): void {
    if (head.length !== undefined && head.length > this.#limits.bufferBytes) {
      this.#toStream(head.length);
      return;
    }
    this.#request.on('data', this.#take);
    this.#request.once('end', this.#end);
  }

  /** The content will not be completed: whoever reads the stream hears it as an error. */
  stop(reason: Error): void {
    this.#detach();
    this.#stream?.destroy(reason);
  }

  /** Nobody wants the rest: it is read away, so that the connection can carry the next request. */
  discard(): void {
    this.#stream?.destroy();
    this.#detach();
    this.#request.resume();
  }

  readonly #take = (chunk: Buffer): void => {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    if (this.#size <= this.#limits.bufferBytes) return;
    this.#detach();
    if (this.#size > this.#limits.bodyBytes) this.#onResult(tooLarge(this.#limits.bodyBytes));
    else this.#toStream(undefined);
  };

  readonly #end = (): void => {
    this.#detach();
    const [first] = this.#chunks;
    const bytes = this.#chunks.length === 1 && first !== undefined ? first : Buffer.concat(this.#chunks, this.#size);
    this.#onResult(this.#size === 0 ? { kind: 'none' } : { kind: 'bytes', bytes });
  };

  #toStream(length: number | undefined): void {
    this.#request.pause();
    const stream = new RequestStream(this.#request, this.#chunks, this.#limits.bodyBytes, () => this.#onTooLarge(tooLarge(this.#limits.bodyBytes)));
    this.#chunks = [];
    this.#stream = stream;
    this.#onResult({ kind: 'stream', stream, length, started: false });
  }

  #detach(): void {
    this.#request.off('data', this.#take);
    this.#request.off('end', this.#end);
  }
}
