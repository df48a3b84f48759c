import { describe, expect, it } from 'vitest';
import { Cache } from '../../../src/cache/cache.ts';
import type { CacheStore } from '../../../src/cache/store.ts';
import { MemoryStore } from '../../../src/cache/stores/memory.ts';
import { routesOf } from '../../../src/config/effective.ts';
import type { UpstreamConfig } from '../../../src/config/schema.ts';
import type { Service } from '../../../src/model/service.ts';
import { answered, exchangeOf, FakeClock, Notes } from '../policy/fixtures.ts';
import { ok, read } from './fixtures.ts';

const clock = new FakeClock();
const memory = (): MemoryStore => new MemoryStore({ maxBytes: 1024 * 1024, maxVariants: 8 }, clock);

/** A store that other processes have as well. */
function ofMany(store: MemoryStore): CacheStore {
  return {
    name: 'of many',
    shared: true,
    lookup: (key) => store.lookup(key),
    put: (key, response) => store.put(key, response),
    remove: (key) => store.remove(key),
    invalidate: (tags, soft) => store.invalidate(tags, soft),
    purge: (filter, soft) => store.purge(filter, soft),
    list: (filter, limit) => store.list(filter, limit),
    stats: store.stats,
    close: () => undefined,
  };
}

/** A cache that lives through reloads, and an upstream that counts its answers. */
class Life {
  readonly store: CacheStore;
  readonly #cache: Cache;
  #service: Service = () => answered(500);
  #answers = 0;

  constructor(first: Partial<UpstreamConfig>, store: CacheStore = memory()) {
    this.store = store;
    this.#cache = new Cache({ maxBytes: 0, clock, observer: new Notes(), store });
    this.reload(first);
  }

  /** Puts a configuration to work. */
  reload(config: Partial<UpstreamConfig>): void {
    const upstream = config as UpstreamConfig;
    const upstreamService: Service = (exchange) => (exchange.method === 'GET' ? ok(`row ${++this.#answers}`) : answered(204));
    const layers = routesOf('api', upstream).map((settings) => this.#cache.layerFor(settings, upstream));
    this.#service = layers[0]?.(upstreamService) ?? upstreamService;
    this.#cache.settle({ api: upstream });
  }

  async get(...headers: string[]): Promise<string> {
    return (await this.#send('GET', headers)).body;
  }

  async write(): Promise<void> {
    await this.#send('PUT', []);
  }

  async #send(method: string, headers: string[]) {
    const exchange = exchangeOf({ method, path: '/t/a', headers });
    return read(await this.#service(exchange), exchange);
  }
}

const ON: Partial<UpstreamConfig> = { cache: { ttl: 60_000 } };
const OFF: Partial<UpstreamConfig> = {};
const TAGGED: Partial<UpstreamConfig> = { routes: [{ name: 'a', match: { path: ['/t/a'] }, cache: { ttl: 60_000, tags: ['a'] } }] };

describe('what is stored, after a reload', () => {
  it('is kept where what it is stored under is the same', async () => {
    const life = new Life(ON);
    expect(await life.get()).toBe('row 1');
    life.reload({ cache: { ttl: 90_000, staleIfError: 1000 } });
    expect(await life.get()).toBe('row 1');
  });

  it('is gone where the cache was off meanwhile: nobody heard of the writes', async () => {
    const life = new Life(ON);
    await life.get();
    life.reload(OFF);
    expect(await life.store.list({}, 10)).toHaveLength(0);
    await life.write();
    life.reload(ON);
    expect(await life.get()).toBe('row 2');
  });

  it.each<[what: string, before: Partial<UpstreamConfig>, after: Partial<UpstreamConfig>]>([
    ['tags were given', ON, TAGGED],
    ['tags were taken away', TAGGED, ON],
    ['tables were named', ON, { ...ON, tables: { path: '/t/{table}' } }],
    ['tables stand elsewhere', { ...ON, tables: { path: '/t/{table}' } }, { ...ON, tables: { path: '/{table}' } }],
  ])('is gone where %s: it has not the names that writes drop it by', async (_what, before, after) => {
    const life = new Life(before);
    await life.get();
    life.reload(after);
    expect(await life.get()).toBe('row 2');
  });

  it.each([
    ['is no longer', { shared: true }, {}],
    ['is now', {}, { shared: true }],
  ])('is not given to requests without credentials where the route %s shared, not even after a restart', async (_what, before, after) => {
    const store = memory();
    await new Life({ cache: { ...before, ttl: 60_000 } }, store).get('authorization', 'a');
    await new Life({ cache: { ...after, ttl: 60_000 } }, store).get();
    expect(store.list({}, 10)).toHaveLength(2);
  });
});

describe('what a store has that survives restarts', () => {
  it('is dropped by a process that starts without caching it, and kept by one that caches', async () => {
    const store = memory();
    expect(await new Life(ON, store).get()).toBe('row 1');
    expect(await new Life(ON, store).get()).toBe('row 1');
    expect(await new Life(OFF, store).get()).toBe('row 1');
    expect(store.list({}, 10)).toHaveLength(0);
  });

  it('is left to the others who share it while this one does not cache, and dropped when it does again', async () => {
    const store = memory();
    const shared = ofMany(store);
    const life = new Life(ON, shared);
    await new Life(ON, shared).get();
    life.reload(OFF);
    expect(store.list({}, 10)).toHaveLength(1);
    await life.write();
    life.reload(ON);
    expect(store.list({}, 10)).toHaveLength(0);
  });
});
