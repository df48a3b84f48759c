import type { BodySink, BodySource } from './body.ts';
import type { Failure } from './failure.ts';

/** Passes a body on untouched. Who stands between its origin and its reader to see what passes extends it. */
export abstract class PassedBody implements BodySource, BodySink {
  readonly #source: BodySource;
  #sink: BodySink | undefined;

  constructor(source: BodySource) {
    this.#source = source;
  }

  whole(): Uint8Array | undefined {
    return this.#source.whole();
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
    this.#source.abort();
  }

  onData(chunk: Uint8Array): boolean {
    return this.#sink?.onData(chunk) ?? true;
  }

  onEnd(): void {
    this.#sink?.onEnd();
  }

  onError(failure: Failure): void {
    this.#sink?.onError(failure);
  }
}

/** Tells once how a body ended: complete (undefined), broken off (the failure), or given up by its reader ('aborted'). */
export class TappedBody extends PassedBody {
  readonly #ended: (how: Failure | 'aborted' | undefined) => void;
  #told = false;

  constructor(source: BodySource, ended: (how: Failure | 'aborted' | undefined) => void) {
    super(source);
    this.#ended = ended;
  }

  override whole(): Uint8Array | undefined {
    const bytes = super.whole();
    if (bytes !== undefined) this.#tell(undefined);
    return bytes;
  }

  override abort(): void {
    this.#tell('aborted');
    super.abort();
  }

  override onEnd(): void {
    this.#tell(undefined);
    super.onEnd();
  }

  override onError(failure: Failure): void {
    this.#tell(failure);
    super.onError(failure);
  }

  #tell(how: Failure | 'aborted' | undefined): void {
    if (this.#told) return;
    this.#told = true;
    this.#ended(how);
  }
}
