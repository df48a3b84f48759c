import type { Clock } from '../model/clock.ts';

/** How many retries an upstream may get. */
export interface BudgetOptions {
  /** Retries per request of the window. */
  readonly ratio: number;
  readonly windowMs: number;
  /** Retries a second that are always allowed. */
  readonly minPerSecond: number;
}

/** What a budget remembers, for one that takes its place: ages in slices of the window, youngest first. */
export interface BudgetSnapshot {
  readonly windowMs: number;
  readonly slices: readonly { readonly age: number; readonly requests: number; readonly retries: number }[];
}

/** One slice of the window. */
interface Slice {
  index: number;
  requests: number;
  retries: number;
}

const SLICES = 10;
/** How much of one second's share may be spent at once: what was saved up over the window must not go out in one burst when an outage begins. */
const BURST = 0.25;

/**
 * Stops retry storms: over the window, retries stay below `ratio` of the requests, and come no faster than that share lets them, except that `minPerSecond` are
 * always allowed, averaged over the window, so that low traffic can retry. Shared by all routes of an upstream. A window of slices by time: nothing
 * has to expire it.
 */
export class RetryBudget {
  readonly #options: BudgetOptions;
  readonly #clock: Clock;
  readonly #slices: Slice[] = Array.from({ length: SLICES }, () => ({ index: -SLICES - 1, requests: 0, retries: 0 }));
  readonly #sliceMs: number;
  readonly #floor: number;
  /** What was counted here since the others that share it were told. */
  #untoldRequests = 0;
  #untoldRetries = 0;
  /** Retries that may go out now; each request adds its share. Below 0 where the floor was used. */
  #ready = 0;
  #readyAtMost = 1;

  readonly #dirty: (() => void) | undefined;

  /** `dirty`: told of each retry, where others share the budget. */
  constructor(options: BudgetOptions, clock: Clock, dirty?: () => void) {
    this.#dirty = dirty;
    this.#options = options;
    this.#clock = clock;
    this.#sliceMs = options.windowMs / SLICES;
    this.#floor = (options.minPerSecond * options.windowMs) / 1000;
  }

  /** A request came in. */
  request(): void {
    this.#slice().requests++;
    this.#untoldRequests++;
    this.#ready = Math.min(this.#readyAtMost, this.#ready + this.#options.ratio);
  }

  /** Takes one retry out of the budget; false where it is used up. */
  take(): boolean {
    if (!this.#allows()) return false;
    this.charge();
    return true;
  }

  /** A retry that was not ours to refuse, such as a client's own, is charged all the same. */
  charge(): void {
    this.#slice().retries++;
    this.#untoldRetries++;
    this.#dirty?.();
    this.#ready = Math.max(-this.#floor, this.#ready - 1);
  }

  /** What was counted here since the last time; undefined where nothing was. */
  takeUntold(): { readonly requests: number; readonly retries: number } | undefined {
    if (this.#untoldRequests + this.#untoldRetries === 0) return undefined;
    const told = { requests: this.#untoldRequests, retries: this.#untoldRetries };
    this.#untoldRequests = 0;
    this.#untoldRetries = 0;
    return told;
  }

  /** Counts what came in elsewhere: the budget is one for all that share it. */
  hear({ requests, retries }: { readonly requests: number; readonly retries: number }): void {
    const slice = this.#slice();
    slice.requests += requests;
    slice.retries += retries;
    this.#ready = Math.min(this.#readyAtMost, this.#ready + requests * this.#options.ratio);
    this.#ready = Math.max(-this.#floor, this.#ready - retries);
  }

  /** Requests and retries of the window, and whether a retry would be allowed. */
  get stats(): { requests: number; retries: number; allows: boolean } {
    return { ...this.#sum(this.#slice().index), allows: this.#allows() };
  }

  /** What it remembers. */
  export(): BudgetSnapshot {
    const { index } = this.#slice();
    const live = this.#slices.filter((slice) => slice.index > index - SLICES);
    const slices = live.map(({ index: of, requests, retries }) => ({ age: index - of, requests, retries }));
    return { windowMs: this.#options.windowMs, slices };
  }

  /** Takes over what another one remembered; nothing where its window was another. */
  adopt(snapshot: BudgetSnapshot): void {
    if (snapshot.windowMs !== this.#options.windowMs) return;
    const { index } = this.#slice();
    for (const { age, requests, retries } of snapshot.slices) {
      const slice = this.#slices[(index - age) % SLICES] as Slice;
      if (slice.index !== index - age) Object.assign(slice, { index: index - age, requests: 0, retries: 0 });
      slice.requests += requests;
      slice.retries += retries;
    }
    this.#bound();
  }

  #allows(): boolean {
    const { requests, retries } = this.#sum(this.#slice().index);
    if (retries + 1 <= this.#floor) return true;
    return retries + 1 <= requests * this.#options.ratio && this.#ready >= 1;
  }

  #slice(): Slice {
    const index = Math.floor(this.#clock.now() / this.#sliceMs);
    const slice = this.#slices[index % SLICES] as Slice;
    if (slice.index !== index) {
      slice.index = index;
      slice.requests = 0;
      slice.retries = 0;
      this.#bound();
    }
    return slice;
  }

  /** What may be saved up follows the traffic of the window. */
  #bound(): void {
    const { requests } = this.#sum(Math.floor(this.#clock.now() / this.#sliceMs));
    const perSecond = (requests * 1000) / this.#options.windowMs;
    this.#readyAtMost = Math.max(1, BURST * this.#options.ratio * perSecond);
    this.#ready = Math.min(this.#ready, this.#readyAtMost);
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
