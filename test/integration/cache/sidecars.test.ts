import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { breakwater, RunningBreakwater } from '../../support/breakwater.ts';
import { RedisServer } from '../../support/redis-server.ts';
import { scratchDirectory } from '../../support/scratch.ts';

/** A table of rows, and how often it was asked. */
class Origin implements AsyncDisposable {
  readonly #server = createServer((request, response) => this.#answer(request.method ?? '', String(request.headers.authorization), response));
  reads = 0;
  version = 0;

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => {
      this.#server.listen(0, '127.0.0.1', resolve);
    });
    return this;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  #answer(method: string, user: string, response: ServerResponse): void {
    if (method === 'GET') this.reads++;
    else this.version++;
    response.end(`${user} sees version ${this.version}`);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
    });
  }
}

const yamlFor = (origin: string, cache: string): string =>
  `version: 1\nlisten: { port: 0 }\nadmin: { port: 0 }\ncache: ${cache}\nupstreams:\n  api:\n    origin: ${origin}\n    tables: { path: '/{table}' }\n    cache: { ttl: 5m }\n`;

async function ask(app: RunningBreakwater, user: string, method = 'GET'): Promise<{ text: string; hit: boolean }> {
  const answer = await fetch(`${app.proxyUrl}/api/rows`, { method, headers: { authorization: user } });
  return { text: await answer.text(), hit: (answer.headers.get('cache-status') ?? '').includes('; hit') };
}

describe('sidecars that share one Redis', () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await RedisServer.start(['--requirepass', 'hush-hush']);
  });
  afterAll(() => redis[Symbol.asyncDispose]());

  it('answer from what another fetched, keep users apart, and drop what another wrote', async () => {
    await using origin = await new Origin().listen();
    const yaml = yamlFor(origin.url, '{ store: redis, redis: { url: "${REDIS_URL}", timeout: 2s } }');
    const env = { REDIS_URL: `redis://:hush-hush@127.0.0.1:${redis.port}` };
    await using a = await RunningBreakwater.start(yaml, env);
    await using b = await RunningBreakwater.start(yaml, env);
    await using c = await RunningBreakwater.start(yaml, env);
    expect(await ask(a, 'ann')).toEqual({ text: 'ann sees version 0', hit: false });
    expect(await ask(b, 'ann')).toEqual({ text: 'ann sees version 0', hit: true });
    expect(await ask(c, 'bob')).toEqual({ text: 'bob sees version 0', hit: false });
    expect(origin.reads).toBe(2);
    for (let version = 1; version < 20; version++) {
      await ask([a, b, c][version % 3] ?? a, 'ann', 'POST');
      const seen = await Promise.all([a, b, c].map((app) => ask(app, 'ann')));
      expect(seen.map(({ text }) => text)).toEqual([0, 1, 2].map(() => `ann sees version ${version}`));
    }
    const listed = await breakwater(['cache', 'ls', '--admin', b.adminUrl]);
    expect(listed.stdout.match(/^200 /gm)).toHaveLength(1);
    expect(await breakwater(['cache', 'purge', '--all', '--admin', c.adminUrl])).toMatchObject({ code: 0, stdout: '1 purged\n' });
    expect(await ask(a, 'ann')).toMatchObject({ hit: false });
    expect(JSON.stringify([a.log, b.log, c.log])).not.toContain('hush');
  });

  it('serve on when Redis has gone, and say so', async () => {
    await using origin = await new Origin().listen();
    await using own = await RedisServer.start();
    await using app = await RunningBreakwater.start(
      yamlFor(origin.url, `{ store: redis, redis: { url: '${own.url}', timeout: 2s, secret: long-enough-for-this } }`),
    );
    await ask(app, 'ann');
    expect(await ask(app, 'ann')).toMatchObject({ hit: true });
    await own.kill();
    expect(await ask(app, 'ann')).toEqual({ text: 'ann sees version 0', hit: false });
    await ask(app, 'ann', 'POST');
    expect(await ask(app, 'ann')).toEqual({ text: 'ann sees version 1', hit: false });
    await app.said(({ msg }) => String(msg).startsWith('the cache in Redis does not answer'));
    expect(await (await fetch(`${app.adminUrl}/metrics`)).text()).toMatch(/breakwater_cache_store_errors_total\{store="redis"\} [1-9]/);
    await own.start();
    await app.said(({ msg }) => msg === 'the cache in Redis answers again');
    await ask(app, 'ann');
    expect(await ask(app, 'ann')).toEqual({ text: 'ann sees version 1', hit: true });
  });
});

describe('a sidecar with a SQLite file', () => {
  it('answers after kill -9 and a restart from what it had fetched, the same users apart', async () => {
    await using origin = await new Origin().listen();
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
    expect(await ask(again, 'ann')).toEqual({ text: 'ann sees version 0', hit: true });
    expect(await ask(again, 'bob')).toMatchObject({ hit: false });
    await ask(again, 'ann', 'POST');
    expect(await ask(again, 'ann')).toEqual({ text: 'ann sees version 1', hit: false });
    expect(origin.reads).toBe(3);
  });
});
