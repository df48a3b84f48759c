/** Expectations that count: those of the last while, so that what has changed is seen soon. */
const KEPT = 16;
/** So many have to have come true, and this share. */
const LEAST = 3;
const SHARE = 0.5;

/** How often what was expected was then asked for, of the last 16 times. */
export class Score {
  #outcomes: boolean[] = [];

  /** Notes one expectation. */
  add(cameTrue: boolean): void {
    this.#outcomes = [...this.#outcomes.slice(1 - KEPT), cameTrue];
  }

  /** How many are known. */
  get total(): number {
    return this.#outcomes.length;
  }

  /** How many of those came true. */
  get used(): number {
    return this.#outcomes.filter(Boolean).length;
  }

  /** Whether it is worth a request: three came true at least, and half of all. */
  get trusted(): boolean {
    return this.used >= LEAST && this.used >= this.total * SHARE;
  }
}
