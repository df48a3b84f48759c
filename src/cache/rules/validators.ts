import { headerValue, type HeaderList } from '../../model/headers.ts';
import type { StoredRange } from '../store.ts';
import { dateOf } from './age.ts';
import { parseHttpDate } from './dates.ts';

/** An answer, as far as it shows of which version of its resource it is. */
export interface Versioned {
  readonly headers: HeaderList;
  /** Milliseconds since the epoch. */
  readonly respondedAt: number;
}

/** How much younger than its last change an answer has to be for that date to tell versions apart, in milliseconds (RFC 9110 section 8.8.2.2). */
const STRONG_AFTER_MS = 1000;

/** A strong entity tag, as it was sent (RFC 9110 section 8.8.3). */
export function strongTag(headers: HeaderList): string | undefined {
  const tag = headerValue(headers, 'etag')?.trim();
  return tag !== undefined && /^"[^"]*"$/.test(tag) ? tag : undefined;
}

/** A Last-Modified that is a strong validator, as it was sent: the answer was made a second or more after it (RFC 9110 section 8.8.2.2). */
export function strongDate({ headers, respondedAt }: Versioned): string | undefined {
  const changed = headerValue(headers, 'last-modified')?.trim();
  const at = changed === undefined ? undefined : parseHttpDate(changed, respondedAt);
  return at !== undefined && dateOf(headers, respondedAt) - at >= STRONG_AFTER_MS ? changed : undefined;
}

/**
 * What a range request may name in If-Range (RFC 9110 section 13.1.5), and by which parts are known to be of one version: the entity tag unless it is weak, the date
 * only where there is no tag at all.
 */
export function strongValidator(answer: Versioned): string | undefined {
  return headerValue(answer.headers, 'etag') === undefined ? strongDate(answer) : strongTag(answer.headers);
}

/** Whether two answers cannot be of one version: what both say of it differs. */
export function contradicts(a: Ranged, b: Ranged): boolean {
  if (a.range?.size !== undefined && b.range?.size !== undefined && a.range.size !== b.range.size) return true;
  return ['etag', 'last-modified'].some((name) => {
    const [said, other] = [headerValue(a.headers, name)?.trim(), headerValue(b.headers, name)?.trim()];
    return said !== undefined && other !== undefined && said !== other;
  });
}

interface Ranged {
  readonly headers: HeaderList;
  readonly range: StoredRange | undefined;
}
