import { headerList, type HeaderList } from '../../model/headers.ts';
import { parseDirectives, type ResponseDirectives, responseDirectives, responseFrom } from './directives.ts';

/** What governs a response in this cache: the directives, and whether Expires counts beside them. */
export interface Governing {
  readonly directives: ResponseDirectives;
  /** True where a field meant for caches like ours speaks: Cache-Control and Expires are then not looked at (RFC 9213 section 2.2). */
  readonly targeted: boolean;
}

/** Picks the field that governs: `CDN-Cache-Control` (RFC 9213), then the older `Surrogate-Control`, then `Cache-Control`. A malformed targeted field is as if absent. */
export function governing(headers: HeaderList): Governing {
  const cdn = headerList(headers, 'cdn-cache-control');
  const members = cdn === undefined ? undefined : parseDictionary(cdn);
  if (members !== undefined && members.size > 0) return { directives: responseFrom(members), targeted: true };
  const surrogate = headerList(headers, 'surrogate-control');
  const older = surrogate === undefined ? undefined : parseDirectives(surrogate);
  if (older !== undefined && typeof (older.get('max-age') ?? older.get('no-store')) !== 'undefined')
    return { directives: responseFrom(older), targeted: true };
  return { directives: responseDirectives(headerList(headers, 'cache-control')), targeted: false };
}

const KEY = /[a-z*][a-z0-9_.*-]*/y;
const ITEM = /(?:-?\d{1,15}(?:\.\d{1,3})?|"(?:[ !#-[\]-~]|\\["\\])*"|[A-Za-z*][!#$%&'*+.^_`|~0-9A-Za-z:/-]*|:[A-Za-z0-9+/=]*:|\?[01])/y;
const GAP = /[ \t]*(?:,[ \t]*|$)/y;
const NUMBERS: ReadonlySet<string> = new Set(['max-age', 's-maxage', 'stale-while-revalidate', 'stale-if-error']);

/**
 * Reads a structured-field dictionary (RFC 8941 section 3.2) of items; undefined where it is not one, or where a directive has a value of the wrong
 * type. Parameters are skipped; inner lists do not occur in cache directives and make it invalid.
 */
export function parseDictionary(text: string): Map<string, string | true> | undefined {
  const members = new Map<string, string | true>();
  const input = text.trim();
  let at = 0;
  while (at < input.length) {
    const key = take(KEY, input, at);
    if (key === undefined) return undefined;
    at += key.length;
    const value = input[at] === '=' ? take(ITEM, input, at + 1) : undefined;
    if (input[at] === '=' && value === undefined) return undefined;
    if (value !== undefined) at += 1 + value.length;
    if (!fits(key, value)) return undefined;
    members.set(key, value === undefined || value === '?1' ? true : unquoted(value));
    if (value === '?0') members.delete(key);
    at = skipParameters(input, at);
    const gap = take(GAP, input, at);
    if (gap === undefined || (gap.includes(',') && at + gap.length >= input.length)) return undefined;
    at += gap.length;
  }
  return members;
}

function fits(key: string, value: string | undefined): boolean {
  return !NUMBERS.has(key) || (value !== undefined && /^\d+$/.test(value));
}

function unquoted(value: string): string {
  return value.startsWith('"') ? value.slice(1, -1).replace(/\\(.)/g, '$1') : value;
}

function skipParameters(input: string, from: number): number {
  let at = from;
  while (input[at] === ';') {
    at += 1 + (/^ */.exec(input.slice(at + 1))?.[0].length ?? 0);
    at += take(KEY, input, at)?.length ?? 0;
    if (input[at] === '=') at += 1 + (take(ITEM, input, at + 1)?.length ?? 0);
  }
  return at;
}

function take(pattern: RegExp, input: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(input)?.[0];
}
