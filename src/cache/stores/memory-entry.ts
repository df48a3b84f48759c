import type { HeaderList } from '../../model/headers.ts';
import type { FieldText } from '../../model/outcome.ts';
import type { Found, Freshness, StoredRange, StoredResponse, StoreFilter } from '../store.ts';
import type { Tag, TagTable } from './tags.ts';

/** What an entry costs beyond its texts and its body: objects, table slots, the body's own buffer. Measured, rounded up. */
const OVERHEAD_BYTES = 800;

/** A stored answer. It holds its tags themselves: their names stand in them once for all entries. */
export class Entry implements Found {
  stale = false;
  fieldText: FieldText | undefined = undefined;
  /** The generation of the tags at which it was last found alive. */
  checkedAt: number;
  /** When it last moved to the front. */
  touchedAt: number;
  readonly vary: readonly string[];
  readonly variant: string;
  readonly status: number;
  readonly headers: HeaderList;
  readonly body: Uint8Array;
  readonly range: StoredRange | undefined;
  readonly freshness: Freshness;
  readonly respondedAt: number;
  readonly initialAgeMs: number;
  readonly keepUntil: number;
  readonly upstream: string;
  readonly route: string;
  readonly held: readonly Tag[];
  readonly epoch: number;
  readonly cost: number;

  constructor(response: StoredResponse, freshness: Freshness, held: readonly Tag[], tags: TagTable, now: number, cost: number) {
    this.checkedAt = tags.generation;
    this.touchedAt = now;
    this.vary = response.vary;
    this.variant = response.variant;
    this.status = response.status;
    this.headers = response.headers;
    this.body = response.body;
    this.range = response.range;
    this.freshness = freshness;
    this.respondedAt = response.respondedAt;
    this.initialAgeMs = response.initialAgeMs;
    this.keepUntil = response.keepUntil;
    this.upstream = response.upstream;
    this.route = response.route;
    this.held = held;
    this.epoch = tags.epoch;
    this.cost = cost;
  }

  get tags(): readonly string[] {
    return this.held.map(({ name }) => name);
  }
}

/** Whether a newer answer takes the place of an older one under the same key: that lies within it. */
export function replaces({ variant, range }: StoredResponse, older: Entry): boolean {
  if (variant !== older.variant || range === undefined) return variant === older.variant;
  return older.range !== undefined && range.first <= older.range.first && older.range.last <= range.last;
}

/** Whether a filter holds for an entry. */
export function holds(filter: StoreFilter, key: string, entry: Entry): boolean {
  if (filter.upstream !== undefined && entry.upstream !== filter.upstream) return false;
  if (filter.route !== undefined && entry.route !== filter.route) return false;
  if (filter.prefix !== undefined && !key.startsWith(filter.prefix)) return false;
  return filter.tag === undefined || entry.held.some(({ name }) => name === filter.tag);
}

/** Whether two say the same. */
export function isSameFreshness(a: Freshness, b: Freshness): boolean {
  return (
    a.freshMs === b.freshMs &&
    a.staleWhileRevalidateMs === b.staleWhileRevalidateMs &&
    a.staleIfErrorMs === b.staleIfErrorMs &&
    a.noCache === b.noCache &&
    a.mustRevalidate === b.mustRevalidate
  );
}

/** Bytes that the entries of one key count for. */
export function costOf(variants: readonly Entry[]): number {
  let cost = 1;
  for (const entry of variants) cost += entry.cost;
  return cost;
}

/** Bytes that one entry counts for. */
export function bytesOf(key: string, { headers, body, variant, tags }: StoredResponse): number {
  let bytes = OVERHEAD_BYTES + key.length + variant.length + body.length;
  // once as they are, once more as the text that is kept from the first time that they are sent
  for (const text of headers) bytes += 2 * text.length + 18;
  for (const tag of tags) bytes += tag.length + 16;
  return bytes;
}
