import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';

/** Who hears of a stream. */
export interface StreamHandlers {
  /** The content has passed the limit: called once; the stream then stands still until it is destroyed. */
  tooLarge(): void;
  /** Told of the length of each piece that comes. */
  passed(bytes: number): void;
  /** The client was held back, and may go on now. */
  resumed(): void;
}

/**
 * The content of a request as a stream that may be destroyed without closing the client's connection, which still awaits its answer. First gives what was read
 * already. Told to by its reader, it holds the client back.
 */
export class RequestStream extends Readable {
  readonly #request: IncomingMessage;
  readonly #limit: number;
  readonly #handlers: StreamHandlers;
  #size = 0;

  /** `first`: what was read already. `limit`: bytes that are let in. */
  constructor(request: IncomingMessage, first: readonly Buffer[], limit: number, handlers: StreamHandlers) {
    super();
    this.#request = request;
    this.#limit = limit;
    this.#handlers = handlers;
    // whoever reads hears of it; while nobody does, an error must not be an exception
    this.on('error', ignore);
    request.on('data', this.#came);
    request.once('end', this.#end);
    for (const chunk of first) this.#take(chunk);
  }

  override _read(): void {
    if (!this.#request.isPaused()) return;
    this.#handlers.resumed();
    this.#request.resume();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#request.off('data', this.#came);
    this.#request.off('end', this.#end);
    this.#request.pause();
    done(error);
  }

  readonly #came = (chunk: Buffer): void => {
    this.#handlers.passed(chunk.length);
    this.#take(chunk);
  };

  #take(chunk: Buffer): void {
    this.#size += chunk.length;
    if (this.#size > this.#limit) {
      this.#request.off('data', this.#came);
      this.#handlers.tooLarge();
      return;
    }
    if (!this.push(chunk)) this.#request.pause();
  }

  readonly #end = (): void => {
    this.push(null);
  };
}

function ignore(): void {}
