import type { Row } from './rows.ts';

/** A place of a path and query in which a value stands. */
export interface Token {
  /** Where the value begins and ends in the text, behind an operator such as `eq.`. */
  readonly start: number;
  readonly end: number;
  /** The value, its percent-encoding undone. */
  readonly value: string;
  /** What it is called where it is taken from this request: `?name` in the query, `/2` for the second segment of the path. */
  readonly name: string;
  /** Its own name, without what says where it stands. */
  readonly parameter: string;
}

/** Parameters that say what is wanted of the rows, not which rows: they are part of the question, whatever stands in an answer. */
const WORDING: ReadonlySet<string> = new Set(
  'select columns order limit offset on_conflict fields sort page per_page page_size format lang alt'.split(' '),
);
/** PostgREST's operators before a value. */
const OPERATOR = /^(?:not\.)?(?:eq|neq|gt|gte|lt|lte|is|like|ilike|cs|cd)\./;
/** Segments that name a thing or a version, not one of many. */
const WORD = /^(?:v\d+(?:\.\d+)?|[A-Za-z][A-Za-z_.-]*)$/;

/** Requests that are longer, or name more, are not looked into: it takes time, and they hardly follow from one row. */
const MAX_TARGET = 2048;
const MAX_TOKENS = 16;
/** Values that may be the same each time. Anything else may be of one user alone: an address, a number, a key in a path. */
const ORDINARY = /^(?:[A-Za-z_]{1,32}|\d{1,3})$/;

/** Whether a value that stands in no answer may be taken for a part of the question. */
export function isOrdinary({ value, parameter }: Token): boolean {
  return parameter !== '' && ORDINARY.test(value);
}

/** The places of a path and query in which values stand; none for what is encoded wrongly; undefined where the request is too long to be looked into. */
export function tokensOf(target: string): Token[] | undefined {
  if (target.length > MAX_TARGET) return undefined;
  const tokens = allTokens(target);
  return tokens.length > MAX_TOKENS ? undefined : tokens;
}

function allTokens(target: string): Token[] {
  const query = target.indexOf('?');
  const tokens = segmentsOf(query < 0 ? target : target.slice(0, query));
  if (query < 0) return tokens;
  let at = query + 1;
  for (const pair of target.slice(at).split('&')) {
    const token = pairToken(pair, at);
    if (token !== undefined) tokens.push(token);
    at += pair.length + 1;
  }
  return tokens;
}

function segmentsOf(path: string): Token[] {
  const tokens: Token[] = [];
  let at = 1;
  for (const [index, segment] of path.slice(1).split('/').entries()) {
    const value = WORD.test(segment) ? undefined : decoded(segment);
    if (value !== undefined && value !== '') tokens.push({ start: at, end: at + segment.length, value, name: `/${index + 1}`, parameter: '' });
    at += segment.length + 1;
  }
  return tokens;
}

function pairToken(pair: string, at: number): Token | undefined {
  const equals = pair.indexOf('=');
  const parameter = decoded(pair.slice(0, Math.max(0, equals)));
  if (parameter === undefined || parameter === '' || WORDING.has(parameter)) return undefined;
  const text = pair.slice(equals + 1);
  const skip = OPERATOR.exec(text)?.[0].length ?? 0;
  const value = decoded(text.slice(skip).replaceAll('+', ' '));
  if (value === undefined || value === '') return undefined;
  return { start: at + equals + 1 + skip, end: at + pair.length, value, name: `?${parameter}`, parameter };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** What a path and query asks for, whichever values stand in it: `/rest/v1/messages?id=eq.*&select=id`. */
export function shapeOf(target: string, tokens: readonly Token[]): string {
  return pieces(target, tokens).join('*');
}

/** The values of a request by the names under which a template takes them from it. */
export function requestValues(tokens: readonly Token[]): Row {
  return new Map(tokens.map(({ name, value }) => [name, value]));
}

/** A path and query with places to be filled from an answer, or from the request before. */
export interface TargetTemplate {
  /** As it is written: `/rest/v1/accounts?id=eq.{account_id}`. */
  readonly text: string;
  readonly pieces: readonly string[];
  /** Between the pieces: a field of the answer, or `?name` of the request. */
  readonly fields: readonly string[];
}

/** A place of a template: PostgREST's own braces (`cs.{1,2}`) are none. */
const PLACE = /\{([?/]?[\w.-]+)\}/g;

/** Reads a template. Every text is one. */
export function parseTarget(text: string): TargetTemplate {
  const parts = text.split(PLACE);
  return { text, pieces: parts.filter((_, index) => index % 2 === 0), fields: parts.filter((_, index) => index % 2 === 1) };
}

/** The template that a request is an example of. `fields`: what each of these tokens was found to be. */
export function templateFrom(target: string, tokens: readonly Token[], fields: readonly string[]): TargetTemplate {
  const own = pieces(target, tokens);
  const text = own.map((piece, index) => (index < fields.length ? `${piece}{${fields[index] ?? ''}}` : piece)).join('');
  return { text, pieces: own, fields };
}

/** The template with its places filled; undefined where a value is not there. */
export function filled({ pieces: texts, fields }: TargetTemplate, row: Row, request: Row): string | undefined {
  let target = texts[0] ?? '';
  for (const [index, field] of fields.entries()) {
    const value = row.get(field) ?? request.get(field);
    // `.` and `..` would lead to another place of a path, and cannot be written otherwise (RFC 3986 section 5.2.4)
    if (value === undefined || value === '.' || value === '..' || !value.isWellFormed()) return undefined;
    target += encodeURIComponent(value) + (texts[index + 1] ?? '');
  }
  return target;
}

/** What stands before, between and behind tokens. */
function pieces(target: string, tokens: readonly Token[]): string[] {
  const found: string[] = [];
  let from = 0;
  for (const { start, end } of tokens) {
    found.push(target.slice(from, start));
    from = end;
  }
  found.push(target.slice(from));
  return found;
}
