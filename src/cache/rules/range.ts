import { headerValue, type HeaderList, withHeader } from '../../model/headers.ts';
import type { StoredRange, StoredResponse } from '../store.ts';
import { parseHttpDate } from './dates.ts';

/** A range of a stored answer, ready to be sent; `unsatisfiable` where it lies outside. */
export type Part = { readonly first: number; readonly last: number; readonly size: number | undefined } | 'unsatisfiable';

const SINGLE = /^bytes=[ \t]*(\d*)[ \t]*-[ \t]*(\d*)[ \t]*$/i;
const CONTENT_RANGE = /^bytes (\d+)-(\d+)\/(\d+|\*)$/i;

/** The single byte range that a request asks for; undefined where it asks for none, several, or another unit: the whole is then the answer. */
export function requestedRange(request: HeaderList): { readonly first: number | undefined; readonly last: number | undefined } | undefined {
  const parts = SINGLE.exec(headerValue(request, 'range') ?? '');
  if (parts === null) return undefined;
  const [first, last] = [parts[1], parts[2]].map((text) => (text === undefined || text === '' ? undefined : Number(text)));
  if (first === undefined && last === undefined) return undefined;
  return first !== undefined && last !== undefined && last < first ? undefined : { first, last };
}

/** The bytes that a 206 has, from its Content-Range; undefined where it is no single byte range. */
export function contentRange(headers: HeaderList): StoredRange | undefined {
  const parts = CONTENT_RANGE.exec(headerValue(headers, 'content-range')?.trim() ?? '');
  if (parts === null) return undefined;
  return { first: Number(parts[1]), last: Number(parts[2]), size: parts[3] === '*' ? undefined : Number(parts[3]) };
}

/** Cuts what a request asks for out of what is stored. Undefined where what is stored does not hold all of it, or only the whole will do. */
export function partOf(request: HeaderList, stored: StoredResponse): Part | undefined {
  const wanted = requestedRange(request);
  if (wanted === undefined || !rangeHolds(request, stored)) return undefined;
  const has = stored.range ?? { first: 0, last: stored.body.length - 1, size: stored.body.length };
  // the length that counts is that of the bytes at hand: a wrong Content-Range must not make us send beyond them
  const end = has.first + stored.body.length - 1;
  const total = has.size ?? (wanted.first === undefined || wanted.last === undefined ? undefined : wanted.last + 1);
  if (total === undefined) return undefined;
  const first = wanted.first ?? Math.max(0, total - (wanted.last ?? 0));
  const last = wanted.first === undefined ? total - 1 : Math.min(wanted.last ?? total - 1, total - 1);
  if (stored.range === undefined && (first >= total || wanted.last === 0))
    return first < total && wanted.first !== undefined ? { first, last, size: total } : 'unsatisfiable';
  if (first < has.first || last > Math.max(end, has.last)) return undefined;
  return first > end ? undefined : { first, last: Math.min(last, end), size: has.size };
}

/** If-Range (RFC 9110 section 13.1.5): a strong tag that is the same, or the very date; without one a range is a range. */
export function rangeHolds(request: HeaderList, stored: { readonly headers: HeaderList; readonly respondedAt: number }): boolean {
  const condition = headerValue(request, 'if-range')?.trim();
  if (condition === undefined) return true;
  if (condition.startsWith('"')) return condition === headerValue(stored.headers, 'etag')?.trim();
  if (condition.startsWith('W/')) return false;
  const changed = headerValue(stored.headers, 'last-modified');
  const at = parseHttpDate(condition, stored.respondedAt);
  return changed !== undefined && at !== undefined && at === parseHttpDate(changed, stored.respondedAt);
}

/** The fields of a 206 cut from stored ones. */
export function partHeaders(headers: HeaderList, part: Exclude<Part, 'unsatisfiable'>): string[] {
  const ranged = withHeader(headers, 'content-range', `bytes ${part.first}-${part.last}/${part.size ?? '*'}`);
  return withHeader(ranged, 'content-length', String(part.last - part.first + 1));
}
