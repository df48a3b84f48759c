import type { StoredResponse } from '../store.ts';
import type { UnmadeDrops } from './unmade-drops.ts';
import { type Gone, minus, type Rows } from './sqlite-rows.ts';

/** Something that waits to be written. */
export type Write =
  { readonly kind: 'put'; readonly key: string; readonly response: StoredResponse } | { readonly kind: 'touch'; readonly id: number };

/** Answers that go at once to make room. */
const ROOM = 8;

/** Writes all that waits, removes up to `tidy` answers that have lost their use, and makes room. What the file holds then, of what it held before. */
export function writeAll(
  rows: Rows,
  queue: readonly Write[],
  before: Gone,
  bounds: { readonly maxBytes: number; readonly maxVariants: number },
  now: number,
  tidy: number,
): { readonly total: Gone; readonly evicted: number } {
  let total = before;
  let evicted = 0;
  for (const write of queue) {
    if (write.kind === 'touch') {
      rows.touch(write.id, now);
      continue;
    }
    const { added, replaced, surplus } = rows.put(write.key, write.response, now, bounds.maxVariants);
    total = minus(minus({ count: total.count + 1, cost: total.cost + added }, replaced), surplus);
    evicted += surplus.count;
  }
  if (tidy > 0) total = minus(total, rows.removeEnded(now, tidy));
  while (total.cost > bounds.maxBytes) {
    const gone = rows.removeLeastUsed(ROOM);
    if (gone.count === 0) break;
    total = minus(total, gone);
    evicted += gone.count;
  }
  return { total, evicted };
}

/** Rows that go in one statement where all have to. */
const CLEARED = 500;

/** Writes down drops that could not be made before; where they were too many to remember, everything goes. Throws as SQLite does: they then stay remembered. */
export function saveDrops(rows: Rows, unmade: UnmadeDrops): void {
  const taken = unmade.take();
  try {
    if (taken.all) for (let cleared = CLEARED; cleared === CLEARED;) cleared = rows.removeLeastUsed(CLEARED).count;
    const last = rows.last();
    rows.atomically(() => {
      for (const [tag, soft] of taken.tags) rows.drop(tag, last, soft);
    });
  } catch (error) {
    unmade.giveBack(taken);
    throw error;
  }
}
