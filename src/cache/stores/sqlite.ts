import type { DatabaseSync } from 'node:sqlite';
import type { Clock } from '../../model/clock.ts';
import type { CacheStore, Found, MaybePromise, StoredResponse, StoredSummary, StoreFilter, StoreStats } from '../store.ts';
import { foundOf, type Head, matches, summaryOf } from './record.ts';
import { PendingDrops } from './sqlite-drops.ts';
import { LargeBodies, PIECE } from './sqlite-pieces.ts';
import { type Database, SqliteFile } from './sqlite-file.ts';
import { headOf, type Row, Rows } from './sqlite-rows.ts';
import { saveDrops, type Write, WriteQueue } from './sqlite-writes.ts';
import { UnmadeDrops } from './unmade-drops.ts';

/** Bounds of a SQLite store, and where it is. */
export interface SqliteStoreOptions {
  readonly file: string;
  /** Bytes of the file, about. */
  readonly maxBytes: number;
  /** Answers under one key. */
  readonly maxVariants: number;
  /** Told what an operator should know about the file. */
  readonly notice: (text: string) => void;
}

/** How exactly the order of use is kept. */
const TOUCH_MS = 60_000;
/** Rows that one step of long work looks at. */
const SLICE = 500;
/** Drops remembered while the file cannot be had; beyond, it is begun anew when it can. */
const UNSAVED = 10_000;

const NOTHING: readonly Found[] = [];

/** Opens a store in one file, made when it is not there. What cannot be opened is tried again later and finds nothing until then. */
export async function openSqliteStore(options: SqliteStoreOptions, clock: Clock): Promise<SqliteStore> {
  const sqlite = await import('node:sqlite');
  return new SqliteStore(sqlite.DatabaseSync, options, clock);
}

/**
 * Keeps answers in one file that survives restarts and kill -9. Reads are made at once; writes wait for the end of the turn and go together. The least recently
 * used goes first, by the minute.
 */
export class SqliteStore implements CacheStore {
  readonly name = 'sqlite';
  readonly shared = false;
  readonly #options: SqliteStoreOptions;
  readonly #clock: Clock;
  readonly #file: SqliteFile;
  #rows: Rows | undefined;
  #drops = new PendingDrops([]);
  readonly #queue: WriteQueue;
  #turn: NodeJS.Immediate | undefined;
  #closed = false;
  readonly #unsaved = new UnmadeDrops(UNSAVED);
  readonly #large = new LargeBodies();

  constructor(Sqlite: typeof DatabaseSync, options: SqliteStoreOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
    this.#file = new SqliteFile(Sqlite, options, clock);
    this.#queue = new WriteQueue(options, clock);
    this.#use(() => undefined, undefined);
  }

  lookup(key: string): readonly Found[] {
    const found = this.#use((rows) => this.#lookup(rows, key), NOTHING);
    return this.#large.isEmpty ? found : this.#large.before(key, found, this.#clock.wallNow());
  }

  put(key: string, response: StoredResponse): MaybePromise<void> {
    if (response.body.length >= this.#options.maxBytes) return this.remove(key);
    if (response.body.length > PIECE) return this.#putLarge(key, response);
    this.#large.replace(key, response);
    this.#enqueue({ kind: 'put', key, response });
  }

  remove(key: string): void {
    this.#large.drop((other) => other === key);
    this.#use((rows) => this.#queue.count(rows.removeKey(key)), undefined);
  }

  invalidate(tags: readonly string[], soft: boolean): number {
    if (this.#closed) return 0;
    // what is not in the file yet is let go of, softly dropped or not
    this.#large.drop((_key, response) => response.tags.some((tag) => tags.includes(tag)));
    let tried = false;
    const count = this.#use((rows) => {
      tried = true;
      return this.#drop(rows, tags, soft);
    }, undefined);
    if (count !== undefined) return count;
    this.#unsaved.add(tags, soft);
    // what cannot be written down must not be found after a restart either; a file that another process holds is not ours to remove
    if (tried) this.#file.discard();
    return 0;
  }

  async purge(filter: StoreFilter, soft: boolean): Promise<number> {
    this.#large.drop((key, response) => matches(filter, { ...response, key }));
    let count = 0;
    for await (const rows of this.#walk(filter)) {
      for (const { row } of rows) {
        this.#use((open) => (soft ? open.mark(row.id) : this.#queue.count(open.remove(row.id))), undefined);
        count++;
      }
    }
    return count;
  }

