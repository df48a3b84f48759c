import { endToEnd, withoutHeaders } from '../model/headers.ts';
import { Unacceptable } from './failures.ts';

/** What the interim responses to one request may come to, in bytes: as much as one head may have. */
const MAX_BYTES = 128 * 1024;
/** What each counts for besides its fields, so that bare ones have an end too. */
const EACH_BYTES = 64;

/** What an interim response counts for, by its names and values as they came. */
export function interimBytes(rawHeaders: readonly { readonly length: number }[]): number {
  let bytes = EACH_BYTES;
  for (const text of rawHeaders) bytes += text.length;
  return bytes;
}

/** Why an interim response, or what has a status below 100, ends its attempt; undefined where it may pass. `bytes`: what those to this request have come to, it included. */
export function objectionTo(status: number, bytes: number): Unacceptable | undefined {
  // RFC 9112 section 4: it has three digits, the first of which is at least 1 (RFC 9110 section 15)
  if (status < 100) return new Unacceptable(`the upstream answered with the status ${status}, which is none`);
  // RFC 9110 section 15.2.2: it answers an `Upgrade`, which no request of an attempt has
  if (status === 101) return new Unacceptable('the upstream switched protocols unasked');
  return bytes > MAX_BYTES ? new Unacceptable(`more than ${MAX_BYTES / 1024} KiB of interim responses came before the answer`) : undefined;
}

/** The fields that pass on. An interim response has no content, so none of them may tell its length (RFC 9110 section 8.6). */
export function interimFields(rawHeaders: readonly string[]): string[] {
  return withoutHeaders(endToEnd(rawHeaders), (name) => name === 'content-length');
}
