import type { BodySink, BodySource } from '../../model/body.ts';
import type { Failure } from '../../model/failure.ts';
import { type Shared, SharedReader } from './shared-reader.ts';
import type { Spool } from './spool.ts';

/** How a shared body ended: with all its bytes (undefined where there were too many to keep), broken off, or because nobody read on. */
export type BodyEnd = { readonly how: 'complete'; readonly bytes: Uint8Array | undefined } | { readonly how: 'broken' } | { readonly how: 'left' };

/** How a body is shared. */
export interface SharedBodyOptions {
  /** Bytes of it that are kept. */
  readonly limit: number;
  /** Its length, where its head says that: it is then read into its place at once, and never held twice. */
  readonly length: number | undefined;
  /** Room for the bytes of all bodies. */
  readonly spool: Spool;
  /** It is read to its end although nobody reads it: it is to be stored. */
  readonly keeper: boolean;
}

/**
 * One upstream body for many readers: each gets every byte from the first, at its own pace, as it arrives. Up to `limit` bytes are kept, so that a reader may come late and a slow
 * one holds nobody up. Past the limit the body runs at the pace of the fastest reader, nobody can join, and a reader that falls more than `limit` behind is cut off. When the
 * last reader has gone the upstream is let go, unless somebody asked for the bytes.
 */
export class SharedBody implements BodySink, Shared {
  readonly #source: BodySource;
  readonly #limit: number;
  readonly #length: number;
  readonly #spool: Spool;
  readonly #ended: (end: BodyEnd) => void;
  readonly #readers = new Set<SharedReader>();
  /** What was kept: views of `#place` as far as that has room, once it is there. */
  #chunks: Uint8Array[] = [];
  #place: Uint8Array | undefined = undefined;
  /** Chunks that were let go already: positions count from the start of the body. */
  #dropped = 0;
  #kept = 0;
  #spooled = 0;
  #overflowed = false;
  #paused = false;
  #end: 'complete' | Failure | undefined = undefined;
  #whole: Uint8Array | undefined = undefined;
  #keeper: boolean;
  #over = false;

  constructor(source: BodySource, options: SharedBodyOptions, ended: (end: BodyEnd) => void) {
    this.#source = source;
    this.#limit = options.limit;
    this.#length = options.length ?? 0;
    this.#spool = options.spool;
    this.#keeper = options.keeper;
    this.#ended = ended;
  }

  /** Begins to read the upstream. Readers may join before and after. */
  start(): void {
    const whole = this.#source.whole();
    if (whole === undefined) return this.#source.start(this);
    if (whole.length > 0) this.onData(whole);
    this.onEnd();
  }

  /** True while a new reader still gets every byte. */
  get open(): boolean {
    return !this.#overflowed && (this.#end === undefined || this.#end === 'complete') && !this.#over;
  }

  /** A body of its own for one more reader. Call it only while `open`. */
  reader(): BodySource {
    const reader = new SharedReader(this);
    this.#readers.add(reader);
    return reader;
  }

  // Sink of the upstream body

  onData(chunk: Uint8Array): boolean {
    this.#chunks.push(this.#placed(chunk));
    this.#kept += chunk.length;
    if (this.#kept > this.#limit || !this.#takeRoom(chunk.length)) this.#overflow();
    for (const reader of this.#readers) reader.pump();
    if (this.#overflowed) this.#trim();
    return !this.#paused;
  }

  onEnd(): void {
    this.#end = 'complete';
    if (!this.#overflowed) this.#join();
    this.#finish({ how: 'complete', bytes: this.#overflowed ? undefined : this.#whole });
    for (const reader of this.#readers) reader.pump();
  }

  onError(failed: Failure): void {
    this.#end = failed;
    this.#finish({ how: 'broken' });
    for (const reader of this.#readers) reader.pump();
  }

  // For readers

  /** The chunk at a position; undefined where it has not come yet. */
  chunkAt(position: number): Uint8Array | undefined {
    return this.#chunks[position - this.#dropped];
  }

  /** True where a position is no longer kept: the reader there was too slow. */
  isLost(position: number): boolean {
    return position < this.#dropped;
  }

  /** How the upstream body ended, once it has. */
  get end(): 'complete' | Failure | undefined {
    return this.#end;
  }

  /** The whole body, once it is complete and was kept. */
  get whole(): Uint8Array | undefined {
    return this.#end === 'complete' && !this.#overflowed ? this.#whole : undefined;
  }

  /** A reader has had all or gives up. */
  left(reader: SharedReader): void {
    this.#readers.delete(reader);
    if (this.#readers.size > 0 || this.#keeper || this.#end !== undefined) return this.pace();
    this.#finish({ how: 'left' });
    this.#source.abort();
  }

  /** Lets the upstream run while anybody wants more; before the limit always. */
  pace(): void {
    const wanted = !this.#overflowed || this.#keeper || [...this.#readers].some((reader) => reader.wantsMore);
    if (wanted !== this.#paused || this.#end !== undefined) return;
    this.#paused = !wanted;
    if (this.#paused) this.#source.pause();
    else this.#source.resume();
  }

  /** Copies a chunk to its place in the whole. One that comes alone is copied at the end. */
  #placed(chunk: Uint8Array): Uint8Array {
    if (this.#overflowed) return chunk;
    if (this.#kept === 0 && chunk.length < this.#length && this.#length <= this.#limit) this.#place = new Uint8Array(this.#length);
    const end = this.#kept + chunk.length;
    if (this.#place === undefined || end > this.#place.length) return chunk;
    this.#place.set(chunk, this.#kept);
    return this.#place.subarray(this.#kept, end);
  }

  /** Makes the whole, and lets go of what came in pieces: a slow reader reads on from the whole. */
  #join(): void {
    if (this.#whole !== undefined) return;
    const chunks = this.#chunks;
    this.#whole = this.#place?.length === this.#kept ? this.#place : joined(chunks, this.#kept);
    let at = 0;
    for (const [n, { length }] of chunks.entries()) chunks[n] = this.#whole.subarray(at, (at += length));
  }

  #takeRoom(bytes: number): boolean {
    if (this.#overflowed || !this.#spool.take(bytes)) return false;
    this.#spooled += bytes;
    return true;
  }

  #giveRoom(): void {
    this.#spool.give(this.#spooled);
    this.#spooled = 0;
  }

  #overflow(): void {
    if (this.#overflowed) return;
    this.#overflowed = true;
    this.#place = undefined;
    this.#giveRoom();
    // too large to be stored: nobody is left to keep it for
    this.#keeper = false;
    if (this.#readers.size > 0) return;
    this.#finish({ how: 'left' });
    this.#source.abort();
  }

  /** Lets go of what every reader has had, and of what the fastest has had where the slowest is too far behind. */
  #trim(): void {
    const positions = [...this.#readers].map((reader) => reader.position);
    const slowest = Math.min(Infinity, ...positions);
    const fastest = Math.max(0, ...positions);
    while (this.#chunks.length > 0 && (this.#dropped < slowest || (this.#kept > 2 * this.#limit && this.#dropped < fastest))) {
      this.#kept -= this.#chunks.shift()?.length ?? 0;
      this.#dropped++;
    }
    this.pace();
  }

  #finish(end: BodyEnd): void {
    if (this.#over) return;
    this.#over = true;
    this.#giveRoom();
    this.#ended(end);
  }
}

/** One buffer of its own: chunks may be slices of larger ones that a stored body must not keep alive. */
function joined(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
