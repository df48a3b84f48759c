import { describe, expect, it } from 'vitest';
import type { CacheStore } from '../../../src/cache/store.ts';
import { MemoryStore } from '../../../src/cache/stores/memory.ts';
import { answered, FakeClock } from '../policy/fixtures.ts';
import { Bench, ok } from './fixtures.ts';
import { setUpRanges } from './range-origin.ts';

const later = <T>(value: T): Promise<T> => new Promise((resolve) => setImmediate(() => resolve(value)));

/** A store that answers later, as one in another process does. */
function remote(): CacheStore {
  const store = new MemoryStore({ maxBytes: 1_000_000, maxVariants: 8 }, new FakeClock());
  return {
    name: 'remote',
    shared: true,
    lookup: (key) => later(store.lookup(key)),
    put: (key, response) => later(undefined).then(() => store.put(key, response)),
    remove: (key) => later(store.remove(key)),
    invalidate: (tags, soft) => later(undefined).then(() => store.invalidate(tags, soft)),
    purge: (filter, soft) => store.purge(filter, soft),
    list: (filter, limit) => later(store.list(filter, limit)),
    stats: store.stats,
    close: () => store.close(),
  };
}

/** A store that is down: it finds nothing and keeps nothing. */
function down(): CacheStore {
  const store = remote();
  return { ...store, lookup: () => later([]), put: () => later(undefined), invalidate: () => later(0) };
}

describe('a cache over a store that answers later', () => {
  it('asks upstream once for all, and then answers from the store', async () => {
    const bench = new Bench({ ttl: 1000 }, async (_exchange, number) => later(ok(`row ${number}`)), {}, remote());
    const bodies = await Promise.all(Array.from({ length: 100 }, async () => (await bench.get()).body));
    expect(new Set(bodies)).toEqual(new Set(['row 1']));
    await later(undefined);
    expect(await bench.get()).toMatchObject({ body: 'row 1', source: 'cache' });
  });

  it('has dropped what a write changed before the writer hears of it', async () => {
    const bench = new Bench({ ttl: 1000 }, (exchange, number) => (exchange.method === 'GET' ? ok(`row ${number}`) : answered(204)), {}, remote());
    await bench.get();
    await later(undefined);
    await bench.get({ method: 'POST' });
    expect((await bench.get()).body).toBe('row 3');
  });

  it('goes on without it while it is down, still one request for all', async () => {
    const bench = new Bench({ ttl: 1000 }, async (_exchange, number) => later(ok(`row ${number}`)), {}, down());
    await Promise.all(Array.from({ length: 100 }, () => bench.get()));
    expect(bench.sent).toHaveLength(1);
    expect((await bench.get()).body).toBe('row 2');
    expect((await bench.get({ method: 'DELETE' })).status).toBe(200);
  });

  it('puts byte ranges together, and does not bring back what a write drops while it looks for them', async () => {
    const { get, bench, asked } = setUpRanges({}, remote());
    const settled = async (): Promise<void> => {
      for (let i = 0; i < 5; i++) await later(undefined);
    };
    await get('0-9');
    await settled();
    await get('10-19');
    await settled();
    expect(await get('5-14')).toMatchObject({ status: 206, body: 'fghijklmno', source: 'cache' });
    const last = get('20-25');
    const answered = await last;
    bench.answer = () => ok('');
    await bench.get({ method: 'PUT' });
    await settled();
    expect(answered.body).toBe('uvwxyz');
    expect(await bench.cache.store.lookup('https://api.example/')).toEqual([]);
    expect(asked()).toEqual(['bytes=0-9', 'bytes=10-19', 'bytes=20-25']);
  });
});
