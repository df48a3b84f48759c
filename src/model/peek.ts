import { BytesBody, type BodySink, type BodySource } from './body.ts';
import type { Failure } from './failure.ts';

/** What reading ahead found: the bytes, whether they are all, and a body that gives the same bytes again. */
export interface Peeked {
  readonly bytes: Buffer;
  readonly complete: boolean;
  readonly body: BodySource;
}

/**
 * Reads a body ahead, up to `limit` bytes, and gives it back as if nothing had been read. The promise settles when the body has ended, broken off or
 * passed the limit, or after `waitMs`; the source's own time limits bound the wait too.
 */
export function peek(source: BodySource, limit: number, waitMs = Infinity): Promise<Peeked> {
  const whole = source.whole();
  if (whole !== undefined)
    return Promise.resolve({ bytes: Buffer.from(whole.buffer, whole.byteOffset, whole.byteLength), complete: true, body: source });
  return new Promise((resolve) => {
    source.start(new PeekSink(source, limit, waitMs, resolve));
  });
}

/** Collects, then stands between the source and whoever reads on. */
class PeekSink implements BodySink, BodySource {
  readonly #source: BodySource;
  readonly #limit: number;
  #resolve: ((peeked: Peeked) => void) | undefined;
  #chunks: Uint8Array[] = [];
  #size = 0;
  #sink: BodySink | undefined;
  #timer: NodeJS.Timeout | undefined;
  #end: Failure | 'complete' | undefined;

  constructor(source: BodySource, limit: number, waitMs: number, resolve: (peeked: Peeked) => void) {
    this.#source = source;
    this.#limit = limit;
    this.#resolve = resolve;
    if (waitMs !== Infinity) this.#timer = setTimeout(() => this.#tell(this), waitMs);
  }

  onData(chunk: Uint8Array): boolean {
    if (this.#sink !== undefined) return this.#sink.onData(chunk);
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    if (this.#size <= this.#limit) return true;
    this.#source.pause();
    this.#tell(this);
    return false;
  }

  onEnd(): void {
    if (this.#sink !== undefined) return this.#sink.onEnd();
    this.#end = 'complete';
    this.#tell(new BytesBody(Buffer.concat(this.#chunks)));
  }

  onError(failure: Failure): void {
    if (this.#sink !== undefined) return this.#sink.onError(failure);
    this.#end = failure;
    this.#tell(this);
  }

  whole(): undefined {
    return undefined;
  }

  start(sink: BodySink): void {
    const chunks = this.#chunks;
    this.#chunks = [];
    let wantsMore = true;
    for (const chunk of chunks) wantsMore = sink.onData(chunk);
    if (this.#end === 'complete') return sink.onEnd();
    if (this.#end !== undefined) return sink.onError(this.#end);
    this.#sink = sink;
    if (wantsMore) this.#source.resume();
  }

  pause(): void {
    this.#source.pause();
  }

  resume(): void {
    this.#source.resume();
  }

  abort(): void {
    clearTimeout(this.#timer);
    this.#source.abort();
  }

  #tell(body: BodySource): void {
    clearTimeout(this.#timer);
    const resolve = this.#resolve;
    this.#resolve = undefined;
    resolve?.({ bytes: Buffer.concat(this.#chunks), complete: this.#end === 'complete', body });
  }
}
