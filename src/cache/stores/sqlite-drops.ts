import type { Drop, Gone, Rows } from './sqlite-rows.ts';

/** Answers that one slice of the work concerns: a few milliseconds. */
const SLICE = 50;
/** Up to here a drop says how many answers it concerns. */
const COUNTED = 10_000;

interface Pending extends Drop {
  /** The last answer that was marked. */
  after: number;
}

/**
 * Drops that are written but not yet worked off. What they concern is not found from the moment they are added, however many answers that are: the rows go, or are
 * marked, in slices.
 */
export class PendingDrops {
  #pending: Pending[];

  constructor(drops: readonly Drop[]) {
    this.#pending = drops.map((drop) => ({ ...drop, after: 0 }));
  }

  /** Whether all drops are worked off. */
  get isEmpty(): boolean {
    return this.#pending.length === 0;
  }

  /** Takes up drops that were just written and works off the first slice of each. How many answers they concern. */
  add(drops: readonly Drop[], rows: Rows, gone: (gone: Gone) => void): number {
    let count = 0;
    for (const drop of drops) {
      const pending = { ...drop, after: 0 };
      this.#pending.push(pending);
      const { done, concerned } = this.#slice(pending, rows, gone);
      count += concerned;
      if (!done) count += rows.left(pending, pending.after, COUNTED);
    }
    return count;
  }

  /** Works off one more slice. */
  work(rows: Rows, gone: (gone: Gone) => void): void {
    const [next] = this.#pending;
    if (next !== undefined) this.#slice(next, rows, gone);
  }

  /** Whether an answer with these tags was dropped. */
  isDead(id: number, tags: readonly string[]): boolean {
    return this.#pending.some(({ soft, upto, tag }) => soft === 0 && id <= upto && tags.includes(tag));
  }

  /** Whether it was marked softly. */
  isMarked(id: number, tags: readonly string[]): boolean {
    return this.#pending.some(({ soft, upto, tag }) => soft === 1 && id <= upto && tags.includes(tag));
  }

  #slice(pending: Pending, rows: Rows, gone: (gone: Gone) => void): { readonly done: boolean; readonly concerned: number } {
    const concerned = pending.soft === 1 ? mark(pending, rows) : remove(pending, rows, gone);
    const done = concerned < SLICE;
    if (done) {
      rows.dropDone(pending.id);
      this.#pending = this.#pending.filter((other) => other !== pending);
    }
    return { done, concerned };
  }
}

function mark(pending: Pending, rows: Rows): number {
  const ids = rows.markSlice(pending, pending.after, SLICE);
  pending.after = ids.at(-1) ?? pending.after;
  return ids.length;
}

function remove(pending: Pending, rows: Rows, gone: (gone: Gone) => void): number {
  const removed = rows.removeSlice(pending, SLICE);
  gone(removed);
  return removed.count;
}
