import { LRUCache } from 'lru-cache';
import type { Clock } from '../../model/clock.ts';
import type { CacheStore, Found, Freshness, StoredResponse, StoredSummary, StoreFilter, StoreStats } from '../store.ts';
import { bytesOf, costOf, Entry, holds, isSameFreshness, replaces } from './memory-entry.ts';
import { isDead, isMarked, TagTable } from './tags.ts';

/** Bounds of a memory store. */
export interface MemoryStoreOptions {
  /** Bytes over all answers, with what it costs to keep them. */
  readonly maxBytes: number;
  /** Answers under one key. */
  readonly maxVariants: number;
}

/** How exactly the order of use is kept. */
const TOUCH_MS = 1000;
/** Entries looked at in one go where all have to be. */
const SLICE = 5000;

const NOTHING: readonly Found[] = [];

/** Keeps answers in this process, the least recently used going first. Answers at once. */
export class MemoryStore implements CacheStore {
  readonly name = 'memory';
  readonly shared = false;
  readonly #clock: Clock;
  readonly #maxVariants: number;
  readonly #tags = new TagTable();
  readonly #entries: LRUCache<string, readonly Entry[]>;
  #freshness: Freshness = { freshMs: 0, staleWhileRevalidateMs: 0, staleIfErrorMs: undefined, noCache: false, mustRevalidate: false };
  #count = 0;
  #evictions = 0;
  /** Entries dropped since the last sweep, as far as they were counted. */
  #dead = 0;
  #sweeping = false;

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
    const entry = new Entry(
      response,
      this.#shared(response.freshness),
      this.#tags.hold(response.tags),
      this.#tags,
      this.#clock.wallNow(),
      bytesOf(key, response),
    );
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
    const count = this.#tags.drop(tags, soft);
    if (!soft) this.#dropped(count);
    return count;
  }

  async purge(filter: StoreFilter, soft: boolean): Promise<number> {
    let count = 0;
    await this.#visit((key) => {
      count += this.#purgeKey(key, filter, soft);
    });
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

  /** One object for equal freshness in a row: most answers of a route have the same, and a hit then finds it in the processor's cache. */
  #shared(freshness: Freshness): Freshness {
    if (!isSameFreshness(this.#freshness, freshness)) this.#freshness = freshness;
    return this.#freshness;
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

  /** Takes the room of dropped entries back once there are many: until then each goes when it is looked up or its turn comes. */
  #dropped(count: number): void {
    this.#dead += count;
    if (this.#sweeping || this.#dead < Math.max(SLICE, this.#count / 4)) return;
    this.#sweeping = true;
    void this.#visit((key) => {
      const variants = this.#entries.peek(key);
      if (variants !== undefined) this.#sweep(key, variants, this.#clock.wallNow());
    }).then(() => {
      this.#dead = 0;
      this.#sweeping = false;
    });
  }

  /** Visits all keys, a few at a time. */
  async #visit(look: (key: string) => void): Promise<void> {
    const keys = [...this.#entries.keys()];
    for (let from = 0; from < keys.length; from += SLICE) {
      if (from > 0) await new Promise((resolve) => setImmediate(resolve));
      for (const key of keys.slice(from, from + SLICE)) look(key);
    }
  }

  #sweep(key: string, variants: readonly Entry[], now: number): readonly Found[] {
    const kept = variants.filter((entry) => !isDead(entry.held) && entry.keepUntil >= now);
    return kept.length === variants.length ? variants : this.#keep(key, variants, kept);
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
