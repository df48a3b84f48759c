import { headerList, headerValue, type HeaderList, withHeader } from '../../model/headers.ts';
import type { StoredRange, StoredResponse } from '../store.ts';
import { parseHttpDate } from './dates.ts';
import { strongDate, type Versioned } from './validators.ts';

/** A range of a stored answer, ready to be sent; `unsatisfiable` where it lies outside. */
export type Part = { readonly first: number; readonly last: number; readonly size: number | undefined } | 'unsatisfiable';

/** A range as it was asked for; without `first` it is the last so many bytes. */
interface Wanted {
  readonly first: number | undefined;
  readonly last: number | undefined;
}

const SINGLE = /^bytes=[ \t]*(?:(\d+)[ \t]*)?-[ \t]*(?:(\d+)[ \t]*)?$/i;
const CONTENT_RANGE = /^bytes (\d+)-(\d+)\/(\d+|\*)$/i;

/** The single byte range that a request asks for; undefined where it asks for none, several, or another unit: the whole is then the answer. */
export function requestedRange(request: HeaderList): Wanted | undefined {
  const parts = SINGLE.exec(headerList(request, 'range') ?? '');
  if (parts === null) return undefined;
  const [first, last] = [parts[1], parts[2]].map((text) => (text === undefined ? undefined : Number(text)));
  if (first === undefined && last === undefined) return undefined;
  return first !== undefined && last !== undefined && last < first ? undefined : { first, last };
}

/** The bytes that a 206 has, from its Content-Range; undefined where it is no single byte range, or one that cannot be (RFC 9110 section 14.4). */
export function contentRange(headers: HeaderList): StoredRange | undefined {
  const parts = CONTENT_RANGE.exec(headerValue(headers, 'content-range')?.trim() ?? '');
  if (parts === null) return undefined;
  const [first, last, size] = [Number(parts[1]), Number(parts[2]), parts[3] === '*' ? undefined : Number(parts[3])];
  return last < first || last >= (size ?? Infinity) || !Number.isSafeInteger(last) ? undefined : { first, last, size };
}

/** Cuts what a request asks for out of what is stored. Undefined where what is stored does not hold all of it, or only the whole will do. */
export function partOf(request: HeaderList, stored: StoredResponse): Part | undefined {
  const wanted = requestedRange(request);
  if (wanted === undefined || !rangeHolds(request, stored)) return undefined;
  const { length } = stored.body;
  const has = stored.range ?? { first: 0, last: length - 1, size: length };
  const span = spanOf(wanted, has.size);
  if (span === undefined) return undefined;
  const isOutside = span.last < span.first;
  // of a part nobody can say more than it holds: the origin decides
  if (stored.range !== undefined) return isOutside || span.first < has.first || span.last > has.last ? undefined : { ...span, size: has.size };
  return isOutside ? 'unsatisfiable' : { ...span, size: length };
}

/** First and last byte of what is wanted of a representation so long; the last before the first where that is nothing. Undefined where it depends on a length that is not known. */
function spanOf({ first, last }: Wanted, size: number | undefined): { first: number; last: number } | undefined {
  if (first === undefined) return size === undefined ? undefined : { first: Math.max(0, size - (last ?? 0)), last: size - 1 };
  if (size === undefined) return last === undefined ? undefined : { first, last };
  return { first, last: Math.min(last ?? size - 1, size - 1) };
}

/** If-Range (RFC 9110 section 13.1.5): a strong tag that is the same, or the very date where that is a strong validator; without one a range is a range. */
export function rangeHolds(request: HeaderList, stored: Versioned): boolean {
  const condition = headerValue(request, 'if-range')?.trim();
  if (condition === undefined) return true;
  if (condition.startsWith('"')) return condition === headerValue(stored.headers, 'etag')?.trim();
  if (condition.startsWith('W/')) return false;
  const changed = strongDate(stored);
  const at = parseHttpDate(condition, stored.respondedAt);
  return changed !== undefined && at !== undefined && at === parseHttpDate(changed, stored.respondedAt);
}

/** The fields of a 206 cut from stored ones. */
export function partHeaders(headers: HeaderList, part: Exclude<Part, 'unsatisfiable'>): string[] {
  const ranged = withHeader(headers, 'content-range', `bytes ${part.first}-${part.last}/${part.size ?? '*'}`);
  return withHeader(ranged, 'content-length', String(part.last - part.first + 1));
}
