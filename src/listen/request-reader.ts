import type { IncomingMessage } from 'node:http';
import { type Failure, failure } from '../model/failure.ts';
import type { RequestBody } from '../model/request-body.ts';
import type { Sleeper } from '../upstream/alarms.ts';
import type { ListenContext } from './context.ts';
import { type Refusal, refusal } from './refusal.ts';
import type { RequestHead } from './request-head.ts';
import { RequestStream, type StreamHandlers } from './request-stream.ts';

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
  /** The rest is not waited for: a stream has passed the limit later on, or the client took too long. */
  readonly refused: (refused: Refusal) => void;
}

/** The refusal of content beyond the limit. */
export function tooLarge(limit: number): Refusal {
  return refusal(413, 'body_too_large', `the request body is larger than ${limit} bytes (limits.body)`, { error: 'request_too_large' });
}

/** The same for an exchange that is under way: its attempt is no fault of the upstream's. */
export function tooLargeFailure(detail: string): Failure {
  return failure({ code: 'request_too_large', phase: 'send', kind: 'refused', replay: 'answered', detail, own: true });
}

function tooSlow(limitMs: number): Refusal {
  return refusal(408, 'request_timeout', `the client sent its request too slowly: it was waited for ${limitMs} ms (limits.requestTimeout)`, {
    error: 'request_timeout',
  });
}

/**
 * Reads the content of one request: whole where it is small, else as a stream. Content of unknown length is read until the limit says which it is.
 *
 * A client has `requestTimeoutMs` for content that is read whole, and for each pause in a stream; how long that takes in all is for the limits of its route to say. While the stream is held back, because
 * nobody reads it, no time passes for the client.
 */
export class RequestReader implements Sleeper, StreamHandlers {
  readonly #request: IncomingMessage;
  readonly #limits: ReadLimits;
  readonly #context: ListenContext;
  readonly #handlers: ReadHandlers;
  /** Monotonic milliseconds since which the client is waited for. */
  #since = 0;
  wakeAt = Infinity;
  before: Sleeper | undefined = undefined;
  after: Sleeper | undefined = undefined;
  #chunks: Buffer[] = [];
  #size = 0;
  #stream: RequestStream | undefined;

  constructor(request: IncomingMessage, limits: ReadLimits, context: ListenContext, handlers: ReadHandlers) {
    this.#request = request;
    this.#limits = limits;
    this.#context = context;
    this.#handlers = handlers;
  }

  /** Begins, at `now` in monotonic milliseconds. May call back before it returns. */
  begin(head: RequestHead, now: number): void {
    this.#since = now;
    this.#watch();
    if (head.length !== undefined && head.length > this.#limits.bufferBytes) {
      this.#toStream(head.length);
      return;
    }
    this.#request.on('data', this.#take);
    this.#request.once('end', this.#end);
  }

  /** The content will not be completed: whoever reads the stream hears it as an error. */
  stop(reason: Error): void {
    this.#rest();
    this.#detach();
    this.#stream?.destroy(reason);
  }

  /** Nobody wants the rest: it is read away, so that the connection can carry the next request. It has as long as content that is read whole. */
  discard(): void {
    this.#stream?.destroy();
    this.#detach();
    this.#touch();
    this.#request.once('close', () => this.#rest());
    this.#request.resume();
  }

  wake(): void {
    // held back until now, by us
    if (this.#request.isPaused()) this.#touch();
    if (this.#since + this.#context.limits.requestTimeoutMs - this.#context.clock.now() > 1) this.#watch();
    else this.#handlers.refused(tooSlow(this.#context.limits.requestTimeoutMs));
  }

  // Handlers of the stream

  tooLarge(): void {
    this.#handlers.refused(tooLarge(this.#limits.bodyBytes));
  }

  passed(bytes: number): void {
    this.#touch();
    this.#context.passed(bytes);
  }

  resumed(): void {
    this.#touch();
  }

  readonly #take = (chunk: Buffer): void => {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    this.#context.passed(chunk.length);
    if (this.#size <= this.#limits.bufferBytes) return;
    this.#detach();
    if (this.#size <= this.#limits.bodyBytes) return this.#toStream(undefined);
    this.#rest();
    this.#handlers.result(tooLarge(this.#limits.bodyBytes));
  };

  readonly #end = (): void => {
    this.#rest();
    this.#detach();
    this.#handlers.result(this.#size === 0 ? { kind: 'none' } : { kind: 'bytes', bytes: this.#inOne() });
  };

  #inOne(): Buffer {
    const [first] = this.#chunks;
    if (this.#chunks.length === 1 && first !== undefined) return first;
    // the copy is memory of its own
    this.#context.passed(this.#size);
    return Buffer.concat(this.#chunks, this.#size);
  }

  #toStream(length: number | undefined): void {
    this.#request.pause();
    this.#request.once('end', () => this.#rest());
    const stream = new RequestStream(this.#request, this.#chunks, this.#limits.bodyBytes, this);
    this.#chunks = [];
    this.#stream = stream;
    this.#handlers.result({ kind: 'stream', stream, length, started: false });
  }

  #detach(): void {
    this.#request.off('data', this.#take);
    this.#request.off('end', this.#end);
  }

  #touch(): void {
    this.#since = this.#context.clock.now();
  }

  #watch(): void {
    const { alarms, limits } = this.#context;
    if (limits.requestTimeoutMs > 0) alarms.set(this, this.#since + limits.requestTimeoutMs);
  }

  #rest(): void {
    this.#context.alarms.forget(this);
  }
}
