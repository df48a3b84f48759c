import { crc32 } from 'node:zlib';
import type { Found, StoredResponse } from '../store.ts';
import { coversSlot, slotOf, writeHead } from './record.ts';
import type { Rows } from './sqlite-rows.ts';

/** Bytes that are written in one turn: a few milliseconds. Larger bodies are written piece by piece, so that requests are served between. */
export const PIECE = 256 * 1024;
/** Bytes of bodies that wait to be written, at most: what comes while so many do is not stored. */
const WAITING_BYTES = 64 * 1024 * 1024;

/** Where the pieces of a body stand, and the checksum of its head and all of them. */
export interface Pieces {
  readonly blob: number;
  readonly crc: number;
}

/** An answer whose pieces are all in the file. */
export interface Whole {
  readonly key: string;
  readonly response: StoredResponse;
  readonly pieces: Pieces;
}

interface Waiting {
  readonly key: string;
  readonly response: StoredResponse;
  /** Told once it can be found, or never will be. */
  readonly settle: () => void;
  /** The open file that its pieces stand in, once it has begun. */
  rows: Rows | undefined;
  blob: number;
  crc: number;
  written: number;
  dead: boolean;
}

/**
 * Large bodies on their way into the file. Until one is whole there it is found here; after a crash it is not found at all, and its pieces go when the file is opened the next
 * time.
 */
export class LargeBodies {
  #waiting: Waiting[] = [];
  #bytes = 0;

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Takes up an answer, in the place of those that wait and lie within it: settles once it can be found, or never will be. Undefined where too many bytes wait. */
  add(key: string, response: StoredResponse): Promise<void> | undefined {
    const { length } = response.body;
    if (this.#bytes + length > WAITING_BYTES) return undefined;
    this.replace(key, response);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#bytes += length;
    this.#waiting.push({ key, response, settle: resolve, rows: undefined, blob: 0, crc: 0, written: 0, dead: false });
    return promise;
  }

  /** What waits under a key and is of use at `now`, the most recent first, before those in the file that it does not replace. */
  before(key: string, found: readonly Found[], now: number): readonly Found[] {
    const waiting = this.#waiting.filter((one) => !one.dead && one.key === key && one.response.keepUntil >= now);
    if (waiting.length === 0) return found;
    const slots = waiting.map(({ response }) => slotOf(response));
    const others = found.filter((older) => !slots.some((slot) => coversSlot(slot, slotOf(older))));
    return [...waiting.toReversed().map(({ response }) => ({ ...response, stale: false })), ...others];
  }

  /** Gives up what a newer answer replaces. */
  replace(key: string, newer: StoredResponse): void {
    if (this.isEmpty) return;
    const slot = slotOf(newer);
    this.drop((other, response) => other === key && coversSlot(slot, slotOf(response)));
  }

  /** Gives up those that were dropped while they waited. */
  drop(concerns: (key: string, response: StoredResponse) => boolean): void {
    for (const one of this.#waiting) one.dead ||= concerns(one.key, one.response);
  }

  /** Writes one more piece; where that was the last one, `put` makes the answer found. Throws as SQLite does: the answer is then to be given up. */
  work(rows: Rows, put: (whole: Whole) => void): void {
    const [next] = this.#waiting;
    if (next === undefined) return;
    if (next.dead || (next.rows !== undefined && next.rows !== rows)) {
      if (next.rows === rows) rows.removePieces(next.blob);
      return this.giveUp();
    }
    if (next.rows === undefined) begin(next, rows);
    const { key, response, blob } = next;
    const piece = response.body.subarray(next.written, next.written + PIECE);
    rows.addPiece(blob, next.written, piece);
    next.crc = crc32(piece, next.crc);
    next.written += piece.length;
    if (next.written < response.body.length) return;
    put({ key, response, pieces: { blob, crc: next.crc } });
    this.giveUp();
  }

  /** Ends the first one. */
  giveUp(): void {
    const one = this.#waiting.shift();
    this.#bytes -= one?.response.body.length ?? 0;
    one?.settle();
  }

  /** Ends all of them. */
  close(): void {
    while (!this.isEmpty) this.giveUp();
  }
}

function begin(one: Waiting, rows: Rows): void {
  one.rows = rows;
  one.blob = rows.newBlob();
  one.crc = crc32(writeHead(one.key, one.response));
}
