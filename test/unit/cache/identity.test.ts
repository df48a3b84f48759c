import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CacheConfig } from '../../../src/config/schema.ts';
import type { Exchange } from '../../../src/model/exchange.ts';
import { headerValue } from '../../../src/model/headers.ts';
import { answered, failed } from '../policy/fixtures.ts';
import { Bench, ok } from './fixtures.ts';

const CREDENTIALS = ['authorization', 'apikey', 'cookie', 'x-goog-api-key', 'x-api-key'] as const;

/** The user that a request is of, as an upstream would know it. */
function userOf(exchange: Exchange): string {
  const known = exchange.headers.flatMap((text, at) =>
    at % 2 === 0 && (CREDENTIALS as readonly string[]).includes(text) ? [exchange.headers[at + 1] ?? ''] : [],
  );
  return known.join('+') || 'nobody';
}

const user = fc.integer({ min: 1, max: 50 });
const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('ask' as const),
      user,
      by: fc.constantFrom(...CREDENTIALS),
      path: fc.constantFrom('/me', '/rows?select=*'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(4000) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('outage' as const), on: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('settle' as const) }) },
);

const CONFIGS: CacheConfig[] = [
  { ttl: 2000, staleWhileRevalidate: 2000, staleIfError: 60_000, coalesce: true },
  { coalesce: true, sortQuery: true },
  { ttl: 1000, ignoreOrigin: true, force: true, coalesce: true, staleIfError: 1000 },
];

