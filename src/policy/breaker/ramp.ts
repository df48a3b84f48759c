import type { Clock } from '../../model/clock.ts';

/** The share that is let through at once: else the first to come would wait for nothing. */
const FIRST_SHARE = 0.1;
/** Gaps in which, at the latest, one is let through, per ramp: low traffic does not notice it. */
const GAPS = 20;

/** Lets a growing share through after a breaker has closed: an upstream that has just come back must not get everything at once. */
export class Ramp {
  readonly until: number;
  readonly #ms: number;
  readonly #clock: Clock;
  #lastAt = -Infinity;

  constructor(ms: number, clock: Clock) {
    this.#ms = ms;
    this.#clock = clock;
    this.until = clock.now() + ms;
  }

  /** Whether one more is let through. */
  admits(): boolean {
    const now = this.#clock.now();
    if (now >= this.until) return true;
    const share = Math.max(FIRST_SHARE, 1 - (this.until - now) / this.#ms);
    if (now - this.#lastAt < this.#ms / GAPS && this.#clock.random() >= share) return false;
    this.#lastAt = now;
    return true;
  }
}

/** The ramp of a breaker that closes now; undefined where it lets everything through at once (`rampMs` 0). */
export function rampOf(rampMs: number, clock: Clock): Ramp | undefined {
  return rampMs > 0 ? new Ramp(rampMs, clock) : undefined;
}
