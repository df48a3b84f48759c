/** What a window holds. */
export interface Counts {
  readonly ok: number;
  readonly failed: number;
}

const SLICES = 10;

/**
 * Counts of good and bad outcomes over the last minutes, in slices that are written over as they age: constant memory, nothing allocated. The oldest slice goes as a
 * whole, so that the window reaches back between 90 and 100 % of its length.
 */
export class OutcomeWindow {
  readonly windowMs: number;
  readonly #sliceMs: number;
  readonly #ok = new Uint32Array(SLICES);
  readonly #failed = new Uint32Array(SLICES);
  #slice = 0;

  constructor(windowMs: number) {
    this.windowMs = windowMs;
    this.#sliceMs = windowMs / SLICES;
  }

  /** Counts one outcome. `now`: monotonic milliseconds. */
  add(ok: boolean, now: number): void {
    const at = this.#advance(now) % SLICES;
    if (ok) this.#ok[at] = (this.#ok[at] ?? 0) + 1;
    else this.#failed[at] = (this.#failed[at] ?? 0) + 1;
  }

  /** What the window holds at `now`. */
  counts(now: number): Counts {
    this.#advance(now);
    let ok = 0;
    let failed = 0;
    for (let i = 0; i < SLICES; i++) {
      ok += this.#ok[i] ?? 0;
      failed += this.#failed[i] ?? 0;
    }
    return { ok, failed };
  }

  /** What it holds at `now`, by age: good and bad in turn, the youngest slice first. */
  export(now: number): number[] {
    const youngest = this.#advance(now);
    const held: number[] = [];
    for (let age = 0; age < SLICES; age++) {
      const at = (((youngest - age) % SLICES) + SLICES) % SLICES;
      held.push(this.#ok[at] ?? 0, this.#failed[at] ?? 0);
    }
    return held;
  }

  /** Adds what another one of the same length held at about `now`. */
  absorb(held: readonly number[], now: number): void {
    const youngest = this.#advance(now);
    for (let age = 0; age < SLICES; age++) {
      const at = (((youngest - age) % SLICES) + SLICES) % SLICES;
      this.#ok[at] = (this.#ok[at] ?? 0) + (held[2 * age] ?? 0);
      this.#failed[at] = (this.#failed[at] ?? 0) + (held[2 * age + 1] ?? 0);
    }
  }

  /** Clears the slices that time has passed over since the last call. A `now` from before it counts as the present. */
  #advance(now: number): number {
    const slice = Math.floor(now / this.#sliceMs);
    if (slice <= this.#slice) return this.#slice;
    const passed = Math.min(SLICES, slice - this.#slice);
    for (let i = 0; i < passed; i++) {
      this.#ok[(slice - i) % SLICES] = 0;
      this.#failed[(slice - i) % SLICES] = 0;
    }
    this.#slice = slice;
    return slice;
  }
}