describe('identity', () => {
  it.each(CONFIGS)('keeps 50 users with equal URLs apart, with coalescing and stale serving on: %j', async (config) => {
    const crossed: string[] = [];
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 120 }),
        fc.constantFrom('', 'public, max-age=2', 'max-age=1, stale-while-revalidate=5', 'private'),
        async (steps, says) => {
          let down = false;
          const bench = new Bench(config, async (exchange) => {
            await new Promise((resolve) => setImmediate(resolve));
            if (down) return failed();
            const headers = [...(says === '' ? [] : ['cache-control', says]), 'etag', '"same-for-all"'];
            return headerValue(exchange.headers, 'if-none-match') === undefined ? ok(userOf(exchange), ...headers) : answered(304, '', headers);
          });
          const asked: Promise<void>[] = [];
          for (const one of steps) {
            if (one.kind === 'wait') bench.clock.advance(one.ms);
            else if (one.kind === 'outage') down = one.on;
            else if (one.kind === 'settle') await Promise.all(asked.splice(0));
            else {
              const token = `token-${one.user}`;
              asked.push(
                bench.get({ path: one.path, headers: [one.by, token] }).then(({ status, body }) => {
                  if (status !== 0 && body !== token) crossed.push(`${token} got ${body}`);
                }),
              );
            }
          }
          await Promise.all(asked);
          return crossed.length === 0;
        },
      ),
      { numRuns: 60 },
    );
    expect(crossed).toEqual([]);
  });

  it('is all credentials together', async () => {
    const bench = new Bench({ ttl: 1000 }, (exchange) => ok(userOf(exchange)));
    const as = async (...headers: string[]): Promise<string> => (await bench.get({ headers })).body;
    expect(await as('apikey', 'k', 'authorization', 'a')).toBe('k+a');
    expect(await as('apikey', 'k', 'authorization', 'b')).toBe('k+b');
    expect(await as('apikey', 'k')).toBe('k');
    expect(await as()).toBe('nobody');
    expect(await as('apikey', 'k', 'authorization', 'a')).toBe('k+a');
    expect(bench.sent).toHaveLength(4);
  });

  it.each([
    'x-csrf-token',
    'private-token',
    'x-session-id',
    'x-forwarded-authorization',
    'x-goog-iam-authority-selector-token',
    'x-access-token',
    'x-amz-security-token',
    'x-rapidapi-key',
    'ocp-apim-subscription-key',
    'x-functions-key',
    'dd-application-key',
    'x-authkey',
    'key',
    'x-authtoken',
    'x-sessionid',
    'x-goog-authenticated-user-email',
    'x-app-clientsecret',
    'x-dbpassword',
    'x-otp',
  ])('is also told by %s', async (name) => {
    const bench = new Bench({ ttl: 1000 }, (_exchange, number) => ok(String(number)));
    expect([(await bench.get({ headers: [name, 'a'] })).body, (await bench.get({ headers: [name, 'b'] })).body]).toEqual(['1', '2']);
  });

  it.each([
    'idempotency-key',
    'x-request-id',
    'x-retry-count',
    'traceparent',
    'sec-fetch-mode',
    'author',
    'x-idempotency-key',
    'sec-websocket-key',
    'surrogate-key',
  ])('is not told by %s', async (name) => {
    const bench = new Bench({ ttl: 1000 }, (_exchange, number) => ok(String(number)));
    expect([(await bench.get({ headers: [name, 'a'] })).body, (await bench.get({ headers: [name, 'b'] })).body]).toEqual(['1', '1']);
  });

  it('tells the same secret in two fields apart', async () => {
    const bench = new Bench({ ttl: 1000 }, (_exchange, number) => ok(String(number)));
    expect((await bench.get({ headers: ['apikey', 'k'] })).body).toBe('1');
    expect((await bench.get({ headers: ['cookie', 'k'] })).body).toBe('2');
  });

  it('is left out where the route is shared, and what the origin varies by still counts', async () => {
    const bench = new Bench({ shared: true, ttl: 1000 }, (exchange) =>
      ok(userOf(exchange), ...(exchange.path === '/me' ? ['vary', 'Authorization'] : [])),
    );
    const as = async (path: string, token: string): Promise<string> => (await bench.get({ path, headers: ['authorization', token] })).body;
    expect([await as('/keys', 'a'), await as('/keys', 'b')]).toEqual(['a', 'a']);
    expect([await as('/me', 'a'), await as('/me', 'b'), await as('/me', 'a')]).toEqual(['a', 'b', 'a']);
  });

  it.each([
    ['key', 'eq.theme', 'eq.lang'],
    ['code', 'DE', 'FR'],
    ['pageToken', 'A', 'B'],
    ['access_token', 'a', 'b'],
  ])('leaves no parameter out on a shared route, what it is called may say what is asked for: %s', async (name, one, other) => {
    const bench = new Bench({ shared: true, ttl: 1000, coalesce: true }, async (exchange) => {
      await new Promise((resolve) => setImmediate(resolve));
      return ok(exchange.path);
    });
    const paths = [`/settings?${name}=${one}`, `/settings?${name}=${other}`];
    const ask = (): Promise<string[]> => Promise.all(paths.map(async (path) => (await bench.get({ path })).body));
    expect(await ask()).toEqual(paths);
    expect(await ask()).toEqual(paths);
    expect(bench.sent).toHaveLength(2);
  });

  it('never asks about the answer of one user for another, even on a shared route and with equal tags', async () => {
    const bench = new Bench({ shared: true }, (exchange) => {
      const headers = ['cache-control', 'public, max-age=60', 'vary', 'Authorization', 'etag', '"same-for-all"'];
      return headerValue(exchange.headers, 'if-none-match') === undefined ? ok(userOf(exchange), ...headers) : answered(304, '', headers);
    });
    const as = async (token: string): Promise<string> => (await bench.get({ headers: ['authorization', token] })).body;
    expect([await as('a'), await as('b'), await as('a')]).toEqual(['a', 'b', 'a']);
    expect(bench.sent).toHaveLength(2);
  });

  it('does not let a shared route spread the answer to a request with Authorization that the origin did not open to all', async () => {
    const bench = new Bench({ shared: true, coalesce: true }, async (exchange) => {
      await new Promise((resolve) => setImmediate(resolve));
      return ok(userOf(exchange), 'cache-control', 'max-age=60');
    });
    const bodies = await Promise.all(['a', 'b', 'c'].map(async (token) => (await bench.get({ headers: ['authorization', token] })).body));
    expect(bodies).toEqual(['a', 'b', 'c']);
  });

  it.each(['authorization', 'apikey'])('does not let a shared route spread a failure that one user got, told by %s', async (name) => {
    const bench = new Bench({ shared: true, coalesce: true, ttl: 60_000 }, async (exchange) => {
      await new Promise((resolve) => setImmediate(resolve));
      return failed({ kind: 'status', replay: 'refused', reply: answered(429, userOf(exchange)) });
    });
    const bodies = await Promise.all(['a', 'b', 'c'].map(async (token) => (await bench.get({ headers: [name, token] })).body));
    expect(bodies).toEqual(['a', 'b', 'c']);
  });

  it('leaves no credential in keys, tags, listings and statuses', async () => {
    const bench = new Bench({ ttl: 1000, tags: ['t'], keyHeaders: ['x-api-key'] }, () => ok('row', 'vary', 'Authorization, Cookie'));
    const secrets = ['s3cr3t-query', 's3cr3t-token', 's3cr3t-bearer', 's3cr3t-cookie', 's3cr3t-api', 's3cr3t-sig', 's3cr3t-client', 's3cr3t-code'];
    const answer = await bench.get({
      path: '/v1/x?key=s3cr3t-query&a=1&access_token=s3cr3t-token&X-Amz-Signature=s3cr3t-sig&client_secret=s3cr3t-client&code=s3cr3t-code',
      headers: ['authorization', 'Bearer s3cr3t-bearer', 'cookie', 'sid=s3cr3t-cookie', 'x-api-key', 's3cr3t-api'],
    });
    const seen = JSON.stringify([await bench.cache.store.list({}, 10), await bench.cache.admin.list(10), answer.said]);
    for (const secret of secrets) expect(seen).not.toContain(secret);
    const [shown] = await bench.cache.admin.list(10);
    expect(shown?.url).toBe('https://api.example/v1/x?key=***&a=1&access_token=***&X-Amz-Signature=***&client_secret=***&code=***');
  });
});

