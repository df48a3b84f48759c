import { headerList, headerValue, type HeaderList, withoutHeaders } from '../../model/headers.ts';
import type { StoredRange } from '../store.ts';
import { dateOf } from './age.ts';
import { parseHttpDate } from './dates.ts';
import { strongDate, strongTag, type Versioned } from './validators.ts';

/** A stored answer, as far as conditions ask for it. */
interface Stored {
  readonly status: number;
  readonly headers: HeaderList;
  readonly respondedAt: number;
}

/** The fields by which a client asks whether what it holds is still good. */
export const CONDITIONS: ReadonlySet<string> = new Set(['if-none-match', 'if-modified-since', 'if-match', 'if-unmodified-since', 'if-range']);

const ENTITY_TAGS = /(?:W\/)?"[^"]*"|[^\s,]+/g;

/** The tags in an If-None-Match, marks of weakness removed: the comparison is the weak one (RFC 9110 section 13.1.2). */
function tagsOf(value: string): string[] {
  return (value.match(ENTITY_TAGS) ?? []).map(strongPart);
}

function strongPart(tag: string): string {
  return tag.startsWith('W/') ? tag.slice(2) : tag;
}

/**
 * Whether the client already holds this answer, a whole one or the part that it asks for, so that 304 is enough: If-None-Match first; If-Modified-Since only where there is none, compared with Last-Modified
 * or, failing that, Date (RFC 9111 section 4.3.2).
 */
export function isNotModified(request: HeaderList, stored: Stored): boolean {
  if (stored.status !== 200 && stored.status !== 206) return false;
  const wanted = headerList(request, 'if-none-match');
  if (wanted !== undefined) {
    const etag = headerValue(stored.headers, 'etag');
    return wanted.trim() === '*' || (etag !== undefined && tagsOf(wanted).includes(strongPart(etag.trim())));
  }
  const since = headerValue(request, 'if-modified-since');
  const sinceAt = since === undefined ? undefined : parseHttpDate(since, stored.respondedAt);
  if (sinceAt === undefined) return false;
  const changed = headerValue(stored.headers, 'last-modified');
  const changedAt = changed === undefined ? dateOf(stored.headers, stored.respondedAt) : parseHttpDate(changed, stored.respondedAt);
  return changedAt !== undefined && changedAt <= sinceAt;
}

/** The fields of a 304 for a stored answer: its own without those that describe content that is not sent (RFC 9110 section 15.4.5). */
export function notModifiedHeaders(headers: HeaderList): string[] {
  return withoutHeaders(headers, (name) => name.startsWith('content-') && name !== 'content-location' && name !== 'content-security-policy');
}

/**
 * The request fields that ask the upstream whether stored answers are still good (RFC 9111 section 4.3.1): the tags of all of them, the date of the one that
 * was selected. The client's own conditions are left out: they are answered here. Undefined where nothing can be asked.
 */
export function validationHeaders(request: HeaderList, selected: Stored | undefined, all: readonly Stored[]): string[] | undefined {
  const tags = [...new Set(all.map((stored) => headerValue(stored.headers, 'etag')).filter((tag) => tag !== undefined))];
  const changed = selected === undefined ? undefined : headerValue(selected.headers, 'last-modified');
  if (tags.length === 0 && changed === undefined) return undefined;
  const headers = withoutHeaders(request, (name) => CONDITIONS.has(name) || name === 'range');
  if (tags.length > 0) headers.push('if-none-match', tags.join(', '));
  if (changed !== undefined) headers.push('if-modified-since', changed);
  return headers;
}

/** A stored answer that a 304 confirms. */
export interface Confirmed<T> {
  readonly stored: T;
  /** Whether it takes over the fields of the 304, or is only sent this once. */
  readonly updates: boolean;
}

/**
 * Which of the stored answers a 304 confirms (RFC 9111 section 4.3.4): one with a strong validator of the 304, or, where it has none, with its weak ones; where it has none at all
 * (Last-Modified may be left out), the one that was asked about. One that only weakly is the same may be sent, since that is what was asked, but not be updated. Undefined where the
 * 304 names a version that none is.
 */
