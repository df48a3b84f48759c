import type { Clock } from '../../model/clock.ts';
import type { CacheStore, Found, InvalidationListener, StoredResponse, StoredSummary, StoreFilter, StoreStats } from '../store.ts';
import { digest, foundOf, matches, slotOf, summaryOf } from './record.ts';
import { clusterCommander } from './redis-cluster.ts';
import { clientCommander, type Commander, type RedisAddress } from './redis-commander.ts';
import { Drops, dropsKey } from './redis-drops.ts';
import { filterTag } from './redis-filters.ts';
import { type Place, remove, run, scan, TagIndex } from './redis-index.ts';
import { RedisLink } from './redis-link.ts';
import { readRecords, type Record, writeStart } from './redis-record.ts';
import { PUT } from './redis-scripts.ts';
import { UnmadeDrops } from './unmade-drops.ts';

/** Where a Redis store is, and its bounds. How many bytes it takes in all is set on the server (`maxmemory`). */
export interface RedisStoreOptions {
  readonly address: RedisAddress;
  /** Start of all keys and of the channel: who shares it shares the cache. */
  readonly prefix: string;
  /** For each operation. */
  readonly timeoutMs: number;
  /** Answers under one key, and their bytes. */
  readonly maxVariants: number;
  readonly maxKeyBytes: number;
  /** Told when the link is lost and when it is back. */
  readonly notice: (text: string) => void;
}

/** Drops that wait for a link; beyond, everything is dropped when it stands. */
const UNSENT = 10_000;
/** Answers that a drop waits for to be freed and counted; what is more is freed behind it. */
const FREED_FIRST = 500;
const NOTHING: readonly Found[] = [];

/** Opens a store that is shared through Redis. Settles when it is reached, or after one time limit: it goes on trying, and finds nothing until then. */
export async function openRedisStore(options: RedisStoreOptions, clock: Clock): Promise<RedisStore> {
  const redis = await import('redis');
  const { address, prefix } = options;
  const connection = (): Commander => (address.cluster ? clusterCommander(redis, address, dropsKey(prefix)) : clientCommander(redis, address));
  const store = new RedisStore(connection, options, clock);
  await store.settled();
  return store;
}

/**
 * Keeps answers in Redis or Valkey, for all sidecars of one prefix. A lookup is one round trip. While the server does not answer, lookups find nothing, writes are
 * lost and drops are kept to be made before anything is found again.
 */
export class RedisStore implements CacheStore {
  readonly name = 'redis';
  readonly shared = true;
  readonly #options: RedisStoreOptions;
  readonly #clock: Clock;
  readonly #drops: Drops;
  readonly #index: TagIndex;
  readonly #link: RedisLink;
  readonly #unsent = new UnmadeDrops(UNSENT);
  #listeners: readonly InvalidationListener[] = [];
  #evictions = 0;

