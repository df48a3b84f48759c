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

/** Who hears of the content of a request. */
export interface ReadHandlers {
  /** What it came to: called once, unless the reader is stopped first. */
  readonly result: (result: RequestBody | Refusal) => void;
  /** A stream has passed the limit later on. */
  readonly tooLarge: (refused: Refusal) => void;
  /** Told of the length of each piece. */
  readonly passed: (bytes: number) => void;
}

/** The refusal of content beyond the limit. */
export function tooLarge(limit: number): Refusal {
  return refusal(413, 'body_too_large', `the request body is larger than ${limit} bytes (limits.body)`, { error: 'request_too_large' });
}

/**
 * Reads the content of one request: whole where it is small, else as a stream. Content of unknown length is read until the limit says which it is.
 */
export class RequestReader {
  readonly #request: IncomingMessage;
  readonly #limits: ReadLimits;
  readonly #handlers: ReadHandlers;
  #chunks: Buffer[] = [];
  #size = 0;
  #stream: RequestStream | undefined;

  constructor(request: IncomingMessage, limits: ReadLimits, handlers: ReadHandlers) {
    this.#request = request;
    this.#limits = limits;
    this.#handlers = handlers;
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
    this.#handlers.passed(chunk.length);
    if (this.#size <= this.#limits.bufferBytes) return;
    this.#detach();
    if (this.#size > this.#limits.bodyBytes) this.#handlers.result(tooLarge(this.#limits.bodyBytes));
    else this.#toStream(undefined);
  };

  readonly #end = (): void => {
    this.#detach();
    this.#handlers.result(this.#size === 0 ? { kind: 'none' } : { kind: 'bytes', bytes: this.#inOne() });
  };

  #inOne(): Buffer {
    const [first] = this.#chunks;
    if (this.#chunks.length === 1 && first !== undefined) return first;
    // the copy is memory of its own
    this.#handlers.passed(this.#size);
    return Buffer.concat(this.#chunks, this.#size);
  }

  #toStream(length: number | undefined): void {
    this.#request.pause();
    const { bodyBytes } = this.#limits;
    const { tooLarge: refuse, passed } = this.#handlers;
    const stream = new RequestStream(this.#request, this.#chunks, bodyBytes, { tooLarge: () => refuse(tooLarge(bodyBytes)), passed });
    this.#chunks = [];
    this.#stream = stream;
    this.#handlers.result({ kind: 'stream', stream, length, started: false });
  }

  #detach(): void {
    this.#request.off('data', this.#take);
    this.#request.off('end', this.#end);
  }
}
