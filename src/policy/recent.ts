/** A map that keeps so many entries and forgets the one used longest ago. */
export class Recent<T> {
  readonly #max: number;
  readonly #entries = new Map<string, T>();

  constructor(max: number) {
    this.#max = max;
  }

  /** Entries that are kept now. */
  get size(): number {
    return this.#entries.size;
  }

  /** An entry, which is then the one used last. */
  get(key: string): T | undefined {
    const found = this.#entries.get(key);
    if (found === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, found);
    return found;
  }

  /** Keeps an entry as the one used last; the one used longest ago goes where there are too many. */
  set(key: string, value: T): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size <= this.#max) return;
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest);
      break;
    }
  }

  /** Forgets an entry. Harmless where there is none. */
  delete(key: string): void {
    this.#entries.delete(key);
  }
}