  constructor(connection: () => Commander, options: RedisStoreOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
    this.#index = new TagIndex(options.prefix);
    this.#drops = new Drops(options.prefix, (tags, soft) => {
      for (const listener of this.#listeners) listener(tags, soft);
    });
    this.#link = new RedisLink({
      connection: () => this.#hearing(connection()),
      timeoutMs: options.timeoutMs,
      revive: (made) => this.#revive(made),
      where: options.address.urls.map((url) => new URL(url).host).join(', '),
      notice: options.notice,
    });
  }

  /** Settles when Redis was reached, or after one time limit. */
  settled(): Promise<void> {
    return this.#link.settled();
  }

  async lookup(key: string): Promise<readonly Found[]> {
    // one that came just as the link was back
    if (!this.#unsent.isEmpty) this.#link.lose('a drop is still to be made');
    const [place, { generation }] = [this.#keyOf(key), this.#link];
    const found = await this.#link.try(async (link) => {
      // the number is read after the answer: a drop between the two is seen
      const [answers, seq] = await Promise.all([link.send(place, ['HGETALL', place]), this.#drops.last(link)]);
      const known = Number(seq) === this.#drops.seen || (seq !== null && (await this.#drops.reach(link, Number(seq))));
      if (!known) await this.#drops.catchUp(link);
      return known ? readRecords(answers) : [];
    });
    if (found === undefined || found.length === 0 || generation !== this.#link.generation) return NOTHING;
    return found
      .filter((record) => record.head.key === key && this.#isLive(record))
      .map((record) => foundOf(record.head, record.body, this.#isStale(record)));
  }

  async put(key: string, response: StoredResponse): Promise<void> {
    const place = { key: this.#keyOf(key), slot: slotOf(response) };
    const { maxVariants, maxKeyBytes } = this.#options;
    const now = this.#clock.wallNow();
    const life = Math.min(Math.ceil(response.keepUntil - now), MAX_LIFE_MS);
    if (life <= 0 || response.body.length > maxKeyBytes) return this.remove(key);
    const start = writeStart(key, response, this.#drops.seen);
    const { buffer, byteOffset, byteLength } = response.body;
    const body = Buffer.from(buffer, byteOffset, byteLength);
    const gone = await this.#link.try(async (link) => {
      const words = [place.slot, start, body, String(life), String(maxVariants), String(maxKeyBytes)];
      const [put] = await Promise.all([run(link, PUT, place.key, words), this.#index.add(link, place, response.tags, now + life, now)]);
      return Number(put);
    });
    this.#evictions += gone ?? 0;
  }

  async remove(key: string): Promise<void> {
    const place = this.#keyOf(key);
    await this.#link.try((link) => link.send(place, ['UNLINK', place]));
  }

  async invalidate(tags: readonly string[], soft: boolean): Promise<number> {
    if (!(await this.#drop(tags, soft))) return 0;
    const places = await this.#link.try((link) => (soft ? this.#index.find(link, tags, this.#clock.wallNow()) : this.#index.take(link, tags)));
    if (places === undefined || soft) return places?.length ?? 0;
    const removed = await this.#free(places.slice(0, FREED_FIRST));
    const rest = places.slice(FREED_FIRST);
    void this.#free(rest);
    return removed + rest.length;
  }

  async purge(filter: StoreFilter, soft: boolean): Promise<number> {
    const { tag, ...rest } = filter;
    if (tag !== undefined && Object.values(rest).every((value) => value === undefined)) return this.invalidate([tag], soft);
    let count = 0;
    for await (const records of this.#walk(filter)) {
      const places = records.map(({ place }) => place);
      count += soft || places.length === 0 ? places.length : ((await this.#link.try((link) => remove(link, places))) ?? 0);
    }
    // what is stored meanwhile was fetched before it too, here and elsewhere: it has an older number
    const isAll = !soft && Object.values(filter).every((value) => value === undefined);
    await this.#drop(isAll ? undefined : [filterTag(filter)], soft);
    return count;
  }

  async list(filter: StoreFilter, limit: number): Promise<StoredSummary[]> {
    const found: StoredSummary[] = [];
    for await (const records of this.#walk(filter)) {
      for (const { record } of records) found.push(summaryOf(record.head, record.body.length, this.#isStale(record)));
      if (found.length >= limit) return found.slice(0, limit);
    }
    return found;
  }

  get stats(): StoreStats {
    return { entries: undefined, bytes: undefined, evictions: this.#evictions, errors: this.#link.errors };
  }

  get problem(): string | undefined {
    return this.#link.problem;
  }

  onInvalidation(listener: InvalidationListener): void {
    this.#listeners = [...this.#listeners, listener];
  }

  close(): void {
    this.#link.close();
  }

  #hearing(made: Commander): Commander {
    made.subscribe(this.#drops.channel, (message) => this.#drops.heard(message, made));
    return made;
  }

  /** Learns what others dropped meanwhile, and drops what could not be dropped. */
  async #revive(link: Commander): Promise<void> {
    await this.#drops.catchUp(link);
    // more may come while these are made
    while (!this.#unsent.isEmpty) await this.#drops.make(link, this.#unsent);
  }

  /** Drops tags for everybody; all that is stored where there are none. False where that has to wait until the link stands again. */
  async #drop(tags: readonly string[] | undefined, soft: boolean): Promise<boolean> {
    const dropped = await this.#link.try(async (link) => {
      await (tags === undefined ? this.#drops.dropAll(link) : this.#drops.drop(link, tags, soft));
      return true;
    });
    if (dropped === true) return true;
    if (tags === undefined) this.#unsent.giveBack({ all: true, tags: [] });
    else this.#unsent.add(tags, soft);
    this.#link.lose('a drop could not be made');
    return false;
  }

  /** Frees the memory of what is dropped. How many answers were still there. */
  async #free(places: readonly Place[]): Promise<number> {
    let count = 0;
    for (let from = 0; from < places.length; from += FREED_FIRST) {
      const some = places.slice(from, from + FREED_FIRST);
      count += (await this.#link.try((link) => remove(link, some))) ?? 0;
    }
    return count;
  }

  #isLive({ head, seq }: Record): boolean {
    return head.keepUntil >= this.#clock.wallNow() && !this.#drops.isDead(seq, head);
  }

  #isStale({ seq, head }: Record): boolean {
    return this.#drops.isMarked(seq, head);
  }

  #keyOf(key: string): string {
    return `${this.#options.prefix}e:${digest(key)}`;
  }

  /** The answers for which a filter holds, page by page. */
  async *#walk(filter: StoreFilter): AsyncGenerator<readonly { readonly place: Place; readonly record: Record }[]> {
    for await (const keys of this.#keys(filter)) {
      const pages = await this.#link.try((link) =>
        Promise.all(keys.map(async (key) => ({ key, records: readRecords(await link.send(key, ['HGETALL', key])) }))),
      );
      yield (pages ?? []).flatMap(({ key, records }) =>
        records
          .filter((record) => this.#isLive(record) && matches(filter, record.head))
          .map((record) => ({ place: { key, slot: record.slot }, record })),
      );
    }
  }

  async *#keys({ tag }: StoreFilter): AsyncGenerator<readonly string[]> {
    if (tag !== undefined) {
      const places = await this.#link.try((link) => this.#index.find(link, [tag], this.#clock.wallNow()));
      const keys = [...new Set((places ?? []).map(({ key }) => key))];
      for (let from = 0; from < keys.length; from += PAGE) yield keys.slice(from, from + PAGE);
      return;
    }
    for (const server of (await this.#link.try((link) => link.servers())) ?? []) {
      const pages = scan((words) => this.#orEnd(server(words)), `${this.#options.prefix}e:`);
      for await (const keys of pages) for (let from = 0; from < keys.length; from += PAGE) yield keys.slice(from, from + PAGE);
    }
  }

  /** A page of keys; the last one where the server does not answer. */
  async #orEnd(page: Promise<unknown>): Promise<unknown> {
    return (await this.#link.try(() => page)) ?? [Buffer.from('0'), []];
  }
}

/** Keys whose answers are read together. */
const PAGE = 50;
/** What Redis takes as a time to live. */
const MAX_LIFE_MS = 10 * 365 * 86_400_000;
