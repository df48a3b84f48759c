import { hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { StoredResponse } from '../store.ts';
import { coversSlot, type Head, readHead, slotOf, writeHead } from './record.ts';
import type { Database } from './sqlite-file.ts';
import type { Pieces } from './sqlite-pieces.ts';

/** One stored answer as it stands in the file. */
export interface Row {
  readonly id: number;
  readonly stale: number;
  readonly usedAt: number;
  readonly bytes: number;
  readonly crc: number;
  readonly head: string;
  /** Where its pieces stand, if its body was written in pieces. */
  readonly blob: number | null;
  readonly body?: Uint8Array;
}

/** What deleting took away. */
export interface Gone {
  readonly count: number;
  readonly cost: number;
}

/** Nothing went. */
export const NONE: Gone = { count: 0, cost: 0 };
/** What went in `a` and not in `b`. */
export const minus = (a: Gone, b: Gone): Gone => ({ count: a.count - b.count, cost: a.cost - b.cost });

/** Rows of the tags table for one answer, its columns and indexes. */
const ROW_COST = 400;
const PAGE = 4096;

/** What an answer takes in the file: small ones share pages, larger bodies fill pages of their own. */
function costOf(head: string, body: Uint8Array, tags: number): number {
  const pages = body.length > PAGE / 2 ? Math.ceil(body.length / (PAGE - 4)) * PAGE : body.length;
  return Math.ceil(ROW_COST + head.length * 1.2 + pages + tags * 40);
}

const NO_BYTES = new Uint8Array(0);

/** Names of any length as numbers that an index is small with. 48 bits: what collides is told apart by the text itself, or dropped along. */
export const numberOf = (text: string): number => parseInt(hash('sha256', text, 'hex').slice(0, 12), 16);

/** The statements on an open file, prepared once. They throw as SQLite does. */
export class Rows {
  readonly #db: Database;
  readonly #statements;
  #lastBlob: number | undefined = undefined;

  constructor(db: Database) {
    this.#db = db;
    const columns = 'id, stale, used_at AS usedAt, bytes, crc, head, blob';
    const gone = 'RETURNING cost';
    this.#statements = {
      find: db.prepare(`SELECT ${columns}, body FROM entries JOIN bodies ON entry = id WHERE hash = ? ORDER BY id DESC`),
      after: db.prepare(`SELECT ${columns} FROM entries WHERE id > ? ORDER BY id LIMIT ?`),
      tagged: db.prepare(`SELECT ${columns} FROM tags JOIN entries ON id = entry WHERE tag = ? AND entry > ? ORDER BY entry LIMIT ?`),
      insert: db.prepare(
        'INSERT INTO entries (hash, slot, stale, keep_until, used_at, cost, bytes, crc, head, blob) VALUES (?, ?, 0, ?, ?, ?, ?, ?, ?, ?) RETURNING id',
      ),
      insertBody: db.prepare('INSERT INTO bodies VALUES (?, ?)'),
      insertPiece: db.prepare('INSERT INTO pieces VALUES (?, ?, ?)'),
      pieces: db.prepare('SELECT start, piece FROM pieces WHERE blob = ? ORDER BY start'),
      removePieces: db.prepare('DELETE FROM pieces WHERE blob = ?'),
      removeOrphans: db.prepare('DELETE FROM pieces WHERE blob NOT IN (SELECT blob FROM entries WHERE blob IS NOT NULL)'),
      lastBlob: db.prepare('SELECT coalesce(max(blob), 0) AS last FROM pieces'),
      insertTag: db.prepare('INSERT OR IGNORE INTO tags VALUES (?, ?)'),
      slots: db.prepare('SELECT id, slot FROM entries WHERE hash = ?'),
      surplus: db.prepare(`DELETE FROM entries WHERE id IN (SELECT id FROM entries WHERE hash = ? ORDER BY id DESC LIMIT -1 OFFSET ?) ${gone}`),
      removeKey: db.prepare(`DELETE FROM entries WHERE hash = ? ${gone}`),
      remove: db.prepare(`DELETE FROM entries WHERE id = ? ${gone}`),
      mark: db.prepare('UPDATE entries SET stale = 1 WHERE id = ?'),
      touch: db.prepare('UPDATE entries SET used_at = ? WHERE id = ?'),
      leastUsed: db.prepare(`DELETE FROM entries WHERE id IN (SELECT id FROM entries ORDER BY used_at LIMIT ?) ${gone}`),
      ended: db.prepare(`DELETE FROM entries WHERE id IN (SELECT id FROM entries WHERE keep_until < ? LIMIT ?) ${gone}`),
      last: db.prepare("SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'entries'), 0) AS last"),
      totals: db.prepare('SELECT count(*) AS count, coalesce(sum(cost), 0) AS cost FROM entries INDEXED BY entries_by_use'),
      dropTag: db.prepare('INSERT INTO drops (tag, upto, soft) VALUES (?, ?, ?) RETURNING id'),
      drops: db.prepare('SELECT id, tag, upto, soft FROM drops ORDER BY id'),
      dropDone: db.prepare('DELETE FROM drops WHERE id = ?'),
      dropSlice: db.prepare(`DELETE FROM entries WHERE id IN (SELECT entry FROM tags WHERE tag = ? AND entry <= ? ORDER BY entry LIMIT ?) ${gone}`),
      markSlice: db.prepare('SELECT entry FROM tags WHERE tag = ? AND entry > ? AND entry <= ? ORDER BY entry LIMIT ?'),
      left: db.prepare('SELECT count(*) AS count FROM (SELECT 1 FROM tags WHERE tag = ? AND entry > ? AND entry <= ? LIMIT ?)'),
    };
  }

  /** Runs `work` as one transaction. */
  atomically<T>(work: () => T): T {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.#db.exec('COMMIT');
      return result;
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
  }

  /** The answers under a key with their bodies, the most recent first. */
  find(key: string): Row[] {
    const rows = this.#statements.find.all(numberOf(key)) as unknown as Row[];
    return rows.map((row) => (row.blob === null ? row : { ...row, body: this.#assembled(row.blob, row.bytes) }));
  }
  after = (id: number, limit: number): Row[] => this.#statements.after.all(id, limit) as unknown as Row[];
  tagged = (tag: string, id: number, limit: number): Row[] => this.#statements.tagged.all(numberOf(tag), id, limit) as unknown as Row[];

  /** Writes an answer in the place of those of its variant that lie within it. Says what that added, and took away. */
  put(
    key: string,
    response: StoredResponse,
    { now, maxVariants, pieces }: { readonly now: number; readonly maxVariants: number; readonly pieces?: Pieces | undefined },
  ): { readonly added: number; readonly replaced: Gone; readonly surplus: Gone } {
    const { insert, insertBody, insertTag, slots, remove, surplus } = this.#statements;
    const [place, slot, head] = [numberOf(key), slotOf(response), writeHead(key, response)];
    const { body, tags } = response;
    const cost = costOf(head, body, tags.length);
    const covered = (slots.all(place) as { id: number; slot: string }[]).filter((one) => coversSlot(slot, one.slot));
    const replaced = sum(covered.flatMap(({ id }) => remove.all(id)));
    const keepUntil = Math.min(Math.round(response.keepUntil), Number.MAX_SAFE_INTEGER);
    const crc = pieces?.crc ?? checksum(head, body);
    const { id } = insert.get(place, slot, keepUntil, Math.round(now), cost, body.length, crc, head, pieces?.blob ?? null) as { id: number };
    insertBody.run(id, pieces === undefined ? body : NO_BYTES);
    for (const tag of tags) insertTag.run(numberOf(tag), id);
    return { added: cost, replaced, surplus: sum(surplus.all(place, maxVariants)) };
  }

  // Bodies in pieces: written before the answer that they belong to, which makes them found

  /** A number for the pieces of one more body. */
  newBlob(): number {
    this.#lastBlob ??= (this.#statements.lastBlob.get() as { last: number }).last;
    return ++this.#lastBlob;
  }
  addPiece = (blob: number, start: number, piece: Uint8Array): unknown => this.#statements.insertPiece.run(blob, start, piece);
  removePieces = (blob: number): unknown => this.#statements.removePieces.run(blob);
  /** Forgets the pieces of bodies that never became whole. */
  removeOrphans = (): unknown => this.#statements.removeOrphans.run();

  /** Read piece by piece, so that it is not held twice. What is missing is told by the checksum. */
  #assembled(blob: number, bytes: number): Uint8Array {
    const body = new Uint8Array(bytes);
    for (const { start, piece } of this.#statements.pieces.iterate(blob) as Iterable<{ start: number; piece: Uint8Array }>)
      if (start + piece.length <= bytes) body.set(piece, start);
    return body;
  }

  removeKey = (key: string): Gone => sum(this.#statements.removeKey.all(numberOf(key)));
  remove = (id: number): Gone => sum(this.#statements.remove.all(id));
  mark = (id: number): unknown => this.#statements.mark.run(id);
  touch = (id: number, now: number): unknown => this.#statements.touch.run(Math.round(now), id);
  removeLeastUsed = (count: number): Gone => sum(this.#statements.leastUsed.all(count));
  removeEnded = (now: number, limit: number): Gone => sum(this.#statements.ended.all(Math.round(now), limit));
  totals = (): Gone => this.#statements.totals.get() as unknown as Gone;

  // Drops: a tag and the last answer that it concerns, written at once and worked off in slices

  last = (): number => (this.#statements.last.get() as { last: number }).last;
  drops = (): Drop[] => this.#statements.drops.all() as unknown as Drop[];
  drop(tag: string, upto: number, soft: boolean): Drop {
    const { id } = this.#statements.dropTag.get(tag, upto, soft ? 1 : 0) as { id: number };
    return { id, tag, upto, soft: soft ? 1 : 0 };
  }
  dropDone = (id: number): unknown => this.#statements.dropDone.run(id);
  removeSlice = ({ tag, upto }: Drop, limit: number): Gone => sum(this.#statements.dropSlice.all(numberOf(tag), upto, limit));
  /** Marks a slice behind `after` as stale. The ids that it marked. */
  markSlice({ tag, upto }: Drop, after: number, limit: number): number[] {
    const rows = this.#statements.markSlice.all(numberOf(tag), after, upto, limit) as { entry: number }[];
    for (const { entry } of rows) this.mark(entry);
    return rows.map(({ entry }) => entry);
  }
  left = ({ tag, upto }: Drop, after: number, limit: number): number =>
    (this.#statements.left.get(numberOf(tag), after, upto, limit) as { count: number }).count;
}

/** A tag that was dropped, up to which answer, and whether softly. */
export interface Drop {
  readonly id: number;
  readonly tag: string;
  readonly upto: number;
  readonly soft: number;
}

/** The head of a row whose bytes are as they were written; undefined where they are not. */
export function headOf(row: Row): Head | undefined {
  if (row.body !== undefined && row.crc !== checksum(row.head, row.body)) return undefined;
  return readHead(row.head);
}

const checksum = (head: string, body: Uint8Array): number => crc32(body, crc32(head));

function sum(rows: readonly unknown[]): Gone {
  let cost = 0;
  for (const row of rows as readonly { cost: number }[]) cost += row.cost;
  return { count: rows.length, cost };
}
