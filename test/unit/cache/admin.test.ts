import { describe, expect, it } from 'vitest';
import type { PurgeRequest } from '../../../src/cache/admin.ts';
import type { UpstreamConfig } from '../../../src/config/schema.ts';
import type { Outcome } from '../../../src/model/outcome.ts';
import { answered, failed } from '../policy/fixtures.ts';
import { Bench, ok } from './fixtures.ts';

async function filled(): Promise<Bench> {
  const upstream = { tables: { path: '/rest/v1/{table}', embeds: 'select' } } as Partial<UpstreamConfig>;
  const bench = new Bench({ ttl: 60_000, tags: ['fixed'], sortQuery: true }, (exchange) => ok(exchange.path), upstream);
  await bench.get({ path: '/a/1?y=2&x=1' });
  await bench.get({ path: '/a/1?y=2&x=1', headers: ['authorization', 'token'] });
  await bench.get({ path: '/a/2?key=hidden' });
  await bench.get({ path: '/rest/v1/bots?id=eq.1', authority: 'db.example' });
  bench.clock.advance(10_000);
  return bench;
}

describe('an operator', () => {
  it('sees what is stored, for how long, and not for whom', async () => {
    const bench = await filled();
    const all = await bench.cache.admin.list(10);
    expect(all).toHaveLength(4);
    const bots = all.find(({ url }) => url.includes('bots'));
    expect(bots).toEqual({
      url: 'https://db.example/rest/v1/bots?id=eq.1',
      identity: '',
      upstream: 'api',
      route: 'default',
      status: 200,
      bytes: 21,
      ageSeconds: 10,
      ttlSeconds: 50,
      softPurged: false,
      tags: ['fixed', 'bots'],
    });
    expect(all.filter(({ identity }) => identity.length === 6)).toHaveLength(1);
    expect(await bench.cache.admin.list(2)).toHaveLength(2);
    expect(await bench.cache.admin.list(10, { prefix: 'https://api.example/a/' })).toHaveLength(3);
    expect(await bench.cache.admin.list(10, { upstream: 'other' })).toHaveLength(0);
  });

  it('looks one URL up, whoever it is for, in any order of its query', async () => {
    const { admin } = (await filled()).cache;
    expect(await admin.inspect('https://api.example/a/1?x=1&y=2')).toHaveLength(2);
    expect(await admin.inspect('https://api.example/a/2?key=hidden')).toHaveLength(1);
    expect(await admin.inspect('https://api.example/a/2?key=other')).toHaveLength(0);
    expect(await admin.inspect('not a url')).toHaveLength(0);
  });

  it.each(['/a/{b}', '/a?x=<1>', '/a/../b', '/a/%7Bb%7D'])('finds and purges %s as it was sent', async (path) => {
    const bench = new Bench({ ttl: 60_000 }, () => ok('row'));
    await bench.get({ path });
    const url = `https://api.example${path}`;
    expect(await bench.cache.admin.inspect(url)).toHaveLength(1);
    expect(await bench.cache.admin.purge({ url })).toBe(1);
  });

  it('purges with a table what may depend on any', async () => {
    const bench = await filled();
    await bench.get({ path: '/rest/v1/rpc/my_bots', authority: 'db.example' });
    expect(await bench.cache.admin.purge({ tag: 'bots' })).toBe(2);
  });

  it.each<[PurgeRequest, number]>([
    [{ url: 'https://api.example/a/1?y=2&x=1' }, 2],
    [{ url: 'https://api.example/a/2?key=hidden' }, 1],
    [{ prefix: 'https://api.example/a/' }, 3],
    [{ prefix: 'https://api.example/a/', upstream: 'other' }, 0],
    [{ tag: 'bots' }, 1],
    [{ tag: 'fixed' }, 4],
    [{ tag: 'fixed', upstream: 'other' }, 0],
    [{ route: 'default' }, 4],
    [{ route: 'other' }, 0],
    [{ upstream: 'api' }, 4],
    [{ all: true }, 4],
    [{}, 0],
  ])('purges %j: %i', async (request, count) => {
    const hard = await filled();
    expect(await hard.cache.admin.purge(request)).toBe(count);
    expect(await hard.cache.admin.list(10)).toHaveLength(4 - count);
    expect(hard.cache.admin.stats.entries).toBe(4 - count);
    const soft = await filled();
    expect(await soft.cache.admin.purge({ ...request, soft: true })).toBe(count);
    const marked = (await soft.cache.admin.list(10)).filter(({ softPurged }) => softPurged);
    expect(marked).toHaveLength(count);
  });

  it('has softly purged answers served once more, while they are fetched anew', async () => {
    const bench = new Bench({ ttl: 60_000 }, (_exchange, number) => ok(`row ${number}`));
    await bench.get();
    await bench.cache.admin.purge({ upstream: 'api', soft: true });
    expect(await bench.get()).toMatchObject({ body: 'row 1', said: 'hit; ttl=0' });
    await new Promise((resolve) => setImmediate(resolve));
    expect(await bench.get()).toMatchObject({ body: 'row 2', said: 'hit; ttl=60' });
  });

  it('does not have what was stale long before served again by a soft purge', async () => {
    const bench = new Bench({ ttl: 1000 }, (_exchange, number) => ok(`row ${number}`));
    await bench.get();
    bench.clock.advance(600_000);
    await bench.cache.admin.purge({ upstream: 'api', soft: true });
    expect(await bench.get()).toMatchObject({ body: 'row 2', source: 'upstream' });
  });

  it('has a softly purged answer served no longer than it would have been without', async () => {
    const bench = new Bench({ ttl: 1000 }, (_exchange, number) => ok(`row ${number}`));
    await bench.get();
    await bench.cache.admin.purge({ upstream: 'api', soft: true });
    bench.clock.advance(600_000);
    expect(await bench.get()).toMatchObject({ body: 'row 2', source: 'upstream' });
  });

  it('has it served once where it cannot be fetched anew, and then by the rules for what is stale', async () => {
    const down = failed({ kind: 'status', reply: answered(500, 'down') });
    const once = new Bench({ ttl: 3_600_000 }, (_exchange, number) => (number === 1 ? ok('row 1') : down));
    const spare = new Bench({ ttl: 3_600_000, staleIfError: 60_000 }, (_exchange, number) => (number === 1 ? ok('row 1') : down));
    for (const bench of [once, spare]) {
      await bench.get();
      await bench.cache.admin.purge({ upstream: 'api', soft: true });
      expect((await bench.get()).body).toBe('row 1');
      await new Promise((resolve) => setImmediate(resolve));
      // the wait between two fetches is over
      bench.clock.advance(60_000);
    }
    expect(await once.get()).toMatchObject({ status: 500, source: 'upstream' });
    expect(await spare.get()).toMatchObject({ body: 'row 1', said: 'hit; ttl=0; detail=stale-if-error' });
    expect(spare.sent).toHaveLength(3);
  });

  it('does not get back what was under way during a purge', async () => {
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    const bench = new Bench({ ttl: 60_000 }, (_exchange, number) => (number === 1 ? promise : ok('new')));
    const waiting = bench.get();
    await bench.cache.admin.purge({ prefix: 'https://' });
    resolve(ok('old'));
    expect((await waiting).body).toBe('old');
    expect((await bench.get()).body).toBe('new');
  });
});
