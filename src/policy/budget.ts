import type { Clock } from '../model/clock.ts';

/** How many retries an upstream may get. */
export interface BudgetOptions {
  /** Retries per request of the window. */
  readonly ratio: number;
  readonly windowMs: number;
  /** Retries a second that are always allowed. */
  readonly minPerSecond: number;
}

/** One slice of the window. */
interface Slice {
  index: number;
  requests: number;
  retries: number;
}

const SLICES = 10;

/**
 * Stops retry storms: over the window, retries stay below `ratio` of the requests, except that `minPerSecond` are always allowed, averaged over the
 * window, so that low traffic can retry. Shared by all routes of an upstream. A window of slices by time: nothing has to expire it.
 */
export class RetryBudget {
  readonly #options: BudgetOptions;
  readonly #clock: Clock;
  readonly #slices: Slice[] = Array.from({ length: SLICES }, () => ({ index: -SLICES - 1, requests: 0, retries: 0 }));
  readonly #sliceMs: number;

  constructor(options: BudgetOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
    this.#sliceMs = options.windowMs / SLICES;
  }

  /** A request came in. */
  request(): void {
    this.#slice().requests++;
  }

  /** Takes one retry out of the budget; false where it is used up. */
  take(): boolean {
    const now = this.#slice();
    const { requests, retries } = this.#sum(now.index);
    const floor = (this.#options.minPerSecond * this.#options.windowMs) / 1000;
    if (retries + 1 > Math.max(floor, requests * this.#options.ratio)) return false;
    now.retries++;
    return true;
  }

  #slice(): Slice {
    const index = Math.floor(this.#clock.now() / this.#sliceMs);
    const slice = this.#slices[index % SLICES] as Slice;
    if (slice.index !== index) {
      slice.index = index;
      slice.requests = 0;
      slice.retries = 0;
    }
    return slice;
  }

  #sum(index: number): { requests: number; retries: number } {
    let requests = 0;
    let retries = 0;
    for (const slice of this.#slices) {
      if (slice.index <= index - SLICES) continue;
      requests += slice.requests;
      retries += slice.retries;
    }
    return { requests, retries };
  }
}
