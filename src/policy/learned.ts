import type { Bulkhead } from './bulkhead.ts';
import type { Latencies } from './latency.ts';
import type { PaceBucket } from './pace-bucket.ts';
import type { Departures } from './patience.ts';
import type { Recent } from './recent.ts';

/** Things of one kind, each known by what it was learned of. What is learned of the same by several, in their order, is kept apart. */
export class Kept<T> {
  readonly #own = new Map<string, T[]>();
  #before: ReadonlyMap<string, readonly T[]> = new Map();

  /** What was learned of the same before the reload: the very same, since calls that are under way still add to it. Made where there is none. */
  of(what: unknown, make: () => T): T {
    const key = JSON.stringify(what);
    const same = this.#own.get(key) ?? [];
    const found = this.#before.get(key)?.[same.length] ?? make();
    this.#own.set(key, [...same, found]);
    return found;
  }

  /** Has what the same kind knew before a reload to give. Nothing happens to that: the reload may still be refused. */
  adopt(previous: Kept<T>): void {
    this.#before = previous.#own;
  }
}

/** What the routes of one upstream learn of it and of its clients, for a reload to leave as it is. */
export class Learned {
  /** Buckets of paces: their levels, and the values that rest. */
  readonly paces = new Kept<Recent<PaceBucket>>();
  /** By which hedges know what is slow. */
  readonly latencies = new Kept<Latencies>();
  /** By which it is known how long clients wait. */
  readonly departures = new Kept<Departures>();
  /** Places of routes, with the limit that was found for them. */
  readonly places = new Kept<Bulkhead>();

  /** Has what was learned before a reload to give. Before the routes ask for it. */
  adopt(previous: Learned): void {
    this.paces.adopt(previous.paces);
    this.latencies.adopt(previous.latencies);
    this.departures.adopt(previous.departures);
    this.places.adopt(previous.places);
  }
}
