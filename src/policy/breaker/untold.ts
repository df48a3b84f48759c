import type { Clock } from '../../model/clock.ts';

/** What a breaker has seen since it was last told to those that share it. Plain data. */
export interface Sightings {
  readonly good: number;
  readonly bad: number;
  readonly slow: number;
  /** Whether a good answer ended the run of failures that was there before. */
  readonly ended: boolean;
  /** Failures in a row at its end. */
  readonly inARow: number;
  /** When the first of these was seen, in milliseconds since the epoch. */
  readonly at: number;
  /** The last event that was known when that attempt began, in milliseconds since the epoch. */
  readonly after: number;
  /** The last failure, for people. */
  readonly what: string;
}

/** Adds up what one process has seen of an upstream until the others are told: a few numbers, however much it is. */
export class Untold {
  #good = 0;
  #bad = 0;
  #slow = 0;
  #ended = false;
  #inARow = 0;
  #at = 0;
  #after = 0;
  #what = '';
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A good answer; `ends` a run of failures. */
  success(slow: boolean, ends: boolean): void {
    this.#good++;
    if (slow) this.#slow++;
    if (!ends) return;
    this.#ended = true;
    this.#inARow = 0;
  }

  /** A failure; a `soft` one is none of a row. `after`: the last event that was known when the attempt began. */
  failure(soft: boolean, slow: boolean, what: string, after: number): void {
    this.#bad++;
    if (slow) this.#slow++;
    if (!soft && this.#inARow++ === 0) {
      this.#at = this.#clock.wallNow();
      this.#after = after;
    }
    this.#what = what;
  }

  /** Whether there is anything. */
  get any(): boolean {
    return this.#good + this.#bad > 0;
  }

  /** Everything since the last time; undefined where there is nothing. */
  take(): Sightings | undefined {
    if (!this.any) return undefined;
    const seen = {
      good: this.#good,
      bad: this.#bad,
      slow: this.#slow,
      ended: this.#ended,
      inARow: this.#inARow,
      at: this.#at,
      after: this.#after,
      what: this.#what,
    };
    this.clear();
    return seen;
  }

  /** Forgets it. */
  clear(): void {
    this.#good = 0;
    this.#bad = 0;
    this.#slow = 0;
    this.#ended = false;
    this.#inARow = 0;
    this.#what = '';
  }
}
