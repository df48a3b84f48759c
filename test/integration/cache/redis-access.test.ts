import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openRedisStore, type RedisStore } from '../../../src/cache/stores/redis.ts';
import type { RedisAddress } from '../../../src/cache/stores/redis-commander.ts';
import { systemClock } from '../../../src/model/clock.ts';
import { issueAuthority, LeafIssuer, newKey } from '../../../src/tls/certificates.ts';
import { RedisCluster } from '../../support/redis-cluster.ts';
import { RedisServer } from '../../support/redis-server.ts';
import { scratchDirectory } from '../../support/scratch.ts';
import { storedResponse } from '../../unit/cache/store-contract.ts';

async function opened(address: Partial<RedisAddress>, notice: (text: string) => void = () => undefined): Promise<RedisStore & Disposable> {
  const store = await openRedisStore(
    {
      address: { urls: [], cluster: false, connectTimeoutMs: 2000, tls: undefined, ...address },
      prefix: 'access:',
      timeoutMs: 2000,
      maxVariants: 8,
      maxKeyBytes: 1_000_000,
      notice,
    },
    systemClock,
  );
  return Object.assign(store, { [Symbol.dispose]: () => store.close() });
}

async function works(store: RedisStore): Promise<boolean> {
  await store.put('k', storedResponse(Date.now(), { tags: ['t'] }));
  return (await store.lookup('k')).length === 1 && (await store.invalidate(['t'], false)) === 1 && (await store.lookup('k')).length === 0;
}

describe('the Redis store and who may use it', () => {
  it('speaks TLS, verified by the CA that it was given, and with no other', async () => {
    await using scratch = await scratchDirectory();
    const caKey = await newKey();
    const ca = await issueAuthority(caKey, Date.now());
    const issuer = await LeafIssuer.of({ certificate: ca, key: caKey });
    const leaf = await issuer.issue('127.0.0.1', Date.now(), 3_600_000);
    const files = { 'ca.pem': ca, 'server.pem': leaf.certificate, 'server.key': leaf.key };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(scratch.path, name), text);
    const at = (name: keyof typeof files): string => join(scratch.path, name);
    await using server = await RedisServer.start(
      ['--tls-cert-file', at('server.pem'), '--tls-key-file', at('server.key'), '--tls-ca-cert-file', at('ca.pem'), '--tls-auth-clients', 'no'],
      { tls: true },
    );
    const urls = [`rediss://127.0.0.1:${server.port}`];
    using trusting = await opened({ urls, tls: { ca } });
    expect(await works(trusting)).toBe(true);
    using distrusting = await opened({ urls });
    expect(await works(distrusting)).toBe(false);
  });

  it('logs in with the user and the password of the URL, and shows neither', async () => {
    await using server = await RedisServer.start('--user sidecar on >p@ss:word ~access:* &access:* +@all -@dangerous --user default off'.split(' '));
    const notices: string[] = [];
    using right = await opened({ urls: [`redis://sidecar:p%40ss%3Aword@127.0.0.1:${server.port}`] }, (text) => notices.push(text));
    expect(await works(right)).toBe(true);
    expect(notices).toEqual([]);
    const refused = Promise.withResolvers<string>();
    using wrong = await opened({ urls: [`redis://sidecar:hush-hush@127.0.0.1:${server.port}`] }, refused.resolve);
    expect(await works(wrong)).toBe(false);
    expect(await refused.promise).toMatch(/WRONGPASS|not answer/);
    expect(await refused.promise).not.toMatch(/hush|sidecar:/);
  });

  it('says what is in its way where a server is not of the kind that it is taken for', async () => {
    await using scratch = await scratchDirectory();
    const config = join(scratch.path, 'sentinel.conf');
    writeFileSync(config, 'sentinel monitor main 127.0.0.1 1 1\n');
    await using sentinel = await RedisServer.start(['--sentinel'], { config });
    await using alone = await RedisServer.start();
    await using cluster = await RedisCluster.start({ replicas: false });
    const told = async (url: string, inCluster: boolean): Promise<string> => {
      const said: string[] = [];
      // a machine that is busy may take too long to connect: what is wrong is told as soon as that is known
      const hear = (text: string): void => void (/timeout|no answer within|answers again|ECONN/i.test(text) ? undefined : said.push(text));
      using store = await opened({ urls: [url], cluster: inCluster }, hear);
      // a single server of a cluster has a part of the keys
      for (let i = 0; said.length === 0; i++) {
        await store.lookup(`k${i}`);
        await new Promise((resolve) => setImmediate(resolve));
      }
      return said[0] ?? '';
    };
    const cases: readonly (readonly [url: string, inCluster: boolean, says: string])[] = [
      [sentinel.url, false, 'a Sentinel, perhaps (give the address of a proxy that follows the master, or a cluster)'],
      [sentinel.url, true, 'a Sentinel, perhaps'],
      [alone.url, true, 'write cache.redis.cluster: false'],
      ...cluster.urls.map((url) => [url, false, 'write cache.redis.cluster: true'] as const),
    ];
    await Promise.all(cases.map(async ([url, inCluster, says]) => expect(await told(url, inCluster)).toContain(says)));
  });

  it('spreads over a cluster, drops across its servers, and lists and purges all of them', async () => {
    await using cluster = await RedisCluster.start({ replicas: false });
    const { urls } = cluster;
    using a = await opened({ urls, cluster: true });
    using b = await opened({ urls: urls.slice(1), cluster: true });
    const heard = new Promise((resolve) => {
      b.onInvalidation((tags) => resolve(tags));
    });
    while (!(await works(a)));
    for (let i = 0; i < 60; i++) await a.put(`https://x/${i}`, storedResponse(Date.now(), { tags: [`t${i % 2}`] }));
    expect(await b.list({}, 100)).toHaveLength(60);
    expect(await a.invalidate(['t0'], false)).toBe(30);
    expect(await heard).toEqual(['t']);
    for (let i = 0; i < 60; i++) expect(await b.lookup(`https://x/${i}`)).toHaveLength(i % 2);
    expect(await b.purge({ prefix: 'https://x/' }, false)).toBe(30);
    expect(await a.list({}, 100)).toEqual([]);
    expect([a.stats.errors, b.stats.errors]).toEqual([0, 0]);
  });
});
