import { createClient } from 'redis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRedisStore, type RedisStore, type RedisStoreOptions } from '../../../src/cache/stores/redis.ts';
import { RedisServer } from '../../support/redis-server.ts';
import { valkeyServer } from '../../support/valkey/valkey.ts';
import { storeContract, storedResponse } from '../../unit/cache/store-contract.ts';
import { FakeClock } from '../../unit/policy/fixtures.ts';

let server: RedisServer;
let prefixes = 0;
const newPrefix = (): string => `test*[${prefixes++}]:`;

function optionsFor(prefix: string, parts: Partial<RedisStoreOptions> = {}): RedisStoreOptions {
  return {
    address: { urls: [server.url], cluster: false, connectTimeoutMs: 5000, tls: undefined },
    prefix,
    // no test here is about time: a busy machine may take as long as it likes
    timeoutMs: 20_000,
    maxVariants: 16,
    maxKeyBytes: 1_000_000,
    notice: () => undefined,
    ...parts,
  };
}

const connection = () => createClient({ url: server.url });
type Client = ReturnType<typeof connection>;

/** Stores on one prefix, as of several sidecars. */
class Fleet implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly stores: RedisStore[] = [];
  readonly prefix = newPrefix();
  async join(parts: Partial<RedisStoreOptions> = {}): Promise<RedisStore> {
    const store = await openRedisStore(optionsFor(this.prefix, parts), this.clock);
    this.stores.push(store);
    return store;
  }
  async raw<T>(work: (client: Client) => Promise<T>): Promise<T> {
    const client = connection();
    await client.connect();
    try {
      return await work(client);
    } finally {
      client.destroy();
    }
  }
  [Symbol.asyncDispose](): Promise<void> {
    for (const store of this.stores) store.close();
    return Promise.resolve();
  }
}

const bodies = async (store: RedisStore, key: string): Promise<string[]> => (await store.lookup(key)).map(({ body }) => Buffer.from(body).toString());

const servers = [
  { name: 'Redis', program: () => 'redis-server' },
  { name: 'Valkey', program: valkeyServer },
];

