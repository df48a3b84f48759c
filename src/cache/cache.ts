import { randomBytes } from 'node:crypto';
import type { RouteSettings } from '../config/effective.ts';
import type { UpstreamConfig } from '../config/schema.ts';
import type { Clock } from '../model/clock.ts';
import type { Observer } from '../model/events.ts';
import type { Exchange } from '../model/exchange.ts';
import type { Layer, Service } from '../model/service.ts';
import { CacheAdmin } from './admin.ts';
import { type Lease, Leases } from './coalesce/leases.ts';
import { KeyNotes } from './coalesce/key-notes.ts';
import { Spool } from './coalesce/spool.ts';
import type { CacheParts } from './fetch.ts';
import { Identities } from './identity.ts';
import { Tables } from './invalidate/tables.ts';
import { cacheLayer } from './layer.ts';
import { prefetchLayer } from './prefetch/layer.ts';
import { Prefetcher } from './prefetch/prefetcher.ts';
import { prefetchSettings } from './prefetch/settings.ts';
import { routeCacheSettings, tagTemplates } from './settings.ts';
import { cachesAnything, StoredUnder } from './stored-under.ts';
import type { CacheStore, MaybePromise, StoreStats } from './store.ts';
import { MemoryStore } from './stores/memory.ts';
import { upstreamTag } from './tag-names.ts';

/** What a cache is made with. */
export interface CacheOptions {
  /** Bound of the memory store; not looked at where `store` is given. */
  readonly maxBytes: number;
  readonly clock: Clock;
  readonly observer: Observer;
  /** Another store than memory; the cache closes it. */
  readonly store?: CacheStore;
  /** Secret for identities where others share the store. A store of this process alone gets a random one. */
  readonly secret?: Buffer;
  /** Tells other processes what a write has dropped; settles once they have dropped it too, or after a bounded time. The write's answer waits for it. */
  readonly tellOthers?: (tags: readonly string[]) => Promise<void>;
}

/** Bytes of answers under way that are kept to be stored and shared, over all of them. */
const SPOOL_BYTES = 64 * 1024 * 1024;
/** Answers under one key. */
const MAX_VARIANTS = 32;

/** The cache of an app: one store for all upstreams. Made once, survives reloads, closed by the app. */
export class Cache {
  readonly store: CacheStore;
  readonly admin: CacheAdmin;
  readonly #parts: CacheParts;
  readonly #upstreams = new Set<string>();
  readonly #storedUnder = new StoredUnder();
  readonly #tables = new Map<string, { readonly path: string; readonly tables: Tables }>();
  /** Upstreams of which was said that nothing tells by what embeds are joined, and the route on which that was seen. */
  readonly #unjoined = new Map<string, string>();

  /** By upstream and settings: while a configuration is put together, there may be two for one upstream. */
  readonly #prefetchers = new Map<string, Prefetcher>();
  readonly #tellOthers: CacheOptions['tellOthers'];

  constructor(options: CacheOptions) {
    const { clock, observer } = options;
    this.#tellOthers = options.tellOthers;
    this.store = options.store ?? new MemoryStore({ maxBytes: options.maxBytes, maxVariants: MAX_VARIANTS }, clock);
    const identities = new Identities(options.secret ?? randomBytes(32));
    this.#parts = { store: this.store, leases: new Leases(), notes: new KeyNotes(), spool: new Spool(SPOOL_BYTES), identities, clock, observer };
    this.admin = new CacheAdmin(
      this.#parts,
      () => this.#upstreams,
      () => this.prefetchers,
    );
    this.store.onInvalidation?.((tags) => {
      if (tags === undefined) this.#parts.leases.killAll();
      else this.#parts.leases.kill(tags);
      this.#dropPrefetched();
    });
  }

