import { describe, expect, it, vi } from 'vitest';
import { openRedisStore, type RedisStore } from '../../../src/cache/stores/redis.ts';
import { systemClock } from '../../../src/model/clock.ts';
import type { RunningBreakwater } from '../../support/breakwater.ts';
import { type Member, RedisCluster } from '../../support/redis-cluster.ts';
import { storedResponse } from '../../unit/cache/store-contract.ts';
import { ask, Fleet, Rows, stored, yamlFor } from './fleet.ts';

/** All of it is in one slot, so that one master holds it. */
const PREFIX = '{failover}:';

interface Setting extends AsyncDisposable {
  readonly cluster: RedisCluster;
  /** Which master holds what the drops are. */
  readonly holder: number;
  join(notices?: string[]): Promise<RedisStore>;
}

async function setting({ prefix = PREFIX, partial = false } = {}): Promise<Setting> {
  const cluster = await RedisCluster.start({ partial });
  const stores: RedisStore[] = [];
  return {
    cluster,
    holder: await cluster.holderOf(`${prefix}drops`),
    join: async (notices = []) => {
      const address = { urls: cluster.urls, cluster: true, connectTimeoutMs: 1000, tls: undefined };
      const bounds = { prefix, timeoutMs: 1000, maxVariants: 8, maxKeyBytes: 1_000_000 };
      const store = await openRedisStore({ address, ...bounds, notice: (text) => notices.push(text) }, systemClock);
      stores.push(store);
      return store;
    },
    [Symbol.asyncDispose]: async () => {
      for (const one of stores) one.close();
      await cluster[Symbol.asyncDispose]();
    },
  };
}

const put = (store: RedisStore, key: string, body: string, tags = ['t']): Promise<void> =>
  store.put(key, storedResponse(Date.now(), { tags, body: Buffer.from(body), keepUntil: Date.now() + 600_000 }));
const bodies = async (store: RedisStore, key: string): Promise<string[]> => (await store.lookup(key)).map(({ body }) => Buffer.from(body).toString());

/** Settles once what is put is found. */
async function works(store: RedisStore): Promise<void> {
  do {
    // what is refused at once lets nothing else happen
    await new Promise(setImmediate);
    await put(store, 'works', 'yes', []);
  } while ((await store.lookup('works')).length === 0);
}

// a cluster takes its seconds to notice, to vote and to be found again, and more of them on a busy machine
vi.setConfig({ testTimeout: 90_000 });

describe('sidecars on a Redis Cluster whose master is killed', () => {
  it('miss while it is down, fail no request, and hit and drop for each other again once its replica has taken over', async () => {
    await using cluster = await RedisCluster.start();
    await using origin = await new Rows().listen();
    const redis = `{ url: ['${cluster.urls.join("', '")}'], cluster: true, prefix: '${PREFIX}', timeout: 1s, secret: long-enough-for-this }`;
    await using fleet = await Fleet.start(3, yamlFor(origin.url, `{ store: redis, redis: ${redis} }`));
    const [a, b, c] = fleet.sidecars as [RunningBreakwater, RunningBreakwater, RunningBreakwater];
    const holder = await cluster.holderOf(`${PREFIX}drops`);
    const served = async (app: RunningBreakwater, method?: string): Promise<boolean> => {
      const { text, status, hit } = await ask(app, 'ann', method);
      expect({ text, status }).toEqual({ text: `ann sees version ${origin.version}`, status: 200 });
      return hit;
    };
    const hits = async (): Promise<void> => {
      for (const app of [a, b, c]) while (!(await served(app)));
    };
    await served(a);
    await stored(a, 1);
    expect(await served(b)).toBe(true);

    await cluster.masters[holder]?.server.kill();
    for (let i = 0; i < 10; i++) for (const app of [a, b, c]) expect(await served(app)).toBe(false);
    await served(a, 'POST');
    for (const app of [a, b, c]) expect(await served(app)).toBe(false);

    await cluster.failedOver(holder);
    await hits();
    for (const app of [a, b, c, a, b, c]) {
      await served(app, 'POST');
      for (const one of [a, b, c]) await served(one);
    }
    await hits();
    const purge = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"all":true}' };
    expect((await fetch(`${b.adminUrl}/api/cache/purge`, purge)).status).toBe(200);
    expect(await served(c)).toBe(false);
    for (const { log } of fleet.sidecars) expect(log.filter(({ level }) => level === 'error')).toEqual([]);
  });
});

