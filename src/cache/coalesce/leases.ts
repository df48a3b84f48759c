/** A fetch under way, as far as writes concern it: once one of its tags was dropped, what it brings is older than the write and must not be stored. */
export interface Lease {
  readonly tags: readonly string[];
  dead: boolean;
}

/** The fetches under way, by tag. */
export class Leases {
  readonly #byTag = new Map<string, Set<Lease>>();

  /** Opens a lease; `close` it when its answer was stored or will not be. */
  open(tags: readonly string[]): Lease {
    const lease = { tags, dead: false };
    for (const tag of tags) {
      const held = this.#byTag.get(tag);
      if (held === undefined) this.#byTag.set(tag, new Set([lease]));
      else held.add(lease);
    }
    return lease;
  }

  /** The answer was stored, or will not be. */
  close(lease: Lease): void {
    for (const tag of lease.tags) {
      const held = this.#byTag.get(tag);
      held?.delete(lease);
      if (held?.size === 0) this.#byTag.delete(tag);
    }
  }

  /** A write dropped these tags. `own`: what it brings itself, which is no older. */
  kill(tags: readonly string[], own?: Lease): void {
    for (const tag of tags) for (const lease of this.#byTag.get(tag) ?? []) if (lease !== own) lease.dead = true;
  }

  /** Everything may have changed. */
  killAll(): void {
    for (const held of this.#byTag.values()) for (const lease of held) lease.dead = true;
  }
}
