import { describe, expect, it } from 'vitest';
import { openRedisStore, type RedisStore } from '../../../src/cache/stores/redis.ts';
import { systemClock } from '../../../src/model/clock.ts';
import { RedisServer } from '../../support/redis-server.ts';
import { storedResponse } from '../../unit/cache/store-contract.ts';

const TIMEOUT_MS = 1000;

interface Setting extends AsyncDisposable {
  readonly server: RedisServer;
  readonly store: RedisStore;
  readonly notices: string[];
  /** Settles with the next notice that matches. */
  told(what: RegExp): Promise<void>;
  join(): Promise<RedisStore>;
}

async function setting(): Promise<Setting> {
  const server = await RedisServer.start();
  const notices: string[] = [];
  const waiting: { readonly what: RegExp; readonly resolve: () => void }[] = [];
  const stores: RedisStore[] = [];
  const notice = (text: string): void => {
    notices.push(text);
    for (const { what, resolve } of waiting) if (what.test(text)) resolve();
  };
  const join = async (): Promise<RedisStore> => {
    const store = await openRedisStore(
      {
        address: { urls: [server.url], cluster: false, connectTimeoutMs: TIMEOUT_MS, tls: undefined },
        prefix: 'outage:',
        timeoutMs: TIMEOUT_MS,
        maxVariants: 8,
        maxKeyBytes: 1_000_000,
        notice,
      },
      systemClock,
    );
    stores.push(store);
    return store;
  };
  const store = await join();
  while ((await server.ask('PING')) !== 'PONG' || !(await works(store)));
  return {
    server,
    store,
    notices,
    told: (what) => new Promise((resolve) => waiting.push({ what, resolve })),
    join,
    [Symbol.asyncDispose]: async () => {
      for (const one of stores) one.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

async function works(store: RedisStore): Promise<boolean> {
  await store.put('works', storedResponse(Date.now()));
  return (await store.lookup('works')).length === 1;
}

describe('the Redis store in an outage', () => {
  it('misses while Redis stands still, waits for it once, and finds again what is there when it goes on', async () => {
    await using test = await setting();
    const { server, store, notices } = test;
    await store.put('k', storedResponse(Date.now()));
    server.signal('SIGSTOP');
    const lost = test.told(/does not answer/);
    expect(await Promise.all(Array.from({ length: 50 }, (_, i) => store.lookup(`k${i}`)))).toEqual(Array.from({ length: 50 }, () => []));
    await lost;
    // none of these waits: a thousand time limits in a row would outlast the test
    for (let i = 0; i < 1000; i++) expect(await store.lookup('k')).toEqual([]);
    await store.put('k2', storedResponse(Date.now()));
    expect(store.stats.errors).toBeGreaterThan(1000);
    const back = test.told(/answers again/);
    server.signal('SIGCONT');
    await back;
    expect(await store.lookup('k')).toHaveLength(1);
    expect(await works(store)).toBe(true);
    expect(notices).toHaveLength(2);
  });

  it('misses when Redis is killed during traffic, and connects again to the next one', async () => {
    await using test = await setting();
    const { server, store } = test;
    const lost = test.told(/does not answer/);
    const traffic = Array.from({ length: 200 }, (_, i) => store.put(`k${i}`, storedResponse(Date.now(), { body: Buffer.alloc(10_000) })));
    await server.kill();
    await Promise.all(traffic);
    expect(await store.lookup('k1')).toEqual([]);
    await lost;
    const back = test.told(/answers again/);
    await server.start();
    await back;
    expect(await store.lookup('k1')).toEqual([]);
    expect(await works(store)).toBe(true);
  });

  it('makes the drops that an outage prevented before anything is found again, for all', async () => {
    await using test = await setting();
    const { server, store } = test;
    await store.put('k', storedResponse(Date.now(), { tags: ['t'] }));
    await store.put('kept', storedResponse(Date.now(), { tags: ['u'] }));
    server.signal('SIGSTOP');
    const lost = test.told(/does not answer/);
    expect(await store.invalidate(['t'], false)).toBe(0);
    await lost;
    const back = test.told(/answers again/);
    server.signal('SIGCONT');
    await back;
    expect(await store.lookup('k')).toEqual([]);
    expect(await store.lookup('kept')).toHaveLength(1);
    const late = await test.join();
    while ((await late.lookup('kept')).length === 0);
    expect(await late.lookup('k')).toEqual([]);
  });

  it('finds nothing that was dropped when Redis comes back without its last drops', async () => {
    await using test = await setting();
    const { server, store } = test;
    await store.put('k', storedResponse(Date.now(), { tags: ['t'] }));
    expect(await server.ask('SAVE')).toBe('OK');
    expect(await store.invalidate(['t'], false)).toBe(1);
    await server.kill();
    await server.start();
    const late = await test.join();
    while (!(await works(late))) await new Promise(setImmediate);
    expect(await late.lookup('k')).toEqual([]);
    while (!(await works(store))) await new Promise(setImmediate);
    expect(await store.lookup('k')).toEqual([]);
  });

  it('turns away from a server that has become a replica, and says so', async () => {
    await using test = await setting();
    const { server, store } = test;
    await using other = await RedisServer.start();
    const [lost, back] = [test.told(/it is a replica/), test.told(/answers again/)];
    await server.ask(`REPLICAOF 127.0.0.1 ${other.port}`);
    await store.put('k', storedResponse(Date.now()));
    expect(await store.lookup('k')).toEqual([]);
    await lost;
    await server.ask('REPLICAOF NO ONE');
    await back;
    expect(await works(store)).toBe(true);
  });

  it('starts without Redis, and takes it up when it comes', async () => {
    await using test = await setting();
    await test.server.kill();
    const store = await test.join();
    expect(await store.lookup('k')).toEqual([]);
    await test.server.start();
    while (!(await works(store))) await new Promise(setImmediate);
    expect(await store.lookup('works')).toHaveLength(1);
  });
});
