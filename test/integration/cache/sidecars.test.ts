import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RunningBreakwater } from '../../support/breakwater.ts';
import { commandLine } from '../../support/command-line.ts';
import { RedisServer } from '../../support/redis-server.ts';
import { scratchDirectory } from '../../support/scratch.ts';
import { ask, Fleet, Rows, stored, yamlFor } from './fleet.ts';

describe('sidecars that share one Redis', () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await RedisServer.start(['--requirepass', 'hush-hush']);
  });
  afterAll(() => redis[Symbol.asyncDispose]());

  it('answer from what another fetched, keep users apart, and drop what another wrote', async () => {
    await using origin = await new Rows().listen();
    const yaml = yamlFor(origin.url, '{ store: redis, redis: { url: "${REDIS_URL}", timeout: 20s } }');
    const env = { REDIS_URL: `redis://:hush-hush@127.0.0.1:${redis.port}` };
    await using fleet = await Fleet.start(3, yaml, env);
    const [a, b, c] = fleet.sidecars as [RunningBreakwater, RunningBreakwater, RunningBreakwater];
    expect(await ask(a, 'ann')).toMatchObject({ text: 'ann sees version 0', hit: false });
    await stored(a, 1);
    expect(await ask(b, 'ann')).toMatchObject({ text: 'ann sees version 0', hit: true });
    expect(await ask(c, 'bob')).toMatchObject({ text: 'bob sees version 0', hit: false });
    expect(origin.reads).toBe(2);
    for (let version = 1; version < 20; version++) {
      await ask([a, b, c][version % 3] ?? a, 'ann', 'POST');
      const seen = await Promise.all([a, b, c].map((app) => ask(app, 'ann')));
      expect(seen.map(({ text }) => text)).toEqual([0, 1, 2].map(() => `ann sees version ${version}`));
    }
    await stored(c, 1);
    const listed = await commandLine(['cache', 'ls', '--admin', b.adminUrl]);
    expect(listed.stdout.match(/^200 /gm)).toHaveLength(1);
    expect(await commandLine(['cache', 'purge', '--all', '--admin', c.adminUrl])).toMatchObject({ code: 0, stdout: '1 purged\n' });
    expect(await ask(a, 'ann')).toMatchObject({ hit: false });
    expect(JSON.stringify(fleet.sidecars.map(({ log }) => log))).not.toContain('hush');
  });

  it.each([{ prefix: 'http:' }, { tag: 'rows' }, { route: 'default', upstream: 'api' }, { all: true }])(
    'do not store what they were fetching when another purged it softly: %j',
    async (what) => {
      await using origin = await new Rows().listen();
      const cache = '{ store: redis, redis: { url: "${REDIS_URL}", timeout: 20s, prefix: "${PREFIX}" } }';
      const env = { REDIS_URL: `redis://:hush-hush@127.0.0.1:${redis.port}`, PREFIX: `${JSON.stringify(what)}:` };
      await using fleet = await Fleet.start(2, yamlFor(origin.url, cache), env);
      const [a, b] = fleet.sidecars as [RunningBreakwater, RunningBreakwater];
      const held = origin.holdNext();
      const old = ask(b, 'ann');
      await held.asked;
      origin.version++;
      const purge = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ ...what, soft: true }) };
      expect((await fetch(`${a.adminUrl}/api/cache/purge`, purge)).status).toBe(200);
      // from here on it knows of it, message or not
      await ask(b, 'bob');
      held.release();
      expect(await old).toMatchObject({ text: 'ann sees version 0', hit: false });
      for (const app of [b, a]) expect((await ask(app, 'ann')).text).toBe('ann sees version 1');
    },
  );

  it('serve on when Redis has gone, and say so', async () => {
    await using origin = await new Rows().listen();
    await using own = await RedisServer.start();
    await using app = await RunningBreakwater.start(
      yamlFor(origin.url, `{ store: redis, redis: { url: '${own.url}', timeout: 20s, secret: long-enough-for-this } }`),
    );
    await ask(app, 'ann');
    expect(await ask(app, 'ann')).toMatchObject({ hit: true });
    await own.kill();
    expect(await ask(app, 'ann')).toMatchObject({ text: 'ann sees version 0', hit: false });
    await ask(app, 'ann', 'POST');
    expect(await ask(app, 'ann')).toMatchObject({ text: 'ann sees version 1', hit: false });
    await app.said(({ msg }) => String(msg).startsWith('the cache in Redis does not answer'));
    expect(await (await fetch(`${app.adminUrl}/metrics`)).text()).toMatch(/breakwater_cache_store_errors_total\{store="redis"\} [1-9]/);
    await own.start();
    await app.said(({ msg }) => msg === 'the cache in Redis answers again');
    await ask(app, 'ann');
    expect(await ask(app, 'ann')).toMatchObject({ text: 'ann sees version 1', hit: true });
  });
});

describe('a sidecar with a SQLite file', () => {
  it('answers after kill -9 and a restart from what it had fetched, the same users apart', async () => {
    await using origin = await new Rows().listen();
    await using scratch = await scratchDirectory();
    const yaml = yamlFor(origin.url, `{ store: sqlite, sqlite: { file: '${join(scratch.path, 'deep', 'cache.db')}' } }`);
    {
      await using app = await RunningBreakwater.start(yaml);
      await ask(app, 'ann');
      expect(await ask(app, 'ann')).toMatchObject({ hit: true });
      app.signal('SIGKILL');
      await app.exited;
    }
    await using again = await RunningBreakwater.start(yaml);
    expect(await ask(again, 'ann')).toMatchObject({ text: 'ann sees version 0', hit: true });
    expect(await ask(again, 'bob')).toMatchObject({ hit: false });
    await ask(again, 'ann', 'POST');
    expect(await ask(again, 'ann')).toMatchObject({ text: 'ann sees version 1', hit: false });
    expect(origin.reads).toBe(3);
  });
});
