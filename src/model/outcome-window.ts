/** What a window holds. A slow outcome is a good or a bad one too. */
export interface OutcomeCounts {
  readonly ok: number;
  readonly failed: number;
  readonly slow: number;
}

/** What a window holds, as plain data: good, bad and slow in turn, the youngest slice first. By age, since every process has a clock of its own. */
export type WindowSnapshot = readonly number[];

const SLICES = 10;

/**
 * Counts of good, bad and slow outcomes over a time, in slices that are written over as they age: constant memory, nothing allocated, nobody has to expire them. The oldest slice
 * goes as a whole, so that the window reaches back between 90 and 100 % of its length. Times are monotonic milliseconds.
 */
export class OutcomeWindow {
  readonly windowMs: number;
  readonly #sliceMs: number;
  readonly #ok = new Uint32Array(SLICES);
  readonly #failed = new Uint32Array(SLICES);
  readonly #slow = new Uint32Array(SLICES);
  #slice = 0;

  constructor(windowMs: number) {
    this.windowMs = windowMs;
    this.#sliceMs = windowMs / SLICES;
  }

  /** Counts one outcome. */
  add(ok: boolean, now: number, slow = false): void {
    const at = this.#advance(now) % SLICES;
    if (ok) this.#ok[at] = (this.#ok[at] ?? 0) + 1;
    else this.#failed[at] = (this.#failed[at] ?? 0) + 1;
    if (slow) this.#slow[at] = (this.#slow[at] ?? 0) + 1;
  }

  /** Counts outcomes that others saw just now. */
  addAll({ ok, failed, slow }: OutcomeCounts, now: number): void {
    this.#take(this.#advance(now) % SLICES, ok, failed, slow);
  }

  /** What the window holds at `now`. */
  counts(now: number): OutcomeCounts {
    this.#advance(now);
    let ok = 0;
    let failed = 0;
    let slow = 0;
    for (let i = 0; i < SLICES; i++) {
      ok += this.#ok[i] ?? 0;
      failed += this.#failed[i] ?? 0;
      slow += this.#slow[i] ?? 0;
    }
    return { ok, failed, slow };
  }

  /** Forgets everything. */
  clear(): void {
    this.#ok.fill(0);
    this.#failed.fill(0);
    this.#slow.fill(0);
  }

  /** What it holds at `now`. */
  export(now: number): WindowSnapshot {
    const youngest = this.#advance(now);
    const held: number[] = [];
    for (let age = 0; age < SLICES; age++) {
      const at = placeOf(youngest - age);
      held.push(this.#ok[at] ?? 0, this.#failed[at] ?? 0, this.#slow[at] ?? 0);
    }
    return held;
  }

  /** Adds what another one of the same length held at about `now`. */
  absorb(held: WindowSnapshot, now: number): void {
    const youngest = this.#advance(now);
    for (let age = 0; age < SLICES; age++) {
      const [ok = 0, failed = 0, slow = 0] = held.slice(3 * age, 3 * age + 3);
      this.#take(placeOf(youngest - age), ok, failed, slow);
    }
  }

  #take(at: number, ok: number, failed: number, slow: number): void {
    this.#ok[at] = (this.#ok[at] ?? 0) + ok;
    this.#failed[at] = (this.#failed[at] ?? 0) + failed;
    this.#slow[at] = (this.#slow[at] ?? 0) + slow;
  }

  /** Clears the slices that time has passed over since the last call. A `now` from before it counts as the present. */
  #advance(now: number): number {
    const slice = Math.floor(now / this.#sliceMs);
    if (slice <= this.#slice) return this.#slice;
    const passed = Math.min(SLICES, slice - this.#slice);
    for (let i = 0; i < passed; i++) {
      const at = (slice - i) % SLICES;
      this.#ok[at] = 0;
      this.#failed[at] = 0;
      this.#slow[at] = 0;
    }
    this.#slice = slice;
    return slice;
  }
}

function placeOf(slice: number): number {
  return ((slice % SLICES) + SLICES) % SLICES;
}
