import { LRUCache } from 'lru-cache';
import type { Clock } from '../../model/clock.ts';
import type { HeaderList } from '../../model/headers.ts';
import type { CacheStore, Found, Freshness, StoredRange, StoredResponse, StoredSummary, StoreFilter, StoreStats } from '../store.ts';
import { isDead, isMarked, type Tag, TagTable } from './tags.ts';

/** Bounds of a memory store. */
export interface MemoryStoreOptions {
  /** Bytes over all answers, with what it costs to keep them. */
  readonly maxBytes: number;
  /** Answers under one key. */
  readonly maxVariants: number;
}

/** What an entry costs beyond its texts and its body: objects, table slots, the body's own buffer. Measured, rounded up. */
const OVERHEAD_BYTES = 800;
/** How exactly the order of use is kept. */
const TOUCH_MS = 1000;
/** Entries looked at in one go by a purge that has to look at all. */
const SLICE = 5000;

/** A stored answer. It holds its tags themselves: their names stand in them once for all entries. */
class Entry implements Found {
  stale = false;
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

  constructor(response: StoredResponse, held: readonly Tag[], tags: TagTable, now: number, cost: number) {
    this.checkedAt = tags.generation;
    this.touchedAt = now;
    this.vary = response.vary;
    this.variant = response.variant;
    this.status = response.status;
    this.headers = response.headers;
    this.body = response.body;
    this.range = response.range;
    this.freshness = response.freshness;
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

const NOTHING: readonly Found[] = [];

/** Keeps answers in this process, the least recently used going first. Answers at once. */
export class MemoryStore implements CacheStore {
  readonly name = 'memory';
  readonly shared = false;
  readonly #clock: Clock;
  readonly #maxVariants: number;
  readonly #tags = new TagTable();
  readonly #entries: LRUCache<string, readonly Entry[]>;
  #count = 0;
  #evictions = 0;

  constructor(options: MemoryStoreOptions, clock: Clock) {
    this.#clock = clock;
    this.#maxVariants = options.maxVariants;
    this.#entries = new LRUCache({
      maxSize: Math.max(1, options.maxBytes),
      sizeCalculation: costOf,
      dispose: (variants, _key, reason) => {
        if (reason === 'set') return;
        if (reason === 'evict') this.#evictions += variants.length;
        for (const entry of variants) this.#forget(entry);
      },
    });
  }

