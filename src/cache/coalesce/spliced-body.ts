import type { BodySink, BodySource } from '../../model/body.ts';
import { type Failure, failure } from '../../model/failure.ts';

/** Bytes that are at hand already, around a body that has yet to come. */
export interface SplicedParts {
  readonly before: readonly Uint8Array[];
  readonly body: BodySource;
  /** Bytes that `body` has to have. */
  readonly length: number;
  readonly after: readonly Uint8Array[];
}

/** One body from stored bytes and a fetched piece between them. A piece of another length than it said breaks it: what stands behind it would be in the wrong place. */
export class SplicedBody implements BodySource, BodySink {
  readonly #body: BodySource;
  readonly #ahead: Uint8Array[];
  readonly #behind: Uint8Array[];
  #missing: number;
  #stage: 'before' | 'within' | 'after' | 'over' = 'before';
  #sink: BodySink | undefined = undefined;
  #paused = false;
  #pumping = false;

  constructor({ before, body, length, after }: SplicedParts) {
    this.#body = body;
    this.#ahead = [...before];
    this.#behind = [...after];
    this.#missing = length;
  }

  whole(): undefined {
    return undefined;
  }

  start(sink: BodySink): void {
    this.#sink = sink;
    this.#pump();
  }

  pause(): void {
    this.#paused = true;
    if (this.#stage === 'within') this.#body.pause();
  }

  resume(): void {
    this.#paused = false;
    if (this.#stage === 'within') this.#body.resume();
    else this.#pump();
  }

  abort(): void {
    this.#stage = 'over';
    this.#sink = undefined;
    this.#body.abort();
  }

  // Sink of the piece

  onData(chunk: Uint8Array): boolean {
    this.#missing -= chunk.length;
    if (this.#stage !== 'within') return true;
    if (this.#missing >= 0) return this.#give(chunk);
    this.#body.abort();
    this.#fail(WRONG_LENGTH);
    return true;
  }

  onEnd(): void {
    if (this.#stage !== 'within') return;
    if (this.#missing !== 0) return this.#fail(WRONG_LENGTH);
    this.#stage = 'after';
    this.#pump();
  }

  onError(failed: Failure): void {
    if (this.#stage === 'within') this.#fail(failed);
  }

  /** Hands on what is at hand, as far as it is wanted. */
  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    while (!this.#paused && this.#step());
    this.#pumping = false;
  }

  /** One piece, or the next stage; false where somebody else goes on. */
  #step(): boolean {
    if (this.#stage !== 'before' && this.#stage !== 'after') return false;
    const piece = (this.#stage === 'before' ? this.#ahead : this.#behind).shift();
    if (piece !== undefined) {
      this.#give(piece);
      return true;
    }
    if (this.#stage === 'before') {
      this.#stage = 'within';
      this.#body.start(this);
      return true;
    }
    this.#stage = 'over';
    this.#sink?.onEnd();
    return false;
  }

  #give(bytes: Uint8Array): boolean {
    if (this.#sink?.onData(bytes) === false) this.#paused = true;
    return !this.#paused;
  }

  #fail(failed: Failure): void {
    this.#stage = 'over';
    this.#sink?.onError(failed);
  }
}

const WRONG_LENGTH = failure({
  code: 'http_response_incomplete',
  phase: 'body',
  kind: 'protocol',
  replay: 'cut',
  detail: 'a byte range had another length than its Content-Range says',
});
