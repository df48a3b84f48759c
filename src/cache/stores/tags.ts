/** A name that entries hold on to. Dropping it drops them all at once, whatever their number. */
export interface Tag {
  readonly name: string;
  /** Entries that hold it. */
  refs: number;
  /** True once it was dropped: what holds it is gone. */
  dead: boolean;
  /** The soft purge that last marked it. */
  softAt: number;
}

/**
 * The tags in use. An entry holds the tag itself and not its name, so that an invalidation marks one object, costs the same for one entry and for a million, and keeps no list
 * of keys; who asks for the name afterwards gets a new tag. A tag that nobody holds is forgotten: the table is as large as what is stored.
 */
export class TagTable {
  readonly #tags = new Map<string, Tag>();
  #softPurges = 0;
  #drops = 0;

  /** Changes with every drop, hard or soft: what was looked at since the last one needs no second look. */
  get generation(): number {
    return this.#drops;
  }

  /** Soft purges so far: what was stored before a purge is stale after it. */
  get epoch(): number {
    return this.#softPurges;
  }

  /** Takes hold of tags for one entry. */
  hold(names: readonly string[]): Tag[] {
    return names.map((name) => {
      let tag = this.#tags.get(name);
      if (tag === undefined) {
        tag = { name, refs: 0, dead: false, softAt: 0 };
        this.#tags.set(name, tag);
      }
      tag.refs++;
      return tag;
    });
  }

  /** Lets go of what `hold` gave. */
  release(held: readonly Tag[]): void {
    for (const tag of held) {
      tag.refs--;
      if (tag.refs === 0 && !tag.dead) this.#tags.delete(tag.name);
    }
  }

  /** Drops tags, or marks what holds them stale. How many entries that concerns, each counted once per tag. */
  drop(names: readonly string[], soft: boolean): number {
    let count = 0;
    this.#drops++;
    if (soft) this.#softPurges++;
    for (const name of names) {
      const tag = this.#tags.get(name);
      if (tag === undefined) continue;
      count += tag.refs;
      if (soft) {
        tag.softAt = this.#softPurges;
        continue;
      }
      tag.dead = true;
      this.#tags.delete(name);
    }
    return count;
  }
}

/** Whether one of the tags that an entry holds was dropped. */
export function isDead(held: readonly Tag[]): boolean {
  for (const tag of held) if (tag.dead) return true;
  return false;
}

/** Whether one of them was marked by a soft purge after `epoch`. */
export function isMarked(held: readonly Tag[], epoch: number): boolean {
  for (const tag of held) if (tag.softAt > epoch) return true;
  return false;
}
