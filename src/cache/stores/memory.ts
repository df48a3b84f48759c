import type { Clock } from '../../model/clock.ts';
import type { CacheStore, Found, Freshness, StoredResponse, StoredSummary, StoreFilter, StoreStats } from '../store.ts';
import { Entry, holds, isSameFreshness, replaces } from './memory-entry.ts';
import { Sieve } from './sieve.ts';
import { isDead, isMarked, TagTable } from './tags.ts';

/** Bounds of a memory store. */
export interface MemoryStoreOptions {
  /** Bytes over all answers, with what it costs to keep them. */
  readonly maxBytes: number;
  /** Answers under one key. */
  readonly maxVariants: number;
}

/** Entries looked at in one go where all have to be. */
const SLICE = 5000;

const NOTHING: readonly Found[] = [];

/** Keeps answers in this process; what is not used goes first. Answers at once. */
export class MemoryStore implements CacheStore {
  readonly name = 'memory';
  readonly shared = false;
  readonly #clock: Clock;
  readonly #maxVariants: number;
  readonly #tags = new TagTable();
  readonly #entries: Sieve<Entry>;
  #freshness: Freshness = { freshMs: 0, staleWhileRevalidateMs: 0, staleIfErrorMs: undefined, noCache: false, mustRevalidate: false };
  #count = 0;
  #evictions = 0;
  /** Entries dropped since the last sweep, as far as they were counted. */
  #dead = 0;
  #sweeping = false;

  constructor(options: MemoryStoreOptions, clock: Clock) {
    this.#clock = clock;
    this.#maxVariants = options.maxVariants;
    this.#entries = new Sieve(Math.max(1, options.maxBytes), (entry) => {
      for (const one of entry.all) {
        this.#evictions++;
        this.#forget(one);
      }
    });
  }

  lookup(key: string): readonly Found[] {
    const entry = this.#entries.get(key);
    if (entry === undefined) return NOTHING;
    const now = this.#clock.wallNow();
    if (entry.others !== undefined) {
      entry.used = true;
      return this.#several(entry, now);
    }
    if (entry.keepUntil < now || this.#wasDropped(entry)) return this.#keep(entry, []);
    entry.used = true;
    return [entry];
  }

  put(key: string, response: StoredResponse): void {
    const before = this.#entries.get(key);
    const kept = before === undefined ? [] : this.#others(before, response);
    const entry = new Entry(key, response, this.#shared(response.freshness), this.#tags.hold(response.tags), this.#tags);
    this.#count++;
    while (kept.length >= this.#maxVariants) {
      this.#evictions++;
      this.#forget(kept.pop());
    }
    // what is used stays so when it is fetched anew
    entry.used = before?.used ?? false;
    // too large for the store as a whole: nothing is under the key then
    if (!this.#entries.put(entry.leads(kept))) for (const refused of [entry, ...kept]) this.#forget(refused);
  }

  remove(key: string): void {
    const entry = this.#entries.get(key);
    if (entry !== undefined) this.#keep(entry, []);
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
    for (const leader of this.#entries.values()) {
      for (const entry of leader.all) {
        if (found.length >= limit) return found;
        if (this.#isLive(entry) && holds(filter, entry)) found.push(this.#summary(entry));
      }
    }
    return found;
  }

  get stats(): StoreStats {
    return { entries: this.#count, bytes: this.#entries.cost, evictions: this.#evictions, errors: 0 };
  }

  close(): void {
    for (const key of this.#entries.keys()) this.remove(key);
  }

  /** One object for equal freshness in a row: most answers of a route have the same, and a hit then finds it in the processor's cache. */
  #shared(freshness: Freshness): Freshness {
    if (!isSameFreshness(this.#freshness, freshness)) this.#freshness = freshness;
    return this.#freshness;
  }

  /** The variants that stay beside a new one. */
  #others(leader: Entry, response: StoredResponse): Entry[] {
    const kept: Entry[] = [];
    for (const entry of leader.all) {
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
      const entry = this.#entries.get(key);
      if (entry !== undefined) this.#several(entry, this.#clock.wallNow());
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

  /** Those under one key that may still be found; the others are forgotten. */
  #several(leader: Entry, now: number): readonly Found[] {
    const { all } = leader;
    const kept = all.filter((entry) => entry.keepUntil >= now && !this.#wasDropped(entry));
    return kept.length === all.length ? all : this.#keep(leader, kept);
  }

  #purgeKey(key: string, filter: StoreFilter, soft: boolean): number {
    const leader = this.#entries.get(key);
    if (leader === undefined) return 0;
    const { all } = leader;
    const hit = all.filter((entry) => this.#isLive(entry) && holds(filter, entry));
    if (soft) for (const entry of hit) entry.stale = true;
    else if (hit.length > 0)
      this.#keep(
        leader,
        all.filter((entry) => !hit.includes(entry)),
      );
    return hit.length;
  }

  /** Keeps these of all under one key. */
  #keep(leader: Entry, kept: readonly Entry[]): readonly Entry[] {
    const { all, used } = leader;
    this.#entries.remove(leader);
    for (const entry of all) if (!kept.includes(entry)) this.#forget(entry);
    const [first, ...others] = kept;
    if (first !== undefined) {
      first.used = used;
      this.#entries.put(first.leads(others));
    }
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

  #summary(entry: Entry): StoredSummary {
    const { key, variant, status, freshness, respondedAt, initialAgeMs, upstream, route, tags } = entry;
    const stale = entry.stale || isMarked(entry.held, entry.epoch);
    return { key, variant, status, bytes: entry.size, freshness, respondedAt, initialAgeMs, stale, upstream, route, tags };
  }
}
