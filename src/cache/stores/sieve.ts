/** What a `Sieve` keeps: its place among the others stands in it, so that to find it is to have it, and to note its use touches nothing else. */
export interface Sieved<T> {
  readonly key: string;
  /** What it counts for; not to be changed while it is in. */
  readonly cost: number;
  /** It was used since the hand came by. */
  used: boolean;
  newer: T | undefined;
  older: T | undefined;
}

/**
 * A map of bounded cost that makes room by SIEVE (Zhang et al., NSDI 2024): entries stand in the order in which they came; a hand goes from the oldest to the newest, passes what was used since
 * it came by, and takes what was not. It keeps what is used as well as the usual orders of last use do, or better, and a use is one mark in the entry, where a move to the front would touch a
 * dozen places of the heap.
 */
export class Sieve<T extends Sieved<T>> {
  readonly #entries = new Map<string, T>();
  readonly #maxCost: number;
  readonly #evicted: (entry: T) => void;
  #oldest: T | undefined;
  #newest: T | undefined;
  #hand: T | undefined;
  #cost = 0;

  /** `evicted` is told of each entry that goes to make room. */
  constructor(maxCost: number, evicted: (entry: T) => void) {
    this.#maxCost = maxCost;
    this.#evicted = evicted;
  }

  /** The cost of all. */
  get cost(): number {
    return this.#cost;
  }

  /** The entry under a key. Its user marks it. */
  get(key: string): T | undefined {
    return this.#entries.get(key);
  }

  /** Puts an entry in, in the place of one with its key, and makes room. False where it is larger than all of it: there is none under its key then. */
  put(entry: T): boolean {
    const before = this.#entries.get(entry.key);
    if (before !== undefined) this.remove(before);
    if (entry.cost > this.#maxCost) return false;
    while (this.#cost + entry.cost > this.#maxCost) this.#evict();
    this.#entries.set(entry.key, entry);
    this.#cost += entry.cost;
    entry.older = this.#newest;
    entry.newer = undefined;
    if (this.#newest === undefined) this.#oldest = entry;
    else this.#newest.newer = entry;
    this.#newest = entry;
    return true;
  }

  /** Takes an entry out. */
  remove(entry: T): void {
    const { key, cost, older, newer } = entry;
    this.#entries.delete(key);
    this.#cost -= cost;
    if (this.#hand === entry) this.#hand = newer;
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
    entry.older = undefined;
    entry.newer = undefined;
  }

  /** All keys, the oldest first. */
  keys(): IterableIterator<string> {
    return this.#entries.keys();
  }

  /** All entries, the oldest first. */
  values(): IterableIterator<T> {
    return this.#entries.values();
  }

  #evict(): void {
    let hand = this.#hand ?? this.#oldest;
    while (hand?.used === true) {
      hand.used = false;
      hand = hand.newer ?? this.#oldest;
    }
    if (hand === undefined) return;
    this.#hand = hand;
    this.remove(hand);
    this.#evicted(hand);
  }
}
