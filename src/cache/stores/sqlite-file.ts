import { closeSync, mkdirSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import type { Clock } from '../../model/clock.ts';

/** What an open file is worked on with. */
export type Database = DatabaseSync;

/** Where the file is, and who is told about trouble with it. */
export interface SqliteFileOptions {
  readonly file: string;
  /** Told what an operator should know, in a sentence, once each time that it changes. */
  readonly notice: (text: string) => void;
}

/** How long after a file could not be opened it is tried again. */
const RETRY_MS = 2000;
/** How long a statement waits for a lock of another process. */
const BUSY_MS = 50;
/** The layout of the tables. A file with another one is made anew. */
const LAYOUT = 2;

const TABLES = `
  CREATE TABLE entries (
    id INTEGER PRIMARY KEY AUTOINCREMENT, hash INTEGER NOT NULL, slot TEXT NOT NULL, stale INTEGER NOT NULL, keep_until INTEGER NOT NULL,
    used_at INTEGER NOT NULL, cost INTEGER NOT NULL, bytes INTEGER NOT NULL, crc INTEGER NOT NULL, head TEXT NOT NULL, blob INTEGER
  ) STRICT;
  CREATE INDEX entries_by_hash ON entries (hash);
  CREATE INDEX entries_by_use ON entries (used_at, cost);
  CREATE INDEX entries_by_end ON entries (keep_until);
  CREATE TABLE bodies (entry INTEGER PRIMARY KEY REFERENCES entries (id) ON DELETE CASCADE, body BLOB NOT NULL) STRICT;
  CREATE TABLE pieces (blob INTEGER NOT NULL, start INTEGER NOT NULL, piece BLOB NOT NULL, PRIMARY KEY (blob, start)) STRICT;
  CREATE INDEX entries_by_blob ON entries (blob) WHERE blob IS NOT NULL;
  CREATE TRIGGER pieces_of_entry AFTER DELETE ON entries WHEN old.blob IS NOT NULL BEGIN DELETE FROM pieces WHERE blob = old.blob; END;
  CREATE TABLE tags (
    tag INTEGER NOT NULL, entry INTEGER NOT NULL REFERENCES entries (id) ON DELETE CASCADE, PRIMARY KEY (tag, entry)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX tags_by_entry ON tags (entry);
  CREATE TABLE drops (id INTEGER PRIMARY KEY AUTOINCREMENT, tag TEXT NOT NULL, upto INTEGER NOT NULL, soft INTEGER NOT NULL) STRICT;
  PRAGMA user_version = ${LAYOUT};
`;

/** SQLite's result codes that say that the file is not what it should be, and that it cannot be written. */
const BROKEN = new Set([11, 26]);

/**
 * The one file of a SQLite store: opened when it can be, moved aside when it is corrupt or of another version, tried again later when it cannot be opened. Never throws. It is locked while
 * it is open: two processes that write to one file would not hear of each other's writes.
 */
export class SqliteFile {
  readonly #open: (file: string) => Database;
  readonly #options: SqliteFileOptions;
  readonly #clock: Clock;
  #db: Database | undefined;
  #retryAt = -Infinity;
  #trouble = '';
  #closed = false;
  /** Operations that failed. */
  errors = 0;

  constructor(Sqlite: typeof DatabaseSync, options: SqliteFileOptions, clock: Clock) {
    this.#open = (file) => new Sqlite(file, { timeout: BUSY_MS });
    this.#options = options;
    this.#clock = clock;
  }

  /** What keeps the file from being used; undefined where nothing does. */
  get trouble(): string | undefined {
    return this.#trouble === '' ? undefined : this.#trouble;
  }

  /** The open file. Undefined where it cannot be had now. `made` is called with one that was just opened. */
  get(made: (db: Database) => void): Database | undefined {
    if (this.#db !== undefined || this.#closed || this.#clock.now() < this.#retryAt) return this.#db;
    // the second time, what was of no use has been moved aside
    for (let tries = 0; tries < 2 && this.#db === undefined; tries++) {
      try {
        const db = this.#opened();
        this.#db = db;
        made(db);
        this.#tell('');
      } catch (error) {
        if (!this.failed(error)) break;
      }
    }
    if (this.#db === undefined) this.#retryAt = this.#clock.now() + RETRY_MS;
    return this.#db;
  }

  /** Something failed on the open file. True where it is of no use and was moved aside; any other failure closes it for a while only if it cannot be used. */
  failed(error: unknown): boolean {
    this.errors++;
    const code = codeOf(error);
    if (error instanceof OtherLayout) return this.#moveAside('old', 'was written by another version');
    if (BROKEN.has(code)) return this.#moveAside('corrupt', 'was corrupt');
    this.#tell(`the cache file ${this.#options.file} cannot be used: ${error instanceof Error ? error.message : String(error)}`);
    // full or busy passes; what else there is may need a new handle
    if (this.#db !== undefined && code !== 13 && code !== 5) this.#release();
    return false;
  }

  /** Forgets all that is stored, by removing the file: for when a drop could not be written. */
  discard(): void {
    this.#release();
    try {
      for (const end of FILES) rmSync(this.#options.file + end, { force: true });
    } catch {
      this.errors++;
    }
  }

  /** Closes the file for good. */
  close(): void {
    this.#closed = true;
    this.#release();
  }

  #opened(): Database {
    const { file } = this.#options;
    mkdirSync(dirname(file), { recursive: true });
    // answers may be private: nobody else reads them
    closeSync(openSync(file, 'a', 0o600));
    const db = this.#open(file);
    try {
      db.exec(
        'PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON; PRAGMA journal_size_limit = 4194304',
      );
      const { user_version: layout } = db.prepare('PRAGMA user_version').get() as { user_version: number };
      if (layout === 0) db.exec(`BEGIN IMMEDIATE; ${TABLES} COMMIT`);
      else if (layout !== LAYOUT) throw new OtherLayout();
      // takes the lock now: one that is held elsewhere is known before a request waits for it
      db.exec('BEGIN IMMEDIATE; COMMIT');
      return db;
    } catch (error) {
      db.close();
      throw error;
    }
  }

  #moveAside(suffix: string, why: string): boolean {
    const { file, notice } = this.#options;
    this.#release();
    const aside = `${file}.${suffix}-${new Date(this.#clock.wallNow()).toISOString().replaceAll(':', '-')}`;
    try {
      renameSync(file, aside);
      for (const end of FILES.slice(1)) rmSync(file + end, { force: true });
      notice(`the cache file ${file} ${why}: moved to ${aside}, and begun anew`);
      this.#retryAt = -Infinity;
      return true;
    } catch {
      this.#tell(`the cache file ${file} ${why} and cannot be moved aside`);
      return false;
    }
  }

  #release(): void {
    const db = this.#db;
    this.#db = undefined;
    this.#retryAt = this.#clock.now() + RETRY_MS;
    try {
      db?.close();
    } catch {
      this.errors++;
    }
  }

  #tell(trouble: string): void {
    if (trouble === this.#trouble) return;
    this.#trouble = trouble;
    this.#options.notice(trouble === '' ? `the cache file ${this.#options.file} is in use again` : trouble);
  }
}

/** The database, and what SQLite keeps beside it. */
const FILES = ['', '-wal', '-shm', '-journal'];

/** Another version of this program keeps its answers in other tables. */
class OtherLayout extends Error {}

function codeOf(error: unknown): number {
  const code = typeof error === 'object' && error !== null && 'errcode' in error ? error.errcode : 0;
  return typeof code === 'number' ? code & 0xff : 0;
}
