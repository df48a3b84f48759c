import { LRUCache } from 'lru-cache';
import { decodedJson } from '../../model/content-coding.ts';
import { Exchange } from '../../model/exchange.ts';
import { headerValue, type HeaderList } from '../../model/headers.ts';
import type { FieldMemo, Reply } from '../../model/outcome.ts';
import type { Service } from '../../model/service.ts';
import type { CacheRequest } from '../request.ts';
import { followingHeaders, type Wording } from './fields.ts';
import { type Row, rowsOf } from './rows.ts';

/** An answer whose next requests are looked for. */
export interface Followed {
  readonly exchange: Exchange;
  readonly request: CacheRequest;
  /** Its fields as they came. */
  readonly headers: HeaderList;
  /** Sends a request through the whole of its route. */
  readonly ask: Service;
}

/** Answers above this are not looked into, as they come and once decoded. */
export const MAX_ANSWER_BYTES = 64 * 1024;
const MAX_DECODED_BYTES = 4 * MAX_ANSWER_BYTES;

/** Whether there may be rows in an answer. */
export function mayHaveRows({ status, headers }: Reply): boolean {
  if (status !== 200 || Number(headerValue(headers, 'content-length') ?? 0) > MAX_ANSWER_BYTES) return false;
  return /\bjson\b/.test(headerValue(headers, 'content-type') ?? '');
}

/** Answers out of the store whose rows are remembered: they take several times their room. */
const MAX_KNOWN = 200;

/** Reads the rows of answers; those of one out of the store, which comes again, not each time. */
export class RowReader {
  readonly #max: number;
  readonly #known = new LRUCache<FieldMemo, readonly Row[]>({ max: MAX_KNOWN });

  constructor(max: number) {
    this.#max = max;
  }

  /** The rows of an answer of these bytes; none where it is no JSON. */
  rows({ headers, memo }: Reply, bytes: Uint8Array): readonly Row[] {
    const known = memo === undefined ? undefined : this.#known.get(memo);
    if (known !== undefined) return known;
    const rows = rowsOf(decodedJson(bytes, headerValue(headers, 'content-encoding'), MAX_DECODED_BYTES), this.#max);
    if (memo !== undefined) this.#known.set(memo, rows);
    return rows;
  }
}

/** The request that follows another: the same client's, and nobody waits for it. `now`: monotonic milliseconds. */
export function exchangeFor({ exchange: from, headers: own }: Followed, path: string, wording: Wording, now: number): Exchange {
  const { id, entry, scheme, authority } = from;
  const headers = followingHeaders(own, wording);
  const exchange = new Exchange({ id, entry, method: 'GET', scheme, authority, path, headers, startedAt: now });
  exchange.upstream = from.upstream;
  exchange.background = true;
  exchange.chained = from.chained + 1;
  return exchange;
}
