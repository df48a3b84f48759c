/**
 * What a breaker makes of the active probes of its host: how many failed in a row, and whether the next good one may end the open time. That is not so twice on
 * the word of a probe that sees nothing of what fails here.
 */
export class ActiveProbes {
  #failed = 0;
  #trusted = true;

  /** Notes what one found: how many have failed in a row. One that fails sees what is wrong, and is believed again. */
  note(ok: boolean): number {
    this.#failed = ok ? 0 : this.#failed + 1;
    if (!ok) this.#trusted = true;
    return this.#failed;
  }

  /** Whether a good one may end the open time now. */
  get trusted(): boolean {
    return this.#trusted;
  }

  /** One has ended the open time: the next good one may not. */
  spend(): void {
    this.#trusted = false;
  }

  /** It closed: they were right. */
  trust(): void {
    this.#trusted = true;
  }
}
