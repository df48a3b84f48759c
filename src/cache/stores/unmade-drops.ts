/** Tags whose drop could not be made, and whether softly; `all` where they were too many to remember: then everything has to go. */
export interface Unmade {
  readonly all: boolean;
  readonly tags: readonly (readonly [tag: string, soft: boolean])[];
}

/** Drops that a store could not make, to be made before anything in it is found again. A bounded number: an outage may be long, and every write has tags of its own. */
export class UnmadeDrops {
  readonly #max: number;
  readonly #tags = new Map<string, boolean>();
  #all = false;

  constructor(max: number) {
    this.#max = max;
  }

  /** Whether there is none to be made. */
  get isEmpty(): boolean {
    return !this.#all && this.#tags.size === 0;
  }

  /** Remembers tags. One that is to be dropped is not softened again. */
  add(tags: readonly string[], soft: boolean): void {
    if (this.#all) return;
    for (const tag of tags) this.#tags.set(tag, soft && this.#tags.get(tag) !== false);
    if (this.#tags.size > this.#max) this.#everything();
  }

  /** Everything that is remembered, which is then forgotten: whoever cannot make it either gives it back. */
  take(): Unmade {
    const taken = { all: this.#all, tags: [...this.#tags] };
    this.#all = false;
    this.#tags.clear();
    return taken;
  }

  /** Remembers again what was taken. */
  giveBack({ all, tags }: Unmade): void {
    if (all) this.#everything();
    for (const [tag, soft] of tags) this.add([tag], soft);
  }

  #everything(): void {
    this.#all = true;
    this.#tags.clear();
  }
}
