/** Bytes of bodies that are kept while they are read, over all of a cache. A body that finds it full is passed on and not stored. */
export class Spool {
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes kept now. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether there was room for so many more; they are then counted until `give`. */
  take(bytes: number): boolean {
    if (this.#bytes + bytes > this.#maxBytes) return false;
    this.#bytes += bytes;
    return true;
  }

  /** So many that were taken are kept no more. */
  give(bytes: number): void {
    this.#bytes -= bytes;
  }
}
