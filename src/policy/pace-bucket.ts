/** How fast the requests of one value go out. */
export interface PaceRate {
  /** Requests per millisecond in the long run. */
  readonly perMs: number;
  /** Requests that may go at once after a pause. */
  readonly burst: number;
}

/** How long a value rests once the upstream has said that its limit was reached. Milliseconds. */
export interface HoldTimes {
  readonly baseMs: number;
  readonly factor: number;
  readonly maxMs: number;
}

/**
 * A token bucket that gives places in time: a taker who finds no token takes one of the future and is told how long to wait for it, so that waiters go in order and need no
 * queue. A hold keeps everyone back until it is over.
 */
export class PaceBucket {
  readonly #rate: PaceRate;
  /** Below 0: tokens of the future that were given away. */
  #tokens: number;
  #at: number;
  #heldUntil = -Infinity;
  #strikes = 0;

  constructor(rate: PaceRate, now: number) {
    this.#rate = rate;
    this.#tokens = rate.burst;
    this.#at = now;
  }

  /** Milliseconds until a request that comes now may go. */
  waitMs(now: number): number {
    this.#refill(now);
    const forToken = this.#tokens >= 1 ? 0 : (1 - this.#tokens) / this.#rate.perMs;
    return Math.max(forToken, this.#heldUntil - now, 0);
  }

  /** Milliseconds that the value still rests for those who have their token already. */
  restMs(now: number): number {
    return Math.max(0, this.#heldUntil - now);
  }

  /** Takes a token, of the future where there is none. */
  take(now: number): void {
    this.#refill(now);
    this.#tokens -= 1;
  }

  /** Gives a token back whose request was not sent. */
  giveBack(now: number): void {
    this.#refill(now);
    this.#tokens = Math.min(this.#rate.burst, this.#tokens + 1);
  }

  /** The upstream says that the limit was reached. Returns how long the value rests: longer with each time in a row. */
  hold(times: HoldTimes, now: number): number {
    const restMs = Math.min(times.maxMs, times.baseMs * times.factor ** this.#strikes);
    this.#strikes++;
    this.#heldUntil = Math.max(this.#heldUntil, now + restMs);
    // one goes when the rest is over, and then one after the other: a burst would be held again
    this.#refill(now);
    this.#tokens = Math.min(this.#tokens, 1 - restMs * this.#rate.perMs);
    return restMs;
  }

  /** The upstream took a request: the next hold starts from the beginning. */
  good(): void {
    this.#strikes = 0;
  }

  #refill(now: number): void {
    this.#tokens = Math.min(this.#rate.burst, this.#tokens + (now - this.#at) * this.#rate.perMs);
    this.#at = now;
  }
}
