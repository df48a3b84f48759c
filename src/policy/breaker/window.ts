import type { Clock } from '../../model/clock.ts';

const SLICES = 10;

/** What a window holds. A slow outcome is a good or a bad one too. */
export interface WindowCounts {
  readonly total: number;
  readonly failures: number;
  readonly slow: number;
}

/** A window for one that takes its place: its slices by age. */
export interface WindowSnapshot {
  readonly windowMs: number;
  readonly slices: readonly { readonly age: number; readonly good: number; readonly bad: number; readonly slow: number }[];
}

/** Outcomes of the last `windowMs` milliseconds, in slices by time: old ones count no more, with no one to expire them. */
export class OutcomeWindow {
  readonly #windowMs: number;
  readonly #clock: Clock;
  readonly #index = new Float64Array(SLICES).fill(-Infinity);
  readonly #good = new Float64Array(SLICES);
  readonly #bad = new Float64Array(SLICES);
  readonly #slow = new Float64Array(SLICES);

  constructor(windowMs: number, clock: Clock) {
    this.#windowMs = windowMs;
    this.#clock = clock;
  }

  /** Counts one outcome. */
  add(success: boolean, slow = false): void {
    const at = this.#slice(this.#now());
    const side = success ? this.#good : this.#bad;
    side[at] = (side[at] ?? 0) + 1;
    if (slow) this.#slow[at] = (this.#slow[at] ?? 0) + 1;
  }

  /** Counts outcomes that others saw. */
  addAll(good: number, bad: number, slow: number): void {
    const at = this.#slice(this.#now());
    this.#good[at] = (this.#good[at] ?? 0) + good;
    this.#bad[at] = (this.#bad[at] ?? 0) + bad;
    this.#slow[at] = (this.#slow[at] ?? 0) + slow;
  }

  /** Outcomes in the window, and how many of them were failures, and slow. */
  get counts(): WindowCounts {
    const oldest = this.#now() - SLICES;
    let total = 0;
    let failures = 0;
    let slow = 0;
    for (let i = 0; i < SLICES; i++) {
      if ((this.#index[i] ?? -Infinity) <= oldest) continue;
      total += (this.#good[i] ?? 0) + (this.#bad[i] ?? 0);
      failures += this.#bad[i] ?? 0;
      slow += this.#slow[i] ?? 0;
    }
    return { total, failures, slow };
  }

  /** Forgets everything. */
  clear(): void {
    this.#index.fill(-Infinity);
  }

  /** What it holds. */
  export(): WindowSnapshot {
    const now = this.#now();
    const slices = [];
    for (let i = 0; i < SLICES; i++) {
      const age = now - (this.#index[i] ?? -Infinity);
      if (age < SLICES) slices.push({ age, good: this.#good[i] ?? 0, bad: this.#bad[i] ?? 0, slow: this.#slow[i] ?? 0 });
    }
    return { windowMs: this.#windowMs, slices };
  }

  /** Takes over what another one held; nothing where its length was another. */
  adopt(snapshot: WindowSnapshot): void {
    if (snapshot.windowMs !== this.#windowMs) return;
    for (const { age, good, bad, slow } of snapshot.slices) {
      const at = this.#slice(this.#now() - age);
      this.#good[at] = (this.#good[at] ?? 0) + good;
      this.#bad[at] = (this.#bad[at] ?? 0) + bad;
      this.#slow[at] = (this.#slow[at] ?? 0) + slow;
    }
  }

  #now(): number {
    return Math.floor((this.#clock.now() * SLICES) / this.#windowMs);
  }

  /** The place of a slice, emptied where it held an older one. */
  #slice(index: number): number {
    const at = ((index % SLICES) + SLICES) % SLICES;
    if (this.#index[at] !== index) {
      this.#index[at] = index;
      this.#good[at] = 0;
      this.#bad[at] = 0;
      this.#slow[at] = 0;
    }
    return at;
  }
}
