import type { BodySink, BodySource } from '../model/body.ts';
import type { Failure } from '../model/failure.ts';

/** Bytes held back, at most, while nobody has started the body. */
const HOLD_BYTES = 256 * 1024;
const NOTHING = new Uint8Array(0);
/** A rest of an unwanted body up to this is read away, so that its connection can be used again. */
const DRAIN_BYTES = 16 * 1024;

/** The body of an upstream's answer: holds back, bounded, until somebody starts it; reads a short rest away when nobody wants it. */
export abstract class ResponseBody implements BodySource {
  #sink: BodySink | undefined = undefined;
  #held: Buffer[] | undefined = undefined;
  #heldBytes = 0;
  #ended = false;
  #cut: Failure | undefined = undefined;
  #draining = false;
  #paused = false;

  /** Stops the bytes at their origin. */
  protected abstract stopSource(): void;
  /** Lets them flow again. */
  protected abstract startSource(): void;
  abstract abort(): void;

  whole(): Uint8Array | undefined {
    if (!this.#ended) return undefined;
    const held = this.#held ?? [];
    // several pieces are passed on as they are: to put them together would copy them
    return held.length > 1 ? undefined : (held[0] ?? NOTHING);
  }

  start(sink: BodySink): void {
    const held = this.#held;
    this.#held = undefined;
    let wantsMore = true;
    if (held !== undefined) for (const chunk of held) wantsMore = sink.onData(chunk);
    if (this.#cut !== undefined) return sink.onError(this.#cut);
    if (this.#ended) return sink.onEnd();
    this.#sink = sink;
    if (wantsMore) this.resume();
    else this.pause();
  }

  pause(): void {
    this.#paused = true;
    this.stopSource();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.startSource();
  }

  /** True while we ourselves hold the bytes back: silence then says nothing of the upstream. */
  protected get paused(): boolean {
    return this.#paused;
  }

  /** True once the body is complete. */
  protected get ended(): boolean {
    return this.#ended;
  }

  /** Takes a piece from the upstream. False where it is unwanted and more than is worth reading away. */
  protected take(chunk: Buffer): boolean {
    if (this.#sink !== undefined) {
      if (!this.#sink.onData(chunk)) this.pause();
      return true;
    }
    this.#heldBytes += chunk.length;
    if (this.#draining) return this.#heldBytes <= DRAIN_BYTES;
    if (this.#held === undefined) this.#held = [chunk];
    else this.#held.push(chunk);
    if (this.#heldBytes >= HOLD_BYTES) this.pause();
    return true;
  }

  /** The body is complete: who has to hear of it, if it was started. */
  protected complete(): BodySink | undefined {
    this.#ended = true;
    return this.#sink;
  }

  /** The body broke off: who has to hear of it, if it was started. */
  protected breakOff(failed: Failure): BodySink | undefined {
    this.#cut = failed;
    return this.#sink;
  }

  /** Forgets the reader and what is held. False where the rest is not worth reading away. */
  protected drop(): boolean {
    this.#sink = undefined;
    this.#held = undefined;
    this.#draining = this.#heldBytes <= DRAIN_BYTES;
    return this.#draining;
  }
}
