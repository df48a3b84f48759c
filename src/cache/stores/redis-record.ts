import type { StoredResponse } from '../store.ts';
import { type Head, readHead, RECORD_VERSION, writeHead } from './record.ts';

/** One stored answer as it stands in Redis. */
export interface Record {
  readonly slot: string;
  /** Its place in the order of coming. */
  readonly order: number;
  /** The last drop that was known to who stored it. */
  readonly seq: number;
  readonly head: Head;
  readonly body: Buffer;
}

/** Order (set by the script), a byte that is free, version, drop, length of the head; then head and body. */
const ORDER = 4;
const SIZE = ORDER + 1 + 1 + 8 + 4;

/** What is sent to be stored before the body: all but the order. The body is sent as it is, so that it is not held twice. */
export function writeStart(key: string, response: StoredResponse, seq: number): Buffer {
  const head = Buffer.from(writeHead(key, response));
  const start = Buffer.alloc(SIZE - ORDER);
  start.writeUInt8(0, 0);
  start.writeUInt8(RECORD_VERSION, 1);
  start.writeDoubleBE(seq, 2);
  start.writeUInt32BE(head.length, 10);
  return Buffer.concat([start, head]);
}

/** Reads the answers of a key (fields and values in turn), the newest first; what was written otherwise is left out. */
export function readRecords(reply: unknown): Record[] {
  const parts = reply as readonly Buffer[];
  const records: Record[] = [];
  for (let i = 0; i + 1 < parts.length; i += 2) {
    const record = readRecord(String(parts[i]), parts[i + 1]);
    if (record !== undefined) records.push(record);
  }
  return records.length > 1 ? records.toSorted((a, b) => b.order - a.order) : records;
}

function readRecord(slot: string, bytes: Buffer | undefined): Record | undefined {
  if (slot === '#' || bytes === undefined || bytes.length < SIZE || bytes[ORDER + 1] !== RECORD_VERSION) return undefined;
  const end = SIZE + bytes.readUInt32BE(SIZE - 4);
  const head = readHead(bytes.toString('utf8', SIZE, end));
  if (head === undefined) return undefined;
  return { slot, order: bytes.readUInt32BE(0), seq: bytes.readDoubleBE(ORDER + 2), head, body: bytes.subarray(end) };
}
