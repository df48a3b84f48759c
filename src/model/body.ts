import type { Failure } from './failure.ts';

/** Takes the bytes of one body, in order, then exactly one of `onEnd` and `onError`. */
export interface BodySink {
  /** Takes one chunk, not empty. False asks the source to pause until `resume()`; chunks already on their way may still come. */
  onData(chunk: Uint8Array): boolean;
  /** The body is complete. */
  onEnd(): void;
  /** The body broke off, or was aborted by someone other than the sink; what was passed on must not look complete. */
  onError(failure: Failure): void;
}

/**
 * The bytes of a reply: pushes to one sink. Until `start` is called the source holds back (bounded, by pausing its origin).
 * Whoever holds a source either starts it and lets it end, or aborts it: a connection stays taken until then.
 */
export interface BodySource {
  /** The whole body where it is already at hand (a stored or synthesized answer, or one that has fully arrived), else undefined. */
  whole(): Uint8Array | undefined;
  /** Begins to push. Called once at most. May push before it returns. */
  start(sink: BodySink): void;
  /** Asks the source to stop pushing; a few chunks may still come. */
  pause(): void;
  /** Ends a pause. */
  resume(): void;
  /** Gives up: releases the upstream connection. After it the sink hears nothing more. Harmless after the end. */
  abort(): void;
}

const EMPTY = new Uint8Array(0);

/** A body that is already whole in memory. */
abstract class WholeBody implements BodySource {
  #sink: BodySink | undefined;
  #paused = false;

  abstract whole(): Uint8Array;

  start(sink: BodySink): void {
    const bytes = this.whole();
    const wantsMore = bytes.length === 0 || sink.onData(bytes);
    if (wantsMore && !this.#paused) sink.onEnd();
    else this.#sink = sink;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    const sink = this.#sink;
    this.#sink = undefined;
    sink?.onEnd();
  }

  abort(): void {
    this.#sink = undefined;
  }
}

/** A body of bytes that are all here. */
export class BytesBody extends WholeBody {
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array = EMPTY) {
    super();
    this.#bytes = bytes;
  }

  whole(): Uint8Array {
    return this.#bytes;
  }
}

/** A body that is kept as text in Latin-1, a letter a byte: whoever writes a socket sends it as it is. */
export class TextBody extends WholeBody {
  readonly text: string;

  constructor(text: string) {
    super();
    this.text = text;
  }

  whole(): Uint8Array {
    return Buffer.from(this.text, 'latin1');
  }
}
