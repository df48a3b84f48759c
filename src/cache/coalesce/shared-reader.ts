import type { BodySink, BodySource } from '../../model/body.ts';
import { type Failure, failure } from '../../model/failure.ts';

/** A body that several read, as its readers see it. */
export interface Shared {
  /** The chunk at a position; undefined where it has not come yet. */
  chunkAt(position: number): Uint8Array | undefined;
  /** True where a position is no longer kept: the reader there was too slow. */
  isLost(position: number): boolean;
  /** How the upstream body ended, once it has. */
  readonly end: 'complete' | Failure | undefined;
  /** The whole body, once it is complete and was kept. */
  readonly whole: Uint8Array | undefined;
  /** A reader has had all or gives up. */
  left(reader: SharedReader): void;
  /** A reader wants more, or less. */
  pace(): void;
}

/** One reader's view of a shared body, at its own pace. */
export class SharedReader implements BodySource {
  readonly #body: Shared;
  #sink: BodySink | undefined = undefined;
  #paused = false;
  #pumping = false;
  #done = false;
  position = 0;

  constructor(body: Shared) {
    this.#body = body;
  }

  /** False while it is paused, or has not begun. */
  get wantsMore(): boolean {
    return this.#sink !== undefined && !this.#paused;
  }

  whole(): Uint8Array | undefined {
    const whole = this.#body.whole;
    if (whole === undefined || this.#sink !== undefined || this.position > 0) return undefined;
    this.#leave();
    return whole;
  }

  start(sink: BodySink): void {
    this.#sink = sink;
    this.pump();
    this.#body.pace();
  }

  pause(): void {
    this.#paused = true;
    this.#body.pace();
  }

  resume(): void {
    this.#paused = false;
    this.pump();
    this.#body.pace();
  }

  abort(): void {
    this.#sink = undefined;
    this.#leave();
  }

  /** Hands on what is there, as far as it is wanted. */
  pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      while (this.#sink !== undefined && !this.#paused && this.#step(this.#sink));
    } finally {
      this.#pumping = false;
    }
  }

  /** One chunk, or the end; false where there is nothing to hand on. */
  #step(sink: BodySink): boolean {
    if (this.#body.isLost(this.position)) return this.#stop(() => sink.onError(TOO_SLOW));
    const chunk = this.#body.chunkAt(this.position);
    if (chunk !== undefined) {
      this.position++;
      if (!sink.onData(chunk)) this.#paused = true;
      return true;
    }
    const { end } = this.#body;
    if (end === undefined) return false;
    return this.#stop(() => (end === 'complete' ? sink.onEnd() : sink.onError(end)));
  }

  #stop(tell: () => void): false {
    this.#sink = undefined;
    this.#leave();
    tell();
    return false;
  }

  #leave(): void {
    if (this.#done) return;
    this.#done = true;
    this.#body.left(this);
  }
}

const TOO_SLOW = failure({
  code: 'http_response_incomplete',
  phase: 'body',
  kind: 'aborted',
  replay: 'cut',
  detail: 'the client read a shared answer too slowly',
  own: true,
});