describe('the key', () => {
  it('takes the query as sent, or in any order where the route says so', async () => {
    const count = async (config: CacheConfig, ...paths: string[]): Promise<number> => {
      const bench = new Bench({ ttl: 1000, ...config }, () => ok('row'));
      for (const path of paths) await bench.get({ path });
      return bench.sent.length;
    };
    expect(await count({}, '/a?x=1&y=2', '/a?y=2&x=1')).toBe(2);
    expect(await count({ sortQuery: true }, '/a?x=1&y=2', '/a?y=2&x=1')).toBe(1);
    expect(await count({ sortQuery: true }, '/a?x=1&x=2', '/a?x=2&x=1')).toBe(2);
    expect(await count({ sortQuery: true }, '/a?select=%2A&b=c%28d%29', '/a?b=c(d)&select=*')).toBe(1);
    expect(await count({ sortQuery: true }, '/a?x=1%26y%3D2', '/a?x=1&y=2')).toBe(2);
    expect(await count({ sortQuery: true }, '/a?x=1%2B1', '/a?x=1+1')).toBe(2);
  });

  it('has the request fields that the route names', async () => {
    const bench = new Bench({ ttl: 1000, keyHeaders: ['X-Tenant'] }, (_exchange, number) => ok(String(number)));
    expect((await bench.get({ headers: ['x-tenant', 'a'] })).body).toBe('1');
    expect((await bench.get({ headers: ['x-tenant', 'b'] })).body).toBe('2');
    expect((await bench.get({ headers: ['x-tenant', 'a', 'x-other', '1'] })).body).toBe('1');
  });

  it('has what PostgREST chooses by, below its paths alone', async () => {
    const bench = new Bench({ ttl: 1000 }, (_exchange, number) => ok(String(number)), { tables: { path: '/rest/v1/{table}' } });
    const ask = async (path: string, ...headers: string[]): Promise<string> => (await bench.get({ path, headers })).body;
    expect(await ask('/rest/v1/bots', 'accept', 'a')).toBe('1');
    expect(await ask('/rest/v1/bots', 'accept', 'b')).toBe('2');
    expect(await ask('/rest/v1/bots', 'accept', 'a', 'accept-profile', 'other')).toBe('3');
    expect(await ask('/rest/v1/bots', 'accept', 'a', 'prefer', 'count=exact, return=minimal')).toBe('4');
    expect(await ask('/rest/v1/bots', 'accept', 'a', 'prefer', 'return=minimal,count=exact')).toBe('4');
    expect(await ask('/rest/v1/bots', 'accept', 'a', 'range', '0-9')).toBe('5');
    expect(await ask('/rest/v1/bots', 'accept', 'a', 'range', '0-9')).toBe('5');
    expect(await ask('/rest/v1/bots', 'accept', 'a')).toBe('1');
    expect(await ask('/auth/v1/user', 'accept', 'a')).toBe('6');
    expect(await ask('/auth/v1/user', 'accept', 'b')).toBe('6');
  });
});
