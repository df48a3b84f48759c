import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';

/**
 * The content of a request as a stream that may be destroyed without closing the client's connection, which still awaits its answer. First gives what was read
 * already. Told to by its reader, it holds the client back.
 */
export class RequestStream extends Readable {
  readonly #request: IncomingMessage;
  readonly #limit: number;
  readonly #tooLarge: () => void;
  #size = 0;

  /** `tooLarge` is called once when the content passes `limit` bytes; the stream then stands still until it is destroyed. */
  constructor(request: IncomingMessage, first: readonly Buffer[], limit: number, tooLarge: () => void) {
    super();
    this.#request = request;
    this.#limit = limit;
    this.#tooLarge = tooLarge;
    // whoever reads hears of it; while nobody does, an error must not be an exception
    this.on('error', ignore);
    request.on('data', this.#take);
    request.once('end', this.#end);
    for (const chunk of first) this.#take(chunk);
  }

  override _read(): void {
    this.#request.resume();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#request.off('data', this.#take);
    this.#request.off('end', this.#end);
    this.#request.pause();
    done(error);
  }

  readonly #take = (chunk: Buffer): void => {
    this.#size += chunk.length;
    if (this.#size > this.#limit) {
      this.#request.off('data', this.#take);
      this.#tooLarge();
      return;
    }
    if (!this.push(chunk)) this.#request.pause();
  };

  readonly #end = (): void => {
    this.push(null);
  };
}

function ignore(): void {}
