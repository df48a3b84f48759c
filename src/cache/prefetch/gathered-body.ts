import type { BodySink, BodySource } from '../../model/body.ts';
import type { Failure } from '../../model/failure.ts';

/** Passes a body on untouched, and gives its bytes away once it is complete, unless they are more than `limit`. */
export class GatheredBody implements BodySource, BodySink {
  readonly #source: BodySource;
  readonly #limit: number;
  readonly #complete: (bytes: Uint8Array) => void;
  #chunks: Uint8Array[] | undefined = [];
  #size = 0;
  #sink: BodySink | undefined;

  constructor(source: BodySource, limit: number, complete: (bytes: Uint8Array) => void) {
    this.#source = source;
    this.#limit = limit;
    this.#complete = complete;
  }

  whole(): Uint8Array | undefined {
    const bytes = this.#source.whole();
    if (bytes !== undefined && bytes.length <= this.#limit && this.#chunks !== undefined) this.#complete(bytes);
    if (bytes !== undefined) this.#chunks = undefined;
    return bytes;
  }

  start(sink: BodySink): void {
    this.#sink = sink;
    this.#source.start(this);
  }

  pause(): void {
    this.#source.pause();
  }

  resume(): void {
    this.#source.resume();
  }

  abort(): void {
    this.#chunks = undefined;
    this.#source.abort();
  }

  onData(chunk: Uint8Array): boolean {
    this.#size += chunk.length;
    if (this.#size > this.#limit) this.#chunks = undefined;
    this.#chunks?.push(chunk);
    return this.#sink?.onData(chunk) ?? true;
  }

  onEnd(): void {
    const chunks = this.#chunks;
    this.#chunks = undefined;
    // the client first: what follows is not for this answer
    this.#sink?.onEnd();
    if (chunks !== undefined) this.#complete(Buffer.concat(chunks));
  }

  onError(failure: Failure): void {
    this.#chunks = undefined;
    this.#sink?.onError(failure);
  }
}
