import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigDirectory, problemsOf } from './fixtures.ts';

describe('the store of the cache', () => {
  it.each([
    ['cache: { store: redis }', 'proxy.yaml:2:10 cache.store: a redis store needs an address (write cache.redis.url: ${REDIS_URL})'],
    [
      'cache: { redis: { url: http://:hush@127.0.0.1 } }',
      'proxy.yaml:2:24 cache.redis.url: expected redis://HOST:PORT or rediss://HOST:PORT (not shown: it may hold a password)',
    ],
    [
      'cache: { redis: { url: redis+sentinel://:hush@a:26379/main } }',
      'proxy.yaml:2:24 cache.redis.url: Sentinel is not supported (give the address of a proxy that follows the master, or take a cluster)',
    ],
    [
      'cache: { redis: { url: [redis://a, redis://b] } }',
      'proxy.yaml:2:24 cache.redis.url: several addresses are for a cluster (write cache.redis.cluster: true)',
    ],
    [
      'cache: { redis: { url: redis://a, tls: {} } }',
      'proxy.yaml:2:24 cache.redis.url: cache.redis.tls is for rediss:// addresses, and this is redis://',
    ],
    ['cache: { redis: { tls: { key: ./proxy.yaml } } }', 'proxy.yaml:2:19 cache.redis.tls: cert and key come together (write both, or neither)'],
    [
      'cache: { redis: { tls: { ca: ./none.pem } } }',
      'proxy.yaml:2:30 cache.redis.tls.ca: the CA file "./none.pem" cannot be read: there is no such file',
    ],
    [
      'workers: 2\ncache: { store: sqlite }',
      'proxy.yaml:3:17 cache.store: a SQLite file is for one process (write workers: 1, or take the redis store)',
    ],
    [
      'cache: { redis: { secret: hunter2 } }',
      'proxy.yaml:2:27 cache.redis.secret: expected text of at least 16 characters, got a value that is not shown',
    ],
    ['admin: { token: hunter2 }', 'proxy.yaml:2:17 admin.token: expected text of at least 16 characters, got a value that is not shown'],
    [
      'upstreams: { a: { origin: "https://a", probe: { path: /x, headers: { apikey: 12345 } } } }',
      'proxy.yaml:2:78 upstreams.a.probe.headers.apikey: expected text, got a value that is not shown',
    ],
  ])('refuses %s', (yaml, problem) => {
    expect(problemsOf(`version: 1\n${yaml}\n`)).toContain(problem);
  });

  it('finds files from the directory of the configuration', () => {
    using directory = new ConfigDirectory();
    directory.write('ca.pem', '-----BEGIN CERTIFICATE-----');
    const result = directory.load(
      'version: 1\ncache: { store: sqlite, sqlite: { file: data/c.db }, redis: { url: rediss://r, tls: { ca: ca.pem } } }\n',
    );
    expect(result).toMatchObject({
      ok: true,
      config: {
        cache: { sqlite: { file: join(directory.path, 'data/c.db') }, redis: { url: ['rediss://r'], tls: { ca: join(directory.path, 'ca.pem') } } },
      },
    });
  });

  it('says so where the hashes of credentials can be tried', () => {
    const notes = (redis: string): unknown => {
      using directory = new ConfigDirectory();
      const result = directory.load(`version: 1\npassthrough: [a.example]\ncache: { store: redis, redis: { ${redis} } }\n`);
      return result.ok ? result.notes : result.problems;
    };
    expect(notes('url: redis://a')).toEqual([expect.stringContaining('neither a secret nor a password')]);
    expect(notes('url: redis://:hush@a')).toEqual([]);
    expect(notes('url: redis://a, secret: a-secret-of-some-length')).toEqual([]);
  });
});
