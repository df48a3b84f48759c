import { headerList, type HeaderList } from '../../model/headers.ts';
import { parseDirectives, type ResponseDirectives, responseDirectives, responseFrom } from './directives.ts';
import { dictionary } from './structured.ts';

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

/** Directives whose value is a number of seconds. */
const NUMBERS: ReadonlySet<string> = new Set(['max-age', 's-maxage', 'stale-while-revalidate', 'stale-if-error']);

/** Reads the directives of a targeted field (RFC 9213 section 2.1); undefined where it is no dictionary, or where a directive has a value of the wrong type. */
export function parseDictionary(text: string): Map<string, string | true> | undefined {
  const directives = new Map<string, string | true>();
  const members = dictionary(text.trim());
  if (members === undefined) return undefined;
  for (const [name, value] of members) {
    if (NUMBERS.has(name) && (typeof value !== 'number' || value < 0)) return undefined;
    if (value !== false) directives.set(name, value === true ? true : String(value));
  }
  return directives;
}
