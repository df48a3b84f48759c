import { headerValue, type HeaderList, withHeader, withoutHeaders } from '../../model/headers.ts';
import type { StoredRange, StoredResponse } from '../store.ts';
import { merged } from './conditions.ts';
import { partHeaders } from './range.ts';
import { contradicts, strongValidator } from './validators.ts';

/** Bytes of a representation, both ends inclusive. */
export interface Span {
  readonly first: number;
  readonly last: number;
}

/** A stored part. */
export type StoredPart = StoredResponse & { readonly range: StoredRange };

/** How many times as large as what has come a stored part may be to be written anew together with it: what comes in small pieces would else be copied once for each. */
const GROWTH = 4;

/** The parts that may be combined with an answer: of the same variant, and of one version by a strong validator (RFC 9110 section 15.3.7.3). */
export function partsLike(answer: StoredResponse, stored: readonly StoredResponse[]): StoredPart[] {
  const validator = strongValidator(answer);
  if (validator === undefined) return [];
  return stored.filter(isPart).filter((one) => one.variant === answer.variant && strongValidator(one) === validator && !contradicts(one, answer));
}

/**
 * A part that has come, put together with stored ones that it touches, as it is to be stored: larger parts than it are left beside it as long as the whole is not there,
 * and nothing becomes larger than `maxBytes`. The whole is a 200 (RFC 9110 section 15.3.7.3). `bare`: it came for an If-Range and may lack fields of the content, which others
 * have to give; undefined where none does.
 */
export function combined(
  part: StoredPart,
  stored: readonly StoredResponse[],
  { maxBytes, bare }: { maxBytes: number; bare: boolean },
): StoredResponse | undefined {
  const like = partsLike(part, stored);
  const size = sizeOf([part, ...like]);
  const all = touching(part, like, maxBytes, Infinity);
  const joined = isWhole(all.span, size) ? all : touching(part, like, maxBytes, GROWTH);
  const lacksFields = bare && [part, ...joined.parts].every(({ headers }) => headerValue(headers, 'content-type') === undefined);
  if (lacksFields) return undefined;
  if (joined.parts.length === 0 && !isWhole(joined.span, size)) return part;
  return joinedAs([part, ...joined.parts], joined.span, size);
}

/** What of stored parts touches a new one, in one piece with it. A stored part above `growth` times what there is so far is left out. */
function touching(
  part: StoredPart,
  like: readonly StoredPart[],
  maxBytes: number,
  growth: number,
): { readonly span: Span; readonly parts: readonly StoredPart[] } {
  let span: Span = part.range;
  const parts: StoredPart[] = [];
  for (let grown = true; grown;) {
    grown = false;
    for (const one of like) {
      const { first, last } = one.range;
      if (parts.includes(one) || first > span.last + 1 || last < span.first - 1 || one.body.length > growth * lengthOf(span)) continue;
      const union = { first: Math.min(first, span.first), last: Math.max(last, span.last) };
      if (lengthOf(union) > maxBytes) continue;
      span = union;
      parts.push(one);
      grown = true;
    }
  }
  return { span, parts };
}

/**
 * One answer from parts of one version that together fill a span, the most recent first: the one with the most fields gives them, the most recent replaces those that it has
 * and says how fresh it is. The whole representation is a 200.
 */
export function joinedAs(parts: readonly [StoredPart, ...StoredPart[]], span: Span, size: number | undefined): StoredResponse {
  const [newest] = parts;
  const body = new Uint8Array(lengthOf(span));
  for (const { range, body: bytes } of parts.toReversed()) {
    const from = Math.max(span.first, range.first);
    const to = Math.min(span.last, range.last);
    if (from <= to) body.set(bytes.subarray(from - range.first, to - range.first + 1), from - span.first);
  }
  const headers = merged(fullest(parts), newest.headers);
  const tags = [...new Set(parts.flatMap((one) => one.tags))];
  const whole = isWhole(span, size);
  const { vary, variant, freshness, respondedAt, initialAgeMs, keepUntil, upstream, route } = newest;
  return {
    vary,
    variant,
    freshness,
    respondedAt,
    initialAgeMs,
    keepUntil,
    upstream,
    route,
    status: whole ? 200 : 206,
    headers: whole ? wholeHeaders(headers, body.length) : partHeaders(headers, { ...span, size }),
    body,
    range: whole ? undefined : { ...span, size },
    tags,
  };
}

/** The fields of the answer that has the most of them. */
export function fullest(answers: readonly { readonly headers: HeaderList }[]): HeaderList {
  let most: HeaderList = [];
  for (const { headers } of answers) if (headers.length > most.length) most = headers;
  return most;
}

/** The fields of a 200 from those of a part. */
export function wholeHeaders(headers: HeaderList, length: number): string[] {
  return withHeader(
    withoutHeaders(headers, (name) => name === 'content-range'),
    'content-length',
    String(length),
  );
}

/** The length of the whole, where one of its parts says it. */
export function sizeOf(parts: readonly StoredPart[]): number | undefined {
  return parts.find(({ range }) => range.size !== undefined)?.range.size;
}

/** Whether what is stored is a part of its resource, by its range. */
export function isPart(stored: StoredResponse): stored is StoredPart {
  return stored.range !== undefined;
}

const lengthOf = ({ first, last }: Span): number => last - first + 1;
const isWhole = ({ first, last }: Span, size: number | undefined): boolean => first === 0 && size !== undefined && last === size - 1;