describe('the Redis store on a cluster', () => {
  it('finds nothing that was dropped, also where the drop was lost with the master that had it', async () => {
    await using test = await setting();
    const { cluster, holder } = test;
    const [a, b] = [await test.join(), await test.join()];
    await works(a);
    await put(a, 'k', 'old');
    await put(a, 'l', 'old', ['u']);
    expect([await bodies(b, 'k'), await bodies(b, 'l')]).toEqual([['old'], ['old']]);
    await cluster.copied(holder);
    await cluster.masters[holder]?.cutOffReplicas();
    // acknowledged, and never copied
    expect(await a.invalidate(['t'], false)).toBe(1);
    expect(await a.purge({ prefix: 'l' }, false)).toBe(1);
    await cluster.masters[holder]?.server.kill();
    await cluster.failedOver(holder);
    const c = await test.join();
    await works(c);
    expect([await bodies(c, 'k'), await bodies(c, 'l')]).toEqual([[], []]);
    await works(b);
    expect([await bodies(b, 'k'), await bodies(b, 'l')]).toEqual([[], []]);
  });

  it('goes on with what the other masters hold', async () => {
    await using test = await setting({ prefix: 'spread:', partial: true });
    const { cluster, holder } = test;
    const notices: string[] = [];
    const a = await test.join(notices);
    await works(a);
    for (let i = 0; i < 60; i++) await put(a, `k${i}`, String(i));
    const found = async (): Promise<number> => {
      let count = 0;
      for (let i = 0; i < 60; i++) count += (await a.lookup(`k${i}`)).length;
      return count;
    };
    expect(await found()).toBe(60);
    const other = (holder + 1) % 3;
    await cluster.copied(other);
    await cluster.masters[other]?.server.kill();
    const left = await found();
    expect(left).toBeGreaterThan(20);
    expect(left).toBeLessThan(60);
    await cluster.failedOver(other);
    while ((await found()) < 60) await new Promise(setImmediate);
    expect(notices).toEqual([]);
  });

  it('is taken up by who joins while a master is down', async () => {
    await using test = await setting();
    const { cluster, holder } = test;
    await works(await test.join());
    await cluster.masters[holder]?.server.kill();
    const [late] = await Promise.all([test.join(), cluster.failedOver(holder)]);
    await works(late);
    expect(await bodies(late, 'works')).toEqual(['yes']);
  });

  it('takes a master that stands still as one that is gone', async () => {
    await using test = await setting();
    const { cluster, holder } = test;
    const [a, b] = [await test.join(), await test.join()];
    await works(a);
    cluster.masters[holder]?.server.signal('SIGSTOP');
    await cluster.failedOver(holder, [cluster.masters[holder] as Member]);
    await Promise.all([works(a), works(b)]);
    await put(a, 'k', 'old');
    expect(await bodies(b, 'k')).toEqual(['old']);
    await b.invalidate(['t'], false);
    expect(await bodies(a, 'k')).toEqual([]);
    cluster.masters[holder]?.server.signal('SIGCONT');
  });

  it('follows its keys to another master, while they move and when they have moved', async () => {
    await using test = await setting();
    const { cluster, holder } = test;
    const [a, b] = [await test.join(), await test.join()];
    await works(a);
    await put(a, 'k', 'first');
    const [from, to] = [cluster.masters[holder], cluster.masters[(holder + 1) % 3]] as [Member, Member];
    const slot = String(await from.send('CLUSTER', 'KEYSLOT', `${PREFIX}drops`));
    const [fromId, toId] = [String(await from.send('CLUSTER', 'MYID')), String(await to.send('CLUSTER', 'MYID'))];
    await to.send('CLUSTER', 'SETSLOT', slot, 'IMPORTING', fromId);
    await from.send('CLUSTER', 'SETSLOT', slot, 'MIGRATING', toId);
    const keys = (await from.send('CLUSTER', 'GETKEYSINSLOT', slot, '100')) as string[];
    expect(keys.length).toBeGreaterThan(3);
    for (const [i, key] of keys.entries()) {
      await from.send('MIGRATE', '127.0.0.1', String(to.server.port), key, '0', '5000');
      expect(await bodies(a, 'k')).toEqual(['first']);
      await put(b, `n${i}`, 'while it moves', []);
      expect(await bodies(a, `n${i}`)).toEqual(['while it moves']);
    }
    for (const key of (await from.send('CLUSTER', 'GETKEYSINSLOT', slot, '100')) as string[])
      await from.send('MIGRATE', '127.0.0.1', String(to.server.port), key, '0', '5000');
    for (const master of [to, from, ...cluster.masters]) await master.send('CLUSTER', 'SETSLOT', slot, 'NODE', toId);
    for (const store of [a, b]) expect(await bodies(store, 'k')).toEqual(['first']);
    expect(await b.invalidate(['t'], false)).toBe(1);
    expect(await bodies(a, 'k')).toEqual([]);
    await put(a, 'k', 'second');
    expect(await bodies(b, 'k')).toEqual(['second']);
    expect([a.stats.errors, b.stats.errors]).toEqual([0, 0]);
  });
});
