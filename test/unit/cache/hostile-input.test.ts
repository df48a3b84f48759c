import { describe, expect, it } from 'vitest';
import { embedsIn } from '../../../src/cache/invalidate/embeds.ts';
import { requestedRange } from '../../../src/cache/rules/range.ts';
import { variantOf } from '../../../src/cache/rules/vary.ts';
import { answered } from '../policy/fixtures.ts';
import { Bench, ok } from './fixtures.ts';

/** As long as that: whatever takes the square of it in steps runs into the time limit of the test. */
const LONG = 60_000;

describe('a long text from a client', () => {
  it('is no work for seconds as the select of a read', () => {
    expect(embedsIn('a'.repeat(LONG))).toEqual([]);
    expect(embedsIn(`${'a'.repeat(LONG)}(id)`)).toHaveLength(1);
    for (const part of ['a:', 'a!', '"', '""', '"a"', '!', ':', '...'])
      expect(embedsIn(`${part.repeat(LONG / part.length)}(id)`).length).toBeLessThanOrEqual(1);
  });
  it('is none as a field that an answer varies by', () => {
    const blanks = ' '.repeat(LONG);
    const variant = (value: string): string =>
      variantOf(
        ['accept'],
        ['accept', value],
        () => false,
        () => '',
      );
    expect(variant(`a${blanks}b`)).toContain(`a${blanks}b`);
    expect(variant(`text/html${blanks};q=1`)).toBe(variant('text/html;q=1'));
  });
  it('is none as a range', () => {
    const blanks = ' '.repeat(LONG);
    expect(requestedRange(['range', `bytes=${blanks}x`])).toBeUndefined();
    expect(requestedRange(['range', `bytes=${blanks}1${blanks}-${blanks}2${blanks}`])).toEqual({ first: 1, last: 2 });
  });
});

describe('a path that hides that it leads to a table', () => {
  const HIDDEN = [
    '/rest%2Fv1/bots',
    '/%72est/v1/bots',
    '//rest/v1/bots',
    '/rest//v1/bots',
    '/./rest/v1/bots',
    '/a/../rest/v1/bots',
    '/%2e/rest/v1/bots',
  ];
  const bench = () =>
    new Bench({ ttl: 60_000 }, ({ method }) => (method === 'GET' ? ok('row') : answered(201)), { tables: { path: '/rest/v1/{table}' } });

  it.each(HIDDEN)('%s is never answered from the cache: a write to its table would not drop it', async (path) => {
    const cache = bench();
    await cache.get({ path });
    expect((await cache.get({ path })).source).toBe('upstream');
  });

  it.each(HIDDEN)('%s drops every read of the tables where it is written to', async (path) => {
    const cache = bench();
    await cache.get({ path: '/rest/v1/bots' });
    await cache.get({ method: 'POST', path });
    expect((await cache.get({ path: '/rest/v1/bots' })).source).toBe('upstream');
  });

  it.each(['/rest/v1/my%20table', '/auth//v1/user', '/auth/v1/.well-known/jwks.json', '/a%20b'])('but %s hides nothing', async (path) => {
    const cache = bench();
    await cache.get({ path });
    await cache.get({ method: 'POST', path: '/auth/v1/..hidden%20' });
    expect((await cache.get({ path })).source).toBe('cache');
  });
});

describe('a table whose name every object in JavaScript knows', () => {
  it.each(['constructor', '__proto__', 'toString'])('%s is a table like any other', async (table) => {
    const path = `/rest/v1/${table}`;
    const bench = new Bench({ ttl: 60_000 }, ({ method }) => (method === 'GET' ? ok('row') : answered(201)), {
      tables: { path: '/rest/v1/{table}', also: { bots: ['overview'] } },
      routes: [{ name: 'told', match: { path: ['/told/{table}'] }, invalidate: { tags: ['{table}'] } }],
    });
    await bench.get({ path });
    expect((await bench.get({ method: 'POST', path })).status).toBe(201);
    expect((await bench.get({ path })).source).toBe('upstream');
    expect((await bench.get({ method: 'POST', path: `/told/${table}` }, 0)).status).toBe(201);
    expect((await bench.get({ path })).source).toBe('upstream');
  });
});