  async list(filter: StoreFilter, limit: number): Promise<StoredSummary[]> {
    const found: StoredSummary[] = [];
    for await (const rows of this.#walk(filter)) {
      for (const { row, head } of rows) {
        found.push(summaryOf(head, row.bytes, row.stale === 1 || this.#drops.isMarked(row.id, head.tags)));
        if (found.length >= limit) return found;
      }
    }
    return found;
  }

  get stats(): StoreStats {
    const { held, evictions } = this.#queue;
    return { entries: held.count, bytes: held.cost, evictions, errors: this.#file.errors };
  }

  get problem(): string | undefined {
    return this.#file.trouble;
  }

  close(): void {
    this.#flush();
    this.#closed = true;
    clearImmediate(this.#turn);
    this.#large.close();
    this.#file.close();
  }

  /** Works on the open file, with all that was put before in it; `fallback` where that fails. */
  #use<T>(work: (rows: Rows) => T, fallback: T): T {
    this.#flush();
    return this.#try(work, fallback);
  }

  #try<T>(work: (rows: Rows) => T, fallback: T): T {
    if (this.#closed) return fallback;
    const open = this.#file.get((db) => this.#opened(db));
    if (open === undefined || this.#rows === undefined) {
      this.#file.errors++;
      return fallback;
    }
    try {
      return work(this.#rows);
    } catch (error) {
      this.#file.failed(error);
      return fallback;
    }
  }

  #opened(db: Database): void {
    const rows = new Rows(db);
    rows.removeOrphans();
    saveDrops(rows, this.#unsaved);
    this.#rows = rows;
    this.#queue.held = rows.totals();
    this.#drops = new PendingDrops(rows.drops());
    this.#schedule();
  }

  #lookup(rows: Rows, key: string): readonly Found[] {
    const now = this.#clock.wallNow();
    const found: Found[] = [];
    for (const row of rows.find(key)) {
      const head = headOf(row);
      if (head === undefined) this.#queue.count(rows.remove(row.id));
      if (head?.key !== key || !this.#isLive(row, head, now)) continue;
      if (now - row.usedAt > TOUCH_MS) this.#enqueue({ kind: 'touch', id: row.id });
      found.push(foundOf(head, row.body ?? new Uint8Array(), row.stale === 1 || this.#drops.isMarked(row.id, head.tags)));
    }
    return found;
  }

  #isLive({ id }: Row, { keepUntil, tags }: Head, now: number): boolean {
    return keepUntil >= now && !this.#drops.isDead(id, tags);
  }

  #drop(rows: Rows, tags: readonly string[], soft: boolean): number {
    const last = rows.last();
    const count = rows.atomically(() => {
      const written = tags.map((tag) => rows.drop(tag, last, soft));
      return this.#drops.add(written, rows, (gone) => this.#queue.count(gone));
    });
    this.#schedule();
    return count;
  }

  // Writing

  #enqueue(write: Write): void {
    if (this.#closed) return;
    this.#queue.add(write);
    if (this.#queue.isFull) this.#flush();
    else this.#schedule();
  }

  #schedule(): void {
    this.#turn ??= setImmediate(() => {
      this.#turn = undefined;
      this.#flush();
      if (!this.#drops.isEmpty) this.#try((rows) => rows.atomically(() => this.#drops.work(rows, (gone) => this.#queue.count(gone))), undefined);
      if (!this.#large.isEmpty) this.#writePiece();
      if (!this.#closed && !(this.#drops.isEmpty && this.#large.isEmpty)) this.#schedule();
    });
  }

  /** A large answer is written piece by piece. What finds no room to wait in is not stored. */
  #putLarge(key: string, response: StoredResponse): MaybePromise<void> {
    const stored = this.#closed ? undefined : this.#large.add(key, response);
    if (stored === undefined) return this.remove(key);
    this.#schedule();
    return stored;
  }

  #writePiece(): void {
    const worked = this.#try((rows) => {
      this.#large.work(rows, (whole) => {
        this.#queue.add({ kind: 'put', ...whole });
        this.#flush();
      });
      return true;
    }, false);
    if (!worked) this.#large.giveUp();
  }

  #flush(): void {
    if (this.#queue.isEmpty) return;
    const writes = this.#queue.take();
    this.#try((rows) => this.#queue.write(rows, writes), undefined);
  }

  /** The answers for which a filter holds, slice by slice, with room for others between. */
  async *#walk(filter: StoreFilter): AsyncGenerator<readonly { readonly row: Row; readonly head: Head }[]> {
    const { tag } = filter;
    for (let after = 0; ; await new Promise(setImmediate)) {
      const rows = this.#use((open) => (tag === undefined ? open.after(after, SLICE) : open.tagged(tag, after, SLICE)), []);
      const now = this.#clock.wallNow();
      yield rows.flatMap((row) => {
        const head = headOf(row);
        return head !== undefined && this.#isLive(row, head, now) && matches(filter, head) ? [{ row, head }] : [];
      });
      after = rows.at(-1)?.id ?? after;
      if (rows.length < SLICE) return;
    }
  }
}
