import type { HeaderList } from '../../model/headers.ts';
import { merged } from './conditions.ts';
import { fullest, joinedAs, partsLike, sizeOf, type Span, type StoredPart, wholeHeaders } from './combine.ts';
import { contentRange, partHeaders, rangeHolds, requestedRange } from './range.ts';
import type { StoredResponse } from '../store.ts';
import { strongValidator, type Versioned } from './validators.ts';

/** What stored parts lack of what a request asks for: one piece, and the bytes that stand around it. */
export interface Gap {
  readonly first: number;
  /** Undefined: to the end, wherever that is. */
  readonly last: number | undefined;
  /** By which the missing piece is known to be of the same version. */
  readonly validator: string;
  readonly before: readonly Uint8Array[];
  readonly after: readonly Uint8Array[];
  /** The first byte of the answer. */
  readonly from: number;
  readonly size: number | undefined;
  /** Fields of the stored parts. */
  readonly headers: HeaderList;
  /** The request asks for the whole representation. */
  readonly whole: boolean;
}

/** What stored parts have of what is asked for: everything, put together, or all but a gap. Undefined where they are of no use. `parts`: the most recent first. */
export function piecedTogether(request: HeaderList, ranged: boolean, parts: readonly StoredResponse[]): StoredResponse | Gap | undefined {
  const [newest] = parts;
  if (newest === undefined) return undefined;
  const like = partsLike(newest, parts);
  const validator = strongValidator(newest);
  const span = wantedSpan(request, ranged, newest, sizeOf(like));
  const [first, ...others] = like;
  if (validator === undefined || span === undefined || first === undefined) return undefined;
  const before = upwards(like, span);
  if (span.last !== undefined && before.at > span.last) return joinedAs([first, ...others], { first: span.first, last: span.last }, sizeOf(like));
  const after = span.last === undefined ? NO_PIECES : downwards(like, { first: before.at, last: span.last });
  if (before.pieces.length === 0 && after.pieces.length === 0) return undefined;
  return {
    first: before.at,
    last: after.at,
    validator,
    before: before.pieces,
    after: after.pieces,
    from: span.first,
    size: sizeOf(like),
    headers: fullest(like),
    whole: !ranged,
  };
}

/** Whether a gap was found and not a stored answer. */
export function isGap(found: StoredResponse | Gap): found is Gap {
  return 'validator' in found;
}

/** The bytes that a request asks for; without `last` to an end that is not known. Undefined where it asks for no single range, for none that is there, or for one of another version. */
function wantedSpan(
  request: HeaderList,
  ranged: boolean,
  newest: StoredResponse,
  size: number | undefined,
): { readonly first: number; readonly last: number | undefined } | undefined {
  const end = size === undefined ? undefined : size - 1;
  if (!ranged) return { first: 0, last: end };
  const wanted = requestedRange(request);
  if (wanted === undefined || !rangeHolds(request, newest)) return undefined;
  if (wanted.first === undefined) {
    if (size === undefined || wanted.last === 0) return undefined;
    return { first: Math.max(0, size - (wanted.last ?? 0)), last: size - 1 };
  }
  const last = end === undefined ? wanted.last : Math.min(wanted.last ?? end, end);
  return last !== undefined && last < wanted.first ? undefined : { first: wanted.first, last };
}

interface Pieces {
  readonly pieces: readonly Uint8Array[];
  /** The first byte that is missing, from where the search began. */
  readonly at: number;
}
const NO_PIECES = { pieces: [], at: undefined };

/** What there is without a gap from the first byte of a span on. */
function upwards(parts: readonly StoredPart[], { first, last = Infinity }: { first: number; last: number | undefined }): Pieces {
  const pieces: Uint8Array[] = [];
  let at = first;
  for (let part = partAt(parts, at); part !== undefined && at <= last; part = partAt(parts, at)) {
    const to = Math.min(part.range.last, last);
    pieces.push(part.body.subarray(at - part.range.first, to - part.range.first + 1));
    at = to + 1;
  }
  return { pieces, at };
}

/** What there is without a gap up to the last byte of a span. */
function downwards(parts: readonly StoredPart[], { first, last }: Span): Pieces {
  const pieces: Uint8Array[] = [];
  let at = last;
  for (let part = partAt(parts, at); part !== undefined && at >= first; part = partAt(parts, at)) {
    const from = Math.max(part.range.first, first);
    pieces.unshift(part.body.subarray(from - part.range.first, at - part.range.first + 1));
    at = from - 1;
  }
  return { pieces, at };
}

function partAt(parts: readonly StoredPart[], at: number): StoredPart | undefined {
  return parts.find(({ range }) => range.first <= at && at <= range.last);
}

/** The fields that ask for what is missing (RFC 9110 section 13.1.5). `plain`: those of the request without conditions and Range. */
export function gapHeaders(plain: HeaderList, { first, last, validator }: Gap): string[] {
  return [...plain, 'range', `bytes=${first}-${last ?? ''}`, 'if-range', validator];
}

/** Fields and length of what a gap and a 206 make together. */
export interface Filled {
  readonly status: 200 | 206;
  readonly headers: string[];
  /** Bytes that the 206 has to have. */
  readonly length: number;
}

/**
 * What a 206 to the request for a gap makes together with what is stored (RFC 9111 section 3.4); undefined where it is another version, or not exactly what is
 * missing.
 */
export function filledBy(gap: Gap, answer: Versioned): Filled | undefined {
  const got = contentRange(answer.headers);
  if (got === undefined || got.first !== gap.first || strongValidator(answer) !== gap.validator) return undefined;
  if (gap.size !== undefined && got.size !== undefined && gap.size !== got.size) return undefined;
  const size = gap.size ?? got.size;
  const reachesEnd = size !== undefined && got.last === size - 1;
  // an end that nobody knew beforehand may come sooner than it was asked for
  const fits = got.last === gap.last || (gap.after.length === 0 && reachesEnd && got.last < (gap.last ?? Infinity));
  if (!fits || (gap.whole && gap.after.length === 0 && !reachesEnd)) return undefined;
  const length = got.last - got.first + 1;
  const total = length + bytesIn(gap.before) + bytesIn(gap.after);
  const headers = merged(gap.headers, answer.headers);
  if (gap.whole) return { status: 200, headers: wholeHeaders(headers, total), length };
  return { status: 206, headers: partHeaders(headers, { first: gap.from, last: gap.from + total - 1, size }), length };
}

const bytesIn = (pieces: readonly Uint8Array[]): number => pieces.reduce((sum, piece) => sum + piece.length, 0);
