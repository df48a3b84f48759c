import type { BodySink, BodySource } from './body.ts';
import type { Failure } from './failure.ts';

/**
 * Passes a body on untouched and tells once how it ended: complete (undefined), broken off (the failure), or given up by its reader ('aborted').
 */
export class TappedBody implements BodySource, BodySink {
  readonly #source: BodySource;
  readonly #ended: (how: Failure | 'aborted' | undefined) => void;
  #sink: BodySink | undefined;
  #told = false;

  constructor(source: BodySource, ended: (how: Failure | 'aborted' | undefined) => void) {
    this.#source = source;
    this.#ended = ended;
  }

  whole(): Uint8Array | undefined {
    const bytes = this.#source.whole();
    if (bytes !== undefined) this.#tell(undefined);
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
    this.#tell('aborted');
    this.#source.abort();
  }

  onData(chunk: Uint8Array): boolean {
    return this.#sink?.onData(chunk) ?? true;
  }

  onEnd(): void {
    this.#tell(undefined);
    this.#sink?.onEnd();
  }

  onError(failure: Failure): void {
    this.#tell(failure);
    this.#sink?.onError(failure);
  }

  #tell(how: Failure | 'aborted' | undefined): void {
    if (this.#told) return;
    this.#told = true;
    this.#ended(how);
  }
}