describe.each(servers)('the Redis store on $name', ({ program }) => {
  beforeAll(async () => {
    server = await RedisServer.start([], { program: await program() });
  });
  afterAll(() => server[Symbol.asyncDispose]());

  storeContract(async () => {
    const fleet = new Fleet();
    const store = await fleet.join();
    return {
      store,
      advance: (ms) => fleet.clock.advance(ms),
      now: () => fleet.clock.wallNow(),
      [Symbol.asyncDispose]: () => fleet[Symbol.asyncDispose](),
    };
  });

  it('shares answers, and drops for all as soon as a drop has settled for one', async () => {
    await using fleet = new Fleet();
    const [a, b, c] = [await fleet.join(), await fleet.join(), await fleet.join()];
    for (let round = 0; round < 20; round++) {
      await a.put('k', storedResponse(fleet.clock.wallNow(), { tags: ['t'], body: Buffer.from(String(round)) }));
      expect([await bodies(b, 'k'), await bodies(c, 'k')]).toEqual([[String(round)], [String(round)]]);
      expect(await b.invalidate(['t'], false)).toBe(1);
      expect([await bodies(a, 'k'), await bodies(b, 'k'), await bodies(c, 'k')]).toEqual([[], [], []]);
    }
  });

  it('tells the others what was dropped, and not who dropped it', async () => {
    await using fleet = new Fleet();
    const [a, b] = [await fleet.join(), await fleet.join()];
    const own: unknown[] = [];
    a.onInvalidation((tags) => own.push(tags));
    const heard = new Promise((resolve) => {
      b.onInvalidation((tags, soft) => resolve({ tags, soft }));
    });
    await a.invalidate(['t:1', 't:2'], true);
    expect(await heard).toEqual({ tags: ['t:1', 't:2'], soft: true });
    expect(own).toEqual([]);
  });

  it('does not find an answer that was fetched before a drop and stored after it', async () => {
    await using fleet = new Fleet();
    const [a, b] = [await fleet.join(), await fleet.join()];
    // not awaited: b stores what it fetched before it can have heard of the drop
    const dropped = a.invalidate(['t'], false);
    const put = b.put('k', storedResponse(fleet.clock.wallNow(), { tags: ['t'] }));
    await Promise.all([dropped, put]);
    expect(await bodies(a, 'k')).toEqual([]);
    expect(await bodies(b, 'k')).toEqual([]);
    await b.put('k', storedResponse(fleet.clock.wallNow(), { tags: ['t'] }));
    expect(await bodies(a, 'k')).toEqual(['body']);
  });

  it('marks for all what one purges softly', async () => {
    await using fleet = new Fleet();
    const [a, b] = [await fleet.join(), await fleet.join()];
    await a.put('https://x/1', storedResponse(fleet.clock.wallNow(), { tags: ['t'] }));
    await a.put('https://x/2', storedResponse(fleet.clock.wallNow(), { tags: ['u'] }));
    await a.invalidate(['t'], true);
    await a.purge({ prefix: 'https://x/2' }, true);
    expect((await b.lookup('https://x/1'))[0]?.stale).toBe(true);
    expect((await b.lookup('https://x/2'))[0]?.stale).toBe(true);
  });

  it('forgets everything for all, and tells them that it may have been anything', async () => {
    await using fleet = new Fleet();
    const [a, b] = [await fleet.join(), await fleet.join()];
    for (let i = 0; i < 1200; i++) await a.put(`k${i}`, storedResponse(fleet.clock.wallNow()));
    const heard = new Promise((resolve) => {
      b.onInvalidation((tags) => resolve(tags));
    });
    expect(await a.purge({}, false)).toBe(1200);
    expect(await heard).toBeUndefined();
    expect(await b.list({}, 10)).toEqual([]);
  });

  it('drops many by one tag, and frees their memory', async () => {
    await using fleet = new Fleet();
    const a = await fleet.join();
    for (let i = 0; i < 1500; i++) await a.put(`k${i}`, storedResponse(fleet.clock.wallNow(), { tags: ['t'] }));
    expect(await a.invalidate(['t'], false)).toBe(1500);
    expect(await bodies(a, 'k1499')).toEqual([]);
    const left = (): Promise<number> =>
      fleet.raw(async (client) => (await client.keys('*')).filter((key) => key.startsWith(`${fleet.prefix}e:`)).length);
    while ((await left()) > 0);
    expect(a.stats.errors).toBe(0);
  });

  it('loses no drop when Redis loses what it knew of them', async () => {
    await using fleet = new Fleet();
    const [a, b] = [await fleet.join(), await fleet.join()];
    await a.put('k', storedResponse(fleet.clock.wallNow(), { tags: ['t'] }));
    await a.invalidate(['other'], false);
    expect(await bodies(b, 'k')).toEqual(['body']);
    // evicted, or a replica took over that had not heard of it
    await fleet.raw((client) => client.del(`${fleet.prefix}drops`));
    expect(await bodies(b, 'k')).toEqual([]);
    expect(await bodies(a, 'k')).toEqual([]);
    await b.put('k', storedResponse(fleet.clock.wallNow(), { tags: ['t'], body: Buffer.from('new') }));
    expect(await bodies(a, 'k')).toEqual(['new']);
  });

  it('lets Redis forget what has lost its use, and keeps nothing without an end', async () => {
    await using fleet = new Fleet();
    const a = await fleet.join();
    await a.put('k', storedResponse(fleet.clock.wallNow(), { keepUntil: fleet.clock.wallNow() + 60_000, tags: ['t'] }));
    const ends = await fleet.raw(async (client) => {
      const keys = (await client.keys('*')).filter((key) => key.startsWith(fleet.prefix) && !key.endsWith('drops'));
      return Promise.all(keys.map((key) => client.pTTL(key)));
    });
    expect(ends).toHaveLength(2);
    for (const end of ends) expect(end).toSatisfy((ms: number) => ms > 0 && ms <= 60_000);
  });

  it('bounds the bytes of one key', async () => {
    await using fleet = new Fleet();
    const a = await fleet.join({ maxKeyBytes: 50_000 });
    for (const variant of ['a', 'b', 'c', 'd'])
      await a.put('k', storedResponse(fleet.clock.wallNow(), { variant, body: Buffer.alloc(20_000, variant) }));
    expect((await a.lookup('k')).map(({ variant }) => variant)).toEqual(['d', 'c']);
    await a.put('k', storedResponse(fleet.clock.wallNow(), { variant: 'e', body: Buffer.alloc(60_000) }));
    expect(await a.lookup('k')).toHaveLength(0);
    expect(a.stats.evictions).toBe(2);
  });

  it('takes what another version wrote, or somebody else, as a miss', async () => {
    await using fleet = new Fleet();
    const a = await fleet.join();
    await a.put('k', storedResponse(fleet.clock.wallNow()));
    await fleet.raw(async (client) => {
      const key = (await client.keys('*')).find((name) => name.startsWith(`${fleet.prefix}e:`)) ?? '';
      const slot = (await client.hKeys(key)).find((name) => name !== '#') ?? '';
      await client.hSet(key, slot, 'something else, and longer than a record begins');
      await client.publish(`${fleet.prefix}dropped`, 'no message of ours');
    });
    expect(await a.lookup('k')).toHaveLength(0);
    await a.put('k', storedResponse(fleet.clock.wallNow()));
    expect(await bodies(a, 'k')).toEqual(['body']);
  });
});
