import { hash } from 'node:crypto';
import type { HeaderList } from '../../model/headers.ts';
import type { Found, Freshness, StoredRange, StoredResponse, StoredSummary, StoreFilter } from '../store.ts';

/** Version of what is written down: a record of another version is a miss. */
export const RECORD_VERSION = 1;

/** All of a stored answer but its body, and the key that it stands under. */
export type Head = Omit<StoredResponse, 'body'> & { readonly key: string };

/** The end of time as far as dates go: JSON knows no Infinity. */
const FAR = 8.64e15;

/** A stored answer without its body, as JSON. It holds no credential: neither do keys and stored answers. */
export function writeHead(key: string, response: StoredResponse): string {
  const { body: _body, freshness, keepUntil, ...rest } = response;
  return JSON.stringify({
    key,
    ...rest,
    freshness: { ...freshness, freshMs: Math.min(freshness.freshMs, FAR) },
    keepUntil: Math.min(keepUntil, FAR),
  });
}

/** What `writeHead` wrote; undefined where it is something else. */
export function readHead(text: string): Head | undefined {
  try {
    const raw = JSON.parse(text) as Written;
    if (typeof raw.key !== 'string' || typeof raw.status !== 'number' || !Array.isArray(raw.headers) || !Array.isArray(raw.tags)) return undefined;
    const { range, freshness } = raw;
    return {
      ...raw,
      range: range === undefined ? undefined : { first: range.first, last: range.last, size: range.size },
      freshness: { ...freshness, staleIfErrorMs: freshness.staleIfErrorMs },
    };
  } catch {
    return undefined;
  }
}

interface Written extends Omit<Head, 'range' | 'freshness'> {
  readonly headers: HeaderList;
  readonly range?: StoredRange;
  readonly freshness: Freshness;
}

/** What `list` tells of a stored answer. */
export function summaryOf(head: Head, bytes: number, stale: boolean): StoredSummary {
  const { key, variant, status, freshness, respondedAt, initialAgeMs, upstream, route, tags } = head;
  return { key, variant, status, bytes, freshness, respondedAt, initialAgeMs, stale, upstream, route, tags };
}

/** A stored answer as `lookup` gives it. */
export function foundOf(head: Head, body: Uint8Array, stale: boolean): Found {
  const { key: _key, ...response } = head;
  return { ...response, body, stale };
}

/** Whether every field of a filter holds. */
export function matches(filter: StoreFilter, head: Head): boolean {
  if (filter.upstream !== undefined && head.upstream !== filter.upstream) return false;
  if (filter.route !== undefined && head.route !== filter.route) return false;
  if (filter.prefix !== undefined && !head.key.startsWith(filter.prefix)) return false;
  return filter.tag === undefined || head.tags.includes(filter.tag);
}

/** Tells the variants and ranges of one key apart: `variant` or `variant.first-last`, the variant by its digest, without blanks. */
export function slotOf({ variant, range }: Pick<StoredResponse, 'variant' | 'range'>): string {
  return range === undefined ? digest(variant) : `${digest(variant)}.${range.first}-${range.last}`;
}

/** Whether what stands in one slot takes the place of what stands in another: that lies within it. */
export function coversSlot(newer: string, older: string): boolean {
  if (newer === older) return true;
  const [variant, first, last] = partsOfSlot(newer);
  const [other, from, to] = partsOfSlot(older);
  return variant === other && (first === undefined || (from !== undefined && first <= from && (to ?? Infinity) <= (last ?? 0)));
}

function partsOfSlot(slot: string): [variant: string, first?: number, last?: number] {
  const [variant = '', range] = slot.split('.');
  const [first, last] = range?.split('-') ?? [];
  return range === undefined ? [variant] : [variant, Number(first), Number(last)];
}

/** A short name for a text of any length. */
export const digest = (text: string): string => hash('sha256', text, 'base64url');
