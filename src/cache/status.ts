import type { Found } from './store.ts';
import { remainingMs } from './rules/reuse.ts';

/** Why a request went on to the upstream (RFC 9211 section 2.2). */
export type Forward = 'uri-miss' | 'vary-miss' | 'stale' | 'request' | 'method' | 'bypass' | 'partial';

/** What `Cache-Status` says of an answer from the store. The key is never shown. */
export function hitStatus(stored: Found, now: number, detail?: string): string {
  const ttl = Math.floor(remainingMs(stored, now) / 1000);
  return detail === undefined ? `hit; ttl=${ttl}` : `hit; ttl=${ttl}; detail=${detail}`;
}

/** What it says of an answer from the upstream. */
export function forwardStatus(
  forward: Forward,
  parts: { readonly status?: number; readonly stored?: boolean; readonly collapsed?: boolean } = {},
): string {
  let text = `fwd=${forward}`;
  if (parts.status !== undefined) text += `; fwd-status=${parts.status}`;
  if (parts.stored === true) text += '; stored';
  if (parts.collapsed === true) text += '; collapsed';
  return text;
}