  /**
   * The layer of one route: its reads, if it caches, and what its writes drop, if anything of the upstream is cached. Undefined where the upstream caches nothing.
   */
  layerFor(settings: RouteSettings, upstream: UpstreamConfig): Layer | undefined {
    if (!cachesAnything(upstream)) return undefined;
    this.#upstreams.add(settings.upstream);
    const tables = this.#tablesOf(settings.upstream, upstream);
    const config = settings.cache?.enabled === false ? undefined : settings.cache;
    const writes = {
      invalidate: settings.invalidate,
      tagsOf: tagTemplates(settings.invalidate?.tags ?? [], settings.match?.path ?? []),
      tables,
      also: new Map(Object.entries(upstream.tables?.also ?? {})),
      identities: this.#parts.identities,
      drop: (tags: readonly string[], own?: Lease) => this.#drop(tags, own),
    };
    const reads = config === undefined ? undefined : routeCacheSettings(settings, config, upstream.tables?.path);
    return cacheLayer({ reads, writes, tables }, this.#parts);
  }

  /**
   * The layer of one route that gives answers asked for ahead; undefined where the upstream asks for none. `ask` sends a request through the whole of its route. What was
   * learned is kept over reloads, as long as the settings are the same.
   */
  prefetchFor(settings: RouteSettings, upstream: UpstreamConfig, ask: Service): Layer | undefined {
    const made = prefetchSettings(settings.upstream, upstream);
    if (made === undefined) return undefined;
    const place = placeOf(settings.upstream, upstream);
    const prefetcher = this.#prefetchers.get(place) ?? new Prefetcher(made, this.#parts);
    this.#prefetchers.set(place, prefetcher);
    const { invalidate, repeatable } = settings;
    const { identities } = this.#parts;
    return prefetchLayer(prefetcher, { identities, ask, changesNothing: invalidate?.none === true, askable: repeatable !== false });
  }

  /**
   * These upstreams are at work from now on, and no others: what asks ahead by other settings ends, and what is stored is dropped where writes would miss it or have missed it.
   */
  settle(upstreams: Readonly<Record<string, UpstreamConfig>>): void {
    const outdated = this.#storedUnder.change(upstreams, this.store.shared).map(upstreamTag);
    if (outdated.length > 0) {
      this.#parts.leases.kill(outdated);
      void this.store.invalidate(outdated, false);
    }
    for (const [name, route] of this.#unjoined) {
      if (upstreams[name]?.tables !== undefined && upstreams[name].tables.junctions === undefined) continue;
      this.#unjoined.delete(name);
      this.#parts.observer.warned(name, route, 'cache', '');
    }
    const live = new Set(Object.entries(upstreams).map(([name, upstream]) => placeOf(name, upstream)));
    for (const [place, prefetcher] of this.#prefetchers) {
      if (live.has(place)) continue;
      prefetcher.close();
      this.#prefetchers.delete(place);
    }
  }

  /** What asks ahead, one for each upstream that does. */
  get prefetchers(): readonly Prefetcher[] {
    return [...this.#prefetchers.values()];
  }

  /** Where the store stands. */
  get stats(): StoreStats {
    return this.store.stats;
  }

  /** Ends: the store is closed. */
  async close(): Promise<void> {
    for (const prefetcher of this.#prefetchers.values()) prefetcher.close();
    await this.store.close();
  }

  #drop(tags: readonly string[], own: Lease | undefined): MaybePromise<number> {
    // first what is under way, so that nothing older than the write is stored between the two
    this.#parts.leases.kill(tags, own);
    const dropped = this.store.invalidate(tags, false);
    return this.#tellOthers === undefined ? dropped : this.#tellOthers(tags).then(() => dropped);
  }

  /** Another process that serves the same upstreams has dropped these tags. */
  dropped(tags: readonly string[]): MaybePromise<number> {
    this.#parts.leases.kill(tags);
    this.#dropPrefetched();
    return this.store.shared ? 0 : this.store.invalidate(tags, false);
  }

  #dropPrefetched(): void {
    for (const prefetcher of this.#prefetchers.values()) prefetcher.drop();
  }

  /** Says once that reads are dropped more often than they need to be. */
  readonly #noteUnjoined = ({ upstream, route }: Exchange, embed: string): void => {
    if (this.#unjoined.has(upstream)) return;
    this.#unjoined.set(upstream, route);
    this.#parts.observer.warned(upstream, route, 'cache', unjoinedNotice(embed));
  };

  /** What is known of an upstream's tables is kept over reloads, as long as they stand at the same path. */
  #tablesOf(name: string, upstream: UpstreamConfig): Tables | undefined {
    if (upstream.tables === undefined) return undefined;
    const fingerprint = JSON.stringify(upstream.tables);
    const known = this.#tables.get(name);
    if (known?.path === fingerprint) return known.tables;
    const tables = new Tables(upstream.tables, this.#noteUnjoined);
    this.#tables.set(name, { path: fingerprint, tables });
    return tables;
  }
}

function unjoinedNotice(embed: string): string {
  return `reads that embed another table without a !hint, such as ${embed}, are dropped by a write to any table, since it may be what joins them: name those that do under tables.junctions, or [] for none`;
}

function placeOf(name: string, { prefetch, tables, cache }: UpstreamConfig): string {
  return JSON.stringify([name, prefetch, tables?.path, cache?.sortQuery]);
}