export function confirmed<T extends Stored>(answer: Versioned, selected: T | undefined, all: readonly T[]): Confirmed<T> | undefined {
  const says = (name: string): boolean => headerValue(answer.headers, name) !== undefined;
  if (!says('etag') && !says('last-modified')) {
    const asked = selected ?? (all.length === 1 ? all[0] : undefined);
    return asked === undefined ? undefined : { stored: asked, updates: true };
  }
  const ordered = selected === undefined ? all : [selected, ...all.filter((one) => one !== selected)];
  const same = ordered.find((stored) => isNamed(stored, answer));
  if (same !== undefined) return { stored: same, updates: true };
  const alike = ordered.find((stored) => isAlike(stored, answer, stored === selected));
  return alike === undefined ? undefined : { stored: alike, updates: false };
}

/** Whether two values of a field agree; undefined where one of the answers does not have it. */
function agrees(a: HeaderList, b: HeaderList, name: string): boolean | undefined {
  const [said, other] = [headerValue(a, name)?.trim(), headerValue(b, name)?.trim()];
  return said === undefined || other === undefined ? undefined : strongPart(said) === strongPart(other);
}

/** Whether a 304 has a validator of a stored answer: a strong one if it has any. */
function isNamed(stored: Stored, answer: Versioned): boolean {
  const [tags, dates] = [agrees(stored.headers, answer.headers, 'etag'), agrees(stored.headers, answer.headers, 'last-modified')];
  if (tags === false) return false;
  const [tag, date] = [strongTag(answer.headers), strongDate(answer)];
  if (tag === undefined && date === undefined) return tags ?? dates ?? false;
  return (tag !== undefined && strongTag(stored.headers) === tag) || (date !== undefined && dates === true && strongDate(stored) !== undefined);
}

/** Whether a 304 to a question about a stored answer can be about it: a weak tag is the same, or there was only its date to ask about and nothing tells of another version. */
function isAlike(stored: Stored, answer: Versioned, asked: boolean): boolean {
  const tags = agrees(stored.headers, answer.headers, 'etag');
  return tags ?? (asked && agrees(stored.headers, answer.headers, 'last-modified') !== false);
}

/** What a 304 or a HEAD may not change: it describes the stored content (RFC 9111 section 3.2). */
const CONTENT_BOUND: ReadonlySet<string> = new Set(['content-length', 'content-encoding', 'content-range']);

/** The stored fields brought up to date by those of a 304 or a HEAD: each field that the newer one has replaces the stored one. */
export function merged(stored: HeaderList, newer: HeaderList): string[] {
  const replaced = new Set<string>();
  for (let i = 0; i < newer.length; i += 2) if (!CONTENT_BOUND.has(newer[i] ?? '')) replaced.add(newer[i] ?? '');
  const headers = withoutHeaders(stored, (name) => replaced.has(name));
  headers.push(...withoutHeaders(newer, (name) => !replaced.has(name)));
  return headers;
}

/** Whether the answer to a HEAD still describes the stored answer to a GET (RFC 9111 section 4.3.5): what both say of the content has to agree. */
export function describesSame(stored: HeaderList, head: HeaderList): boolean {
  return saysTheSame(stored, head, ['etag', 'last-modified', 'content-length']);
}

/** The same for a stored part, whose own length is another one. */
export function describesPart(
  { headers, range }: { readonly headers: HeaderList; readonly range: StoredRange | undefined },
  head: HeaderList,
): boolean {
  const length = headerValue(head, 'content-length');
  if (length !== undefined && range?.size !== undefined && Number(length) !== range.size) return false;
  return saysTheSame(headers, head, ['etag', 'last-modified']);
}

function saysTheSame(stored: HeaderList, head: HeaderList, names: readonly string[]): boolean {
  return names.every((name) => {
    const said = headerValue(head, name);
    return said === undefined || said === headerValue(stored, name);
  });
}
