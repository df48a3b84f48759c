import type { Clock } from '../../model/clock.ts';

const SLICES = 10;

/** Successes and failures of the last `windowMs` milliseconds, in slices by time: old ones count no more, with no one to expire them. */
export class OutcomeWindow {
  readonly #sliceMs: number;
  readonly #clock: Clock;
  readonly #index = new Float64Array(SLICES).fill(-Infinity);
  readonly #good = new Float64Array(SLICES);
  readonly #bad = new Float64Array(SLICES);

  constructor(windowMs: number, clock: Clock) {
    this.#sliceMs = windowMs / SLICES;
    this.#clock = clock;
  }

  /** Counts one outcome. */
  add(success: boolean): void {
    const index = Math.floor(this.#clock.now() / this.#sliceMs);
    const at = index % SLICES;
    if (this.#index[at] !== index) {
      this.#index[at] = index;
      this.#good[at] = 0;
      this.#bad[at] = 0;
    }
    const side = success ? this.#good : this.#bad;
    side[at] = (side[at] ?? 0) + 1;
  }

  /** Outcomes in the window, and how many of them were failures. */
  get counts(): { total: number; failures: number } {
    const oldest = Math.floor(this.#clock.now() / this.#sliceMs) - SLICES;
    let total = 0;
    let failures = 0;
    for (let i = 0; i < SLICES; i++) {
      if ((this.#index[i] ?? -Infinity) <= oldest) continue;
      total += (this.#good[i] ?? 0) + (this.#bad[i] ?? 0);
      failures += this.#bad[i] ?? 0;
    }
    return { total, failures };
  }

  /** Forgets everything. */
  clear(): void {
    this.#index.fill(-Infinity);
  }
}
