import type { Clock } from '../../model/clock.ts';
import type { Sightings } from './untold.ts';

/** Attempts that ran side by side and failed within this time of each other failed of one event: a reset, a restart. Milliseconds. */
const ONE_EVENT_MS = 250;
/** Two processes that share an upstream and both see a failure within this time of each other, neither knowing of the other's, see the same event. Milliseconds. */
const SAME_EVENT_MS = 50;
/** Times of other processes are told in whole milliseconds. */
const ROUNDING_MS = 2;

/** Tells failures that are events of their own from those of many that were under way when one thing went wrong. At low traffic a single reset would else open a breaker. */
export class FailureEvents {
  readonly #clock: Clock;
  #count = 0;
  #lastAt = -Infinity;
  #after = -Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Which events an attempt that begins now comes after. */
  get mark(): number {
    return this.#count;
  }

  /** Whether the failure of an attempt that began at `mark` is an event of its own; then it is the last one. */
  isNew(mark: number): boolean {
    const now = this.#clock.now();
    if (mark < this.#count && now - this.#lastAt < ONE_EVENT_MS) return false;
    this.#after = mark < this.#count ? -Infinity : this.#lastAt;
    this.#note(now);
    return true;
  }

  /** The last event that was known when the attempt began whose failure was new, in milliseconds since the epoch. */
  get after(): number {
    return this.#after + this.#clock.wallNow() - this.#clock.now();
  }

  /** What another process saw, without the event that was seen here too. Attempts that are under way here add nothing to what was heard. */
  heard(seen: Sightings): Sightings {
    if (seen.inARow === 0) return seen;
    const toOurs = this.#clock.now() - this.#clock.wallNow();
    const seenAt = seen.at + toOurs;
    const knewOurs = seen.after + toOurs >= this.#lastAt - ROUNDING_MS;
    const same = !knewOurs && Math.abs(seenAt - this.#lastAt) < SAME_EVENT_MS;
    this.#note(Math.max(this.#lastAt, seenAt));
    return same ? { ...seen, inARow: seen.inARow - 1 } : seen;
  }

  #note(at: number): void {
    this.#count++;
    this.#lastAt = at;
  }
}
