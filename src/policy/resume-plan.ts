import type { Exchange } from '../model/exchange.ts';
import { headerValue, type HeaderList, withoutHeaders } from '../model/headers.ts';
import type { Reply } from '../model/outcome.ts';

/** What is needed to go on with an answer that broke off (RFC 9110 sections 13.1.5 and 14). */
export interface ResumePlan {
  /** The value for `If-Range`: a strong entity tag, or a date that is one. */
  readonly validator: string;
  /** Position of the answer's first byte in the whole: 0, or where the client's own range begins. */
  readonly first: number;
  /** Position of its last byte, where it is known. */
  readonly last: number | undefined;
  /** Length of the whole, where it is known. */
  readonly total: number | undefined;
  readonly coding: string | undefined;
}

interface ContentRange {
  readonly first: number;
  readonly last: number;
  readonly total: number | undefined;
}

/** Fields of a request that would make the rest another answer than the beginning. */
const CONDITIONS = new Set(['range', 'if-range', 'if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since']);

/** How an answer could be gone on with; undefined where it cannot be without risking a body put together from two versions. */
export function planResume(exchange: Exchange, reply: Reply): ResumePlan | undefined {
  if (exchange.method !== 'GET') return undefined;
  const validator = strongValidator(reply.headers);
  if (validator === undefined) return undefined;
  const coding = headerValue(reply.headers, 'content-encoding');
  if (reply.status === 206) {
    const range = parseContentRange(headerValue(reply.headers, 'content-range'));
    if (range === undefined) return undefined;
    const length = lengthOf(reply.headers);
    // an answer that contradicts itself: a rest that suits the one would not suit the other
    return length !== undefined && length !== range.last - range.first + 1 ? undefined : { validator, coding, ...range };
  }
  if (reply.status !== 200) return undefined;
  const accepts = headerValue(reply.headers, 'accept-ranges')?.trim().toLowerCase();
  const total = lengthOf(reply.headers);
  if (accepts === 'none' || (accepts !== 'bytes' && total === undefined)) return undefined;
  return { validator, coding, first: 0, last: total === undefined ? undefined : total - 1, total };
}

/** The request's fields for what comes after `received` bytes. */
export function resumeHeaders(headers: HeaderList, plan: ResumePlan, received: number): string[] {
  const kept = withoutHeaders(headers, (name) => CONDITIONS.has(name));
  kept.push('range', `bytes=${plan.first + received}-${plan.last ?? ''}`, 'if-range', plan.validator);
  return kept;
}

/** Where an answer is exactly the rest (right place, right end, same version, same coding): how many bytes there are with all of it. Else undefined. */
export function continues(reply: Reply, plan: ResumePlan, received: number): number | undefined {
  if (reply.status !== 206) return undefined;
  const range = parseContentRange(headerValue(reply.headers, 'content-range'));
  if (range === undefined || range.first !== plan.first + received || !endsRight(range, plan)) return undefined;
  const tag = headerValue(reply.headers, 'etag');
  if (tag !== undefined && plan.validator.startsWith('"') && tag !== plan.validator) return undefined;
  return headerValue(reply.headers, 'content-encoding') === plan.coding ? range.last - plan.first + 1 : undefined;
}

function endsRight({ last, total }: ContentRange, plan: ResumePlan): boolean {
  if (plan.total !== undefined && total !== undefined && total !== plan.total) return false;
  if (plan.last !== undefined) return last === plan.last;
  // without a length of ours, the rest has to reach the end of the whole, and say so: a server may give less than it was asked for (RFC 9110 section 14.2)
  return total !== undefined && last === total - 1;
}

/** Whether a refused range says that there is nothing after what was received: the whole had arrived, only its end had not. */
export function wasComplete(reply: Reply, plan: ResumePlan, received: number): boolean {
  const total = /^bytes \*\/(\d+)$/.exec(headerValue(reply.headers, 'content-range') ?? '')?.[1];
  return reply.status === 416 && plan.last === undefined && Number(total) === plan.first + received && hasSameTag(reply, plan);
}

function hasSameTag(reply: Reply, plan: ResumePlan): boolean {
  return headerValue(reply.headers, 'etag') === plan.validator;
}

/** A strong entity tag, or a Last-Modified that is strong because the answer is at least a second younger (RFC 9110 section 8.8.2.2). */
function strongValidator(headers: HeaderList): string | undefined {
  const tag = headerValue(headers, 'etag');
  if (tag !== undefined) return tag.startsWith('"') ? tag : undefined;
  const modified = headerValue(headers, 'last-modified');
  const age = Date.parse(headerValue(headers, 'date') ?? '') - Date.parse(modified ?? '');
  return age >= 1000 ? modified : undefined;
}

function lengthOf(headers: HeaderList): number | undefined {
  const text = headerValue(headers, 'content-length');
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

function parseContentRange(text: string | undefined): ContentRange | undefined {
  const parts = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(text?.trim() ?? '');
  if (parts === null) return undefined;
  const first = Number(parts[1]);
  const last = Number(parts[2]);
  const total = parts[3] === '*' ? undefined : Number(parts[3]);
  return first <= last && (total === undefined || last < total) ? { first, last, total } : undefined;
}
