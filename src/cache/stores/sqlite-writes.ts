import type { Clock } from '../../model/clock.ts';
import type { StoredResponse } from '../store.ts';
import type { Pieces } from './sqlite-pieces.ts';
import type { UnmadeDrops } from './unmade-drops.ts';
import { type Gone, minus, NONE, type Rows } from './sqlite-rows.ts';

/** Something that waits to be written. */
export type Write =
  | { readonly kind: 'put'; readonly key: string; readonly response: StoredResponse; readonly pieces?: Pieces }
  | { readonly kind: 'touch'; readonly id: number };

/** Writes that wait for one transaction, at most, and the bytes of their bodies. */
const QUEUE = 16;
const QUEUE_BYTES = 4 * 1024 * 1024;

/** How often what has lost its use is looked for, and how much of it goes then. */
const TIDY_MS = 10_000;
const TIDIED = 100;

/** What waits for the end of the turn to be written, and what the file holds. */
export class WriteQueue {
  readonly #bounds: StoreBounds;
  readonly #clock: Clock;
  #writes: Write[] = [];
  #bytes = 0;
  #tidyAt = -Infinity;
  /** Answers in the file, and what they take. */
  held: Gone = NONE;
  evictions = 0;

  constructor(bounds: StoreBounds, clock: Clock) {
    this.#bounds = bounds;
    this.#clock = clock;
  }

  get isEmpty(): boolean {
    return this.#writes.length === 0;
  }

  /** True where no more should wait. */
  get isFull(): boolean {
    return this.#writes.length >= QUEUE || this.#bytes >= QUEUE_BYTES;
  }

  /** Takes up one more. */
  add(write: Write): void {
    this.#writes.push(write);
    // a body in pieces is in the file already
    if (write.kind === 'put' && write.pieces === undefined) this.#bytes += write.response.body.length;
  }

  /** All that waits, which then waits no more. */
  take(): readonly Write[] {
    const writes = this.#writes;
    this.#writes = [];
    this.#bytes = 0;
    return writes;
  }

  /** Writes what was taken, in one transaction. Throws as SQLite does. */
  write(rows: Rows, writes: readonly Write[]): void {
    const { total, evicted } = rows.atomically(() => writeAll(rows, writes, this.held, this.#bounds, this.#clock.wallNow(), this.#tidy()));
    this.held = total;
    this.evictions += evicted;
  }

  /** Something went from the file. */
  count(gone: Gone): void {
    this.held = minus(this.held, gone);
  }

  /** How many of those that have lost their use go this time. */
  #tidy(): number {
    if (this.#clock.now() < this.#tidyAt) return 0;
    this.#tidyAt = this.#clock.now() + TIDY_MS;
    return TIDIED;
  }
}

/** Bytes of the file, about, and answers under one key. */
interface StoreBounds {
  readonly maxBytes: number;
  readonly maxVariants: number;
}

/** Answers that go at once to make room. */
const ROOM = 8;

/** Writes all that waits, removes up to `tidy` answers that have lost their use, and makes room. What the file holds then, of what it held before. */
function writeAll(
  rows: Rows,
  queue: readonly Write[],
  before: Gone,
  bounds: StoreBounds,
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
    const { added, replaced, surplus } = rows.put(write.key, write.response, { now, maxVariants: bounds.maxVariants, pieces: write.pieces });
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
