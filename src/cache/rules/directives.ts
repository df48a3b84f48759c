/** Seconds of a directive; `invalid` where it is there but says no number: whoever needs it takes the careful side. */
export type Seconds = number | 'invalid' | undefined;

/** What a response's Cache-Control says (RFC 9111 section 5.2.2, RFC 5861, RFC 8246). Seconds. */
export interface ResponseDirectives {
  readonly maxAge: Seconds;
  readonly sMaxage: Seconds;
  readonly staleWhileRevalidate: Seconds;
  readonly staleIfError: Seconds;
  readonly noStore: boolean;
  readonly noCache: boolean;
  /** Fields named by `no-cache="a, b"`, lower-case: not to be reused without asking. */
  readonly noCacheFields: readonly string[];
  readonly private: boolean;
  /** Fields named by `private="a, b"`: not to be stored by a shared cache. */
  readonly privateFields: readonly string[];
  readonly public: boolean;
  readonly mustRevalidate: boolean;
  readonly proxyRevalidate: boolean;
  readonly mustUnderstand: boolean;
}

/** What a request's Cache-Control says (RFC 9111 section 5.2.1, RFC 5861 section 4). Seconds. */
export interface RequestDirectives {
  readonly maxAge: Seconds;
  readonly minFresh: Seconds;
  /** Infinity for a bare `max-stale`. */
  readonly maxStale: Seconds;
  readonly staleIfError: Seconds;
  readonly noCache: boolean;
  readonly noStore: boolean;
  readonly onlyIfCached: boolean;
}

/** The largest number of seconds that is told apart from a larger one (RFC 9111 section 1.2.2). */
const MAX_SECONDS = 2 ** 31;

/** A directive's argument: true where it has none, undefined where it is malformed. */
type Argument = string | true | undefined;

const MEMBER = /[^",]*(?:"(?:[^"\\]|\\.)*"[^",]*)*(?:"[^,]*)?/y;
const QUOTED = /^"((?:[^"\\]|\\.)*)"$/;
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Directives that may be limited to fields. */
const LIMITABLE: ReadonlySet<string> = new Set(['no-cache', 'private']);

/**
 * Splits a Cache-Control value into its directives, by lower-case name. The first of several with one name counts (RFC 9111 section 4.2.1), but restrictions add up; what
 * stands in a quoted string is no directive. Blanks around `=` make the argument malformed, never the name: a restriction stays one.
 */
export function parseDirectives(value: string): Map<string, Argument> {
  const directives = new Map<string, Argument>();
  for (const member of splitList(value)) {
    const equals = member.indexOf('=');
    const name = (equals < 0 ? member : member.slice(0, equals)).trim().toLowerCase();
    if (name === '') continue;
    const said = equals < 0 ? true : argument(member, equals);
    if (!directives.has(name)) directives.set(name, said);
    else if (LIMITABLE.has(name)) directives.set(name, stricter(directives.get(name), said));
  }
  return directives;
}

/** Two restrictions at once: both lists of fields, or the whole answer where one of them names none. */
function stricter(a: Argument, b: Argument): Argument {
  return typeof a === 'string' && typeof b === 'string' && a !== '' && b !== '' ? `${a},${b}` : true;
}

function argument(member: string, equals: number): Argument {
  const text = member.slice(equals + 1);
  if (member[equals - 1] === ' ' || member[equals - 1] === '\t') return undefined;
  const quoted = QUOTED.exec(text);
  if (quoted !== null) return (quoted[1] ?? '').replace(/\\(.)/g, '$1');
  return TOKEN.test(text) ? text : undefined;
}

/** Members of a comma-separated list, trimmed, quoted strings kept whole (RFC 9110 section 5.6.1); empty ones are left out. */
export function splitList(value: string): string[] {
  if (!value.includes('"')) return trimmed(value.split(','));
  const members: string[] = [];
  MEMBER.lastIndex = 0;
  while (MEMBER.lastIndex <= value.length) {
    const at = MEMBER.lastIndex;
    members.push(MEMBER.exec(value)?.[0] ?? '');
    MEMBER.lastIndex = Math.max(MEMBER.lastIndex, at) + 1;
  }
  return trimmed(members);
}

function trimmed(members: readonly string[]): string[] {
  return members.map((member) => member.trim()).filter((member) => member !== '');
}

/** Reads the Cache-Control of a response; undefined is an absent field. */
export function responseDirectives(value: string | undefined): ResponseDirectives {
  if (value === undefined) return NOTHING_SAID;
  return responseFrom(parseDirectives(value));
}

/** The same from directives that were read elsewhere (RFC 9213). */
export function responseFrom(directives: ReadonlyMap<string, Argument>): ResponseDirectives {
  const noCacheFields = fieldNames(directives.get('no-cache'));
  const privateFields = fieldNames(directives.get('private'));
  return {
    maxAge: seconds(directives, 'max-age'),
    sMaxage: seconds(directives, 's-maxage'),
    staleWhileRevalidate: seconds(directives, 'stale-while-revalidate'),
    staleIfError: seconds(directives, 'stale-if-error'),
    noStore: directives.has('no-store'),
    noCache: directives.has('no-cache') && noCacheFields.length === 0,
    noCacheFields,
    private: directives.has('private') && privateFields.length === 0,
    privateFields,
    public: directives.has('public'),
    mustRevalidate: directives.has('must-revalidate'),
    proxyRevalidate: directives.has('proxy-revalidate'),
    mustUnderstand: directives.has('must-understand'),
  };
}

const NOTHING_SAID = responseFrom(new Map());

/** Reads the Cache-Control of a request; `pragma` counts where there is none (RFC 9111 section 5.4). */
export function requestDirectives(value: string | undefined, pragma: string | undefined): RequestDirectives {
  if (value === undefined) return pragma !== undefined && parseDirectives(pragma).has('no-cache') ? NO_CACHE_ASKED : NOTHING_ASKED;
  const directives = parseDirectives(value);
  return {
    maxAge: seconds(directives, 'max-age'),
    minFresh: seconds(directives, 'min-fresh'),
    maxStale: directives.get('max-stale') === true ? Infinity : seconds(directives, 'max-stale'),
    staleIfError: seconds(directives, 'stale-if-error'),
    noCache: directives.has('no-cache'),
    noStore: directives.has('no-store'),
    onlyIfCached: directives.has('only-if-cached'),
  };
}

/** A request that asks for nothing particular. */
export const NOTHING_ASKED: RequestDirectives = {
  maxAge: undefined,
  minFresh: undefined,
  maxStale: undefined,
  staleIfError: undefined,
  noCache: false,
  noStore: false,
  onlyIfCached: false,
};
const NO_CACHE_ASKED: RequestDirectives = { ...NOTHING_ASKED, noCache: true };

function seconds(directives: ReadonlyMap<string, Argument>, name: string): Seconds {
  if (!directives.has(name)) return undefined;
  return deltaSeconds(directives.get(name));
}

/** Reads delta-seconds (RFC 9111 section 1.2.2): digits only, too large is very large. */
export function deltaSeconds(text: Argument): number | 'invalid' {
  if (typeof text !== 'string' || !/^\d+$/.test(text)) return 'invalid';
  return Math.min(Number(text), MAX_SECONDS);
}

function fieldNames(value: Argument): string[] {
  return typeof value === 'string' ? trimmed(value.toLowerCase().split(',')) : [];
}