  lookup(key: string): readonly Found[] {
    const variants = this.#entries.peek(key);
    if (variants === undefined) return NOTHING;
    const now = this.#clock.wallNow();
    for (const entry of variants) {
      if (entry.keepUntil < now || this.#wasDropped(entry)) return this.#sweep(key, variants, now);
      // a move to the front touches a dozen places of the heap: once a second is often enough
      if (now - entry.touchedAt < TOUCH_MS) continue;
      entry.touchedAt = now;
      this.#entries.get(key);
    }
    return variants;
  }

  put(key: string, response: StoredResponse): void {
    const kept = this.#others(this.#entries.peek(key), response);
    const entry = new Entry(response, this.#tags.hold(response.tags), this.#tags, this.#clock.wallNow(), bytesOf(key, response));
    this.#count++;
    while (kept.length >= this.#maxVariants) {
      this.#evictions++;
      this.#forget(kept.pop());
    }
    this.#entries.set(key, [entry, ...kept]);
    // too large for the store as a whole: the set was refused
    if (this.#entries.peek(key)?.[0] !== entry) for (const refused of [entry, ...kept]) this.#forget(refused);
  }

  remove(key: string): void {
    this.#entries.delete(key);
  }

  invalidate(tags: readonly string[], soft: boolean): number {
    return this.#tags.drop(tags, soft);
  }

  async purge(filter: StoreFilter, soft: boolean): Promise<number> {
    let count = 0;
    const keys = [...this.#entries.keys()];
    for (let from = 0; from < keys.length; from += SLICE) {
      if (from > 0) await new Promise(setImmediate);
      for (const key of keys.slice(from, from + SLICE)) count += this.#purgeKey(key, filter, soft);
    }
    return count;
  }

  list(filter: StoreFilter, limit: number): StoredSummary[] {
    const found: StoredSummary[] = [];
    for (const [key, variants] of this.#entries.entries()) {
      for (const entry of variants) {
        if (found.length >= limit) return found;
        if (this.#isLive(entry) && holds(filter, key, entry)) found.push(this.#summary(key, entry));
      }
    }
    return found;
  }

  get stats(): StoreStats {
    return { entries: this.#count, bytes: this.#entries.calculatedSize, evictions: this.#evictions, errors: 0 };
  }

  close(): void {
    this.#entries.clear();
  }

  /** The variants that stay beside a new one. */
  #others(variants: readonly Entry[] | undefined, response: StoredResponse): Entry[] {
    const kept: Entry[] = [];
    for (const entry of variants ?? []) {
      if (this.#isLive(entry) && !replaces(response, entry)) kept.push(entry);
      else this.#forget(entry);
    }
    return kept;
  }

  /** Looks at the tags of an entry, once after each invalidation. */
  #wasDropped(entry: Entry): boolean {
    const { generation } = this.#tags;
    if (entry.checkedAt === generation) return false;
    if (isDead(entry.held)) return true;
    if (isMarked(entry.held, entry.epoch)) entry.stale = true;
    entry.checkedAt = generation;
    return false;
  }

  #sweep(key: string, variants: readonly Entry[], now: number): readonly Found[] {
    const kept = variants.filter((entry) => !isDead(entry.held) && entry.keepUntil >= now);
    return this.#keep(key, variants, kept);
  }

  #purgeKey(key: string, filter: StoreFilter, soft: boolean): number {
    const variants = this.#entries.peek(key) ?? [];
    const hit = variants.filter((entry) => this.#isLive(entry) && holds(filter, key, entry));
    if (soft) for (const entry of hit) entry.stale = true;
    else if (hit.length > 0)
      this.#keep(
        key,
        variants,
        variants.filter((entry) => !hit.includes(entry)),
      );
    return hit.length;
  }

  #keep(key: string, variants: readonly Entry[], kept: readonly Entry[]): readonly Entry[] {
    for (const entry of variants) if (!kept.includes(entry)) this.#forget(entry);
    if (kept.length === 0) {
      // what is to be disposed of was forgotten above
      this.#entries.set(key, []);
      this.#entries.delete(key);
    } else this.#entries.set(key, kept);
    return kept;
  }

  #isLive(entry: Entry): boolean {
    return !isDead(entry.held) && entry.keepUntil >= this.#clock.wallNow();
  }

  #forget(entry: Entry | undefined): void {
    if (entry === undefined) return;
    this.#count--;
    this.#tags.release(entry.held);
  }

  #summary(key: string, entry: Entry): StoredSummary {
    const { variant, status, freshness, respondedAt, initialAgeMs, upstream, route, tags } = entry;
    const stale = entry.stale || isMarked(entry.held, entry.epoch);
    return { key, variant, status, bytes: entry.body.length, freshness, respondedAt, initialAgeMs, stale, upstream, route, tags };
  }
}

function replaces(newer: StoredResponse, older: Entry): boolean {
  return newer.variant === older.variant && newer.range?.first === older.range?.first && newer.range?.last === older.range?.last;
}

function holds(filter: StoreFilter, key: string, entry: Entry): boolean {
  if (filter.upstream !== undefined && entry.upstream !== filter.upstream) return false;
  if (filter.route !== undefined && entry.route !== filter.route) return false;
  if (filter.prefix !== undefined && !key.startsWith(filter.prefix)) return false;
  return filter.tag === undefined || entry.held.some(({ name }) => name === filter.tag);
}

function costOf(variants: readonly Entry[]): number {
  let cost = 1;
  for (const entry of variants) cost += entry.cost;
  return cost;
}

function bytesOf(key: string, { headers, body, variant, tags }: StoredResponse): number {
  let bytes = OVERHEAD_BYTES + key.length + variant.length + body.length;
  for (const text of headers) bytes += text.length + 16;
  for (const tag of tags) bytes += tag.length + 16;
  return bytes;
}
