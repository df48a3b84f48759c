import { keptFieldText } from '../../model/field-text.ts';
import type { HeaderList } from '../../model/headers.ts';
import type { FieldText } from '../../model/outcome.ts';
import type { Found, Freshness, StoredRange, StoredResponse, StoreFilter } from '../store.ts';
import type { Sieved } from './sieve.ts';
import type { Tag, TagTable } from './tags.ts';

/** What an entry costs beyond its texts and its body: objects, table slots, the body's own buffer. Measured, rounded up. */
const OVERHEAD_BYTES = 700;

/** Bodies up to this are kept as text. */
const TEXT_BYTES = 2048;

/**
 * A stored answer; where there are several under its key, the most recent stands for all of them. It holds its tags themselves: their names stand in them once for all entries. A hit reads
 * as few places of the heap as can be: among a million of them each costs more than all that is computed.
 */
export class Entry implements Found, Sieved<Entry> {
  readonly key: string;
  /** The others under its key, the most recent first; undefined where there are none, or where another stands for all. */
  others: readonly Entry[] | undefined = undefined;
  used = false;
  newer: Entry | undefined = undefined;
  older: Entry | undefined = undefined;
  stale = false;
  /** Made when it is stored, while its fields are at hand: a hit does not look at them. */
  fieldText: FieldText | undefined;
  /** The body in Latin-1, a letter a byte, where it is small: half the memory of a buffer, and ready to be sent. */
  readonly bodyText: string | undefined;
  readonly #bytes: Uint8Array | undefined;
  /** The generation of the tags at which it was last found alive. */
  checkedAt: number;
  readonly vary: readonly string[];
  readonly variant: string;
  readonly status: number;
  readonly headers: HeaderList;
  readonly range: StoredRange | undefined;
  readonly freshness: Freshness;
  readonly respondedAt: number;
  readonly initialAgeMs: number;
  readonly keepUntil: number;
  readonly upstream: string;
  readonly route: string;
  readonly held: readonly Tag[];
  readonly epoch: number;
  /** Of this one alone. */
  readonly ownCost: number;
  /** Of all under its key, where it stands for them. */
  cost: number;

  constructor(key: string, response: StoredResponse, freshness: Freshness, held: readonly Tag[], tags: TagTable) {
    const { body } = response;
    this.key = key;
    this.fieldText = keptFieldText(response.headers, body.length);
    this.bodyText = body.length > TEXT_BYTES ? undefined : latin1(body);
    this.#bytes = this.bodyText === undefined ? body : undefined;
    this.checkedAt = tags.generation;
    this.vary = response.vary;
    this.variant = response.variant;
    this.status = response.status;
    this.headers = response.headers;
    this.range = response.range;
    this.freshness = freshness;
    this.respondedAt = response.respondedAt;
    this.initialAgeMs = response.initialAgeMs;
    this.keepUntil = response.keepUntil;
    this.upstream = response.upstream;
    this.route = response.route;
    this.held = held;
    this.epoch = tags.epoch;
    this.ownCost = bytesOf(key, response);
    this.cost = this.ownCost + 1;
  }

  get body(): Uint8Array {
    return this.#bytes ?? Buffer.from(this.bodyText ?? '', 'latin1');
  }

  /** Bytes of the body. */
  get size(): number {
    return this.bodyText?.length ?? this.#bytes?.length ?? 0;
  }

  /** All under its key, the most recent first. */
  get all(): readonly Entry[] {
    return this.others === undefined ? [this] : [this, ...this.others];
  }

  /** Makes it stand for others. It must not be in a sieve. */
  leads(others: readonly Entry[]): this {
    for (const other of others) other.others = undefined;
    this.others = others.length === 0 ? undefined : others;
    this.cost = others.reduce((sum, { ownCost }) => sum + ownCost, this.ownCost + 1);
    return this;
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
export function holds(filter: StoreFilter, entry: Entry): boolean {
  if (filter.upstream !== undefined && entry.upstream !== filter.upstream) return false;
  if (filter.route !== undefined && entry.route !== filter.route) return false;
  if (filter.prefix !== undefined && !entry.key.startsWith(filter.prefix)) return false;
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

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

/** Bytes that one entry counts for. */
function bytesOf(key: string, { headers, body, variant, tags }: StoredResponse): number {
  let bytes = OVERHEAD_BYTES + key.length + variant.length + body.length;
  // once as they are, once more as the text that is kept from the first time that they are sent
  for (const text of headers) bytes += 2 * text.length + 18;
  for (const tag of tags) bytes += tag.length + 16;
  return bytes;
}
