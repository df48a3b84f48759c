import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { initialAgeMs } from '../../../../src/cache/rules/age.ts';
import { reuse, standsIn } from '../../../../src/cache/rules/reuse.ts';
import { type Overrides, storing } from '../../../../src/cache/rules/storing.ts';
import { NOTHING_ASKED, requestDirectives } from '../../../../src/cache/rules/directives.ts';
import type { Found, Freshness } from '../../../../src/cache/store.ts';

const NOW = Date.UTC(2026, 10, 24, 12);
const date = (offset = 0): string => new Date(NOW + offset * 1000).toUTCString();
const PLAIN: Overrides = {
  ttlMs: undefined,
  negativeTtlMs: undefined,
  statuses: new Set([200]),
  ignoreOrigin: false,
  force: false,
  staleIfErrorMs: undefined,
  staleWhileRevalidateMs: undefined,
};

function stored(headers: string[], options: { status?: number; authorized?: boolean; overrides?: Partial<Overrides> } = {}) {
  const { status = 200, authorized = false, overrides = {} } = options;
  return storing({ status, headers, respondedAt: NOW, authorized }, { ...PLAIN, ...overrides });
}
const seconds = (headers: string[], options: Parameters<typeof stored>[1] = {}): number | undefined => {
  const found = stored(headers, options);
  return found === undefined ? undefined : found.freshness.freshMs / 1000;
};
const cc = (value: string): string[] => ['cache-control', value];

describe('freshness', () => {
  it.each<[string[], number | undefined]>([
    [cc('max-age=3600'), 3600],
    [cc('max-age=1, s-maxage=3600'), 3600],
    [cc('s-maxage=1, max-age=3600'), 1],
    [[...cc('max-age=3600'), 'expires', date(-10)], 3600],
    [[...cc('max-age=0'), 'expires', date(10), 'etag', '"a"'], 0],
    [[...cc('max-age=x'), 'expires', date(10), 'etag', '"a"'], 0],
    [['expires', date(10), 'date', date()], 10],
    [['expires', date(10), 'date', date(-20)], 30],
    [['expires', date(10)], 10],
    [['expires', '0', 'etag', '"a"'], 0],
    [['expires', date(10), 'expires', date(20), 'etag', '"a"'], 0],
    [['last-modified', date(-1000), 'date', date()], 100],
    [['last-modified', date(-100 * 86_400)], 86_400],
    [['etag', '"a"'], 0],
    [cc('max-age=0'), undefined],
    [[], undefined],
  ])('of %j is %s', (headers, expected) => expect(seconds(headers)).toBe(expected));

  it.each([200, 203, 204, 299, 301, 302, 303, 307, 308, 400, 404, 410, 499, 500, 502, 503, 504, 599])(
    'is believed with status %i where it is stated',
    (status) => {
      expect(seconds(cc('max-age=60'), { status })).toBe(60);
    },
  );

  it.each([
    [200, true],
    [203, true],
    [204, true],
    [404, true],
    [405, true],
    [410, true],
    [414, true],
    [501, true],
    [201, false],
    [202, false],
    [403, false],
    [502, false],
    [503, false],
    [599, false],
  ])('is guessed with status %i: %s', (status, guessed) => expect(seconds(['last-modified', date(-1000)], { status }) !== undefined).toBe(guessed));

  it('is guessed with any status that is public', () => expect(seconds([...cc('public'), 'last-modified', date(-1000)], { status: 599 })).toBe(100));
});

describe('storing', () => {
  it.each([
    ['private, max-age=60', false],
    ['no-store', false],
    ['max-age=60, no-store', false],
    ['max-age=60, no-store, must-understand', true],
    ['max-age=60, must-understand, private', false],
    ['max-age=60, no-cache', false],
    ['max-age=60, private="x"', true],
  ])('Cache-Control: %s: %s', (value, yes) => expect(stored(cc(value)) !== undefined).toBe(yes));

  it('needs to understand the status where the origin says so', () =>
    expect(stored(cc('max-age=60, no-store, must-understand'), { status: 599 })).toBeUndefined());

  it.each([
    ['max-age=60', false],
    ['max-age=60, public', true],
    ['max-age=60, must-revalidate', true],
    ['s-maxage=60', true],
  ])('an answer to Authorization with %s: %s', (value, yes) => expect(stored(cc(value), { authorized: true }) !== undefined).toBe(yes));

  it('leaves out fields of one hop, of one moment, and those named by private and no-cache', () => {
    const headers = [
      'cache-control',
      'max-age=60, private="x-user", no-cache="x-once"',
      'x-user',
      '1',
      'x-once',
      '2',
      'age',
      '5',
      'proxy-authenticate',
      'Basic',
      'b',
      '3',
    ];
    expect(stored(headers)?.headers).toEqual(['cache-control', 'max-age=60, private="x-user", no-cache="x-once"', 'b', '3']);
  });

  it('takes a cookie only with freshness that the origin states itself', () => {
    expect(stored([...cc('max-age=60'), 'set-cookie', 'a=b'])).toBeDefined();
    expect(stored(['last-modified', date(-1000), 'set-cookie', 'a=b'])).toBeUndefined();
    expect(stored(['set-cookie', 'a=b'], { overrides: { ttlMs: 1000 } })).toBeUndefined();
  });
});

describe('what the operator says', () => {
  const ttl: Partial<Overrides> = { ttlMs: 5000 };
  it.each<[string, string[], Partial<Overrides>, number | undefined]>([
    ['a ttl holds where the origin states nothing', [], ttl, 5],
    ['what the origin states comes first', cc('max-age=60'), ttl, 60],
    ['also when it is nothing', [...cc('max-age=0'), 'etag', '"a"'], ttl, 0],
    ['unless the origin is to be ignored', cc('max-age=0, no-cache'), { ...ttl, ignoreOrigin: true }, 5],
    ['a ttl never beats private', cc('private'), { ...ttl, ignoreOrigin: true }, undefined],
    ['a ttl never beats no-store', cc('no-store'), { ...ttl, ignoreOrigin: true }, undefined],
    ['but by force', [...cc('private, no-store'), 'set-cookie', 'a=b'], { ...ttl, force: true }, 5],
    ['force does nothing without a ttl', cc('private'), { force: true }, undefined],
    ['who says how long stale may stand in keeps what is always asked anew', [], { staleIfErrorMs: 1000 }, 0],
  ])('%s', (_name, headers, overrides, expected) => expect(seconds(headers, { overrides })).toBe(expected));

  it('has a ttl of its own for what is not there', () => {
    expect(seconds([], { status: 404, overrides: { negativeTtlMs: 3000, ttlMs: 5000 } })).toBe(3);
    expect(seconds([], { status: 404, overrides: ttl })).toBeUndefined();
    expect(seconds([], { status: 500, overrides: { ...ttl, statuses: new Set([500]) } })).toBe(5);
  });

  it('holds for answers to Authorization, whose key has the credential', () => expect(seconds([], { authorized: true, overrides: ttl })).toBe(5));
});

describe('age', () => {
  const age = (headers: string[], delay = 0): number => initialAgeMs(headers, { requestedAt: NOW - delay, respondedAt: NOW }) / 1000;
  it.each<[string[], number, number]>([
    [['age', '30'], 0, 30],
    [['age', '7200, 0'], 0, 7200],
    [['age', '0, 7200'], 0, 0],
    [['age', '7200', 'age', '0'], 0, 7200],
    [['age', 'abc'], 0, 0],
    [['age', '-7200'], 0, 0],
    [['age', '7200.0'], 0, 0],
    [['age', '2147483649'], 0, 2 ** 31],
    [['date', date(-20)], 0, 20],
    [['date', date(-20), 'age', '30'], 0, 30],
    [['date', date(20)], 0, 0],
    [['date', 'yesterday'], 0, 0],
    [['age', '30'], 5000, 35],
    [[], 5000, 5],
  ])('of %j after %i ms under way is %i s', (headers, delay, expected) => expect(age(headers, delay)).toBe(expected));
});

const FRESH: Freshness = { freshMs: 10_000, staleWhileRevalidateMs: 0, staleIfErrorMs: undefined, noCache: false, mustRevalidate: false };
function entry(freshness: Partial<Freshness>, ageSeconds: number, stale = false): Found {
  return {
    vary: [],
    variant: '',
    status: 200,
    headers: [],
    body: new Uint8Array(),
    range: undefined,
    freshness: { ...FRESH, ...freshness },
    respondedAt: NOW - ageSeconds * 1000,
    initialAgeMs: 0,
    keepUntil: Infinity,
    upstream: '',
    route: '',
    tags: [],
    stale,
  };
}

describe('reuse', () => {
  it.each<[string, Partial<Freshness>, number, string, string]>([
    ['a fresh answer', {}, 9, '', 'fresh'],
    ['an answer at the end of its freshness', {}, 10, '', 'validate'],
    ['an answer that must always be asked about', { noCache: true }, 0, '', 'validate'],
    ['a client that wants no cache', {}, 0, 'no-cache', 'validate'],
    ['a client that wants a younger one', {}, 5, 'max-age=4', 'validate'],
    ['a client that wants max-age=0', {}, 1, 'max-age=0', 'validate'],
    ['a client that wants it fresh for longer', {}, 5, 'min-fresh=6', 'validate'],
    ['a client that is content with that', {}, 5, 'min-fresh=5', 'fresh'],
    ['a client that takes stale', {}, 15, 'max-stale', 'stale'],
    ['a client that takes it so stale', {}, 15, 'max-stale=5', 'stale'],
    ['a client that takes it not so stale', {}, 15, 'max-stale=4', 'validate'],
    ['a client that takes stale where it must be asked about', { mustRevalidate: true }, 15, 'max-stale', 'validate'],
    ['a stale answer within its window', { staleWhileRevalidateMs: 5000 }, 14, '', 'refresh'],
    ['a stale answer after its window', { staleWhileRevalidateMs: 5000 }, 15, '', 'validate'],
    ['a window under must-revalidate', { staleWhileRevalidateMs: 5000, mustRevalidate: true }, 14, '', 'validate'],
  ])('of %s', (_name, freshness, age, asked, expected) => {
    expect(reuse(entry(freshness, age), requestDirectives(asked === '' ? undefined : asked, undefined), NOW)).toBe(expected);
  });

  it('takes what was purged softly as stale, to be fetched anew', () => expect(reuse(entry({}, 1, true), NOTHING_ASKED, NOW)).toBe('refresh'));

  it('never sends a stale answer that nobody allowed', () => {
    const arbitrary = fc.record({
      age: fc.nat(100),
      swr: fc.nat(20),
      must: fc.boolean(),
      noCache: fc.boolean(),
      maxStale: fc.option(fc.nat(100), { nil: undefined }),
    });
    const asAllowed = fc.property(arbitrary, ({ age, swr, must, noCache, maxStale }) => {
      const one = entry({ staleWhileRevalidateMs: swr * 1000, mustRevalidate: must, noCache }, age);
      const verdict = reuse(one, { ...NOTHING_ASKED, maxStale }, NOW);
      const late = age - 10;
      if (noCache) return verdict === 'validate';
      if (late < 0) return verdict === 'fresh';
      const allowed = !must && (late < swr || (maxStale !== undefined && late <= maxStale));
      return (verdict !== 'validate') === allowed;
    });
    expect(() => fc.assert(asAllowed)).not.toThrow();
  });
});

describe('standing in for a failing upstream', () => {
  it.each<[string, Partial<Freshness>, number, 'unreachable' | 'error', string, boolean]>([
    ['unreachable, nothing said', {}, 3600, 'unreachable', '', true],
    ['unreachable for longer than a day', {}, 100_000, 'unreachable', '', false],
    ['a 503, nothing said', {}, 3600, 'error', '', false],
    ['a 503 within stale-if-error', { staleIfErrorMs: 60_000 }, 60, 'error', '', true],
    ['a 503 after stale-if-error', { staleIfErrorMs: 60_000 }, 80, 'error', '', false],
    ['stale-if-error=0 and unreachable', { staleIfErrorMs: 0 }, 60, 'unreachable', '', false],
    ['must-revalidate', { mustRevalidate: true, staleIfErrorMs: 60_000 }, 60, 'unreachable', '', false],
    ['no-cache', { noCache: true }, 60, 'unreachable', '', false],
    ['a client that wants no cache', {}, 60, 'unreachable', 'no-cache', false],
    ['a client that allows it', {}, 60, 'error', 'stale-if-error=100', true],
    ['a client that would like it younger, stale', {}, 60, 'unreachable', 'max-age=1', true],
    ['a client that would like it younger, fresh', {}, 5, 'unreachable', 'max-age=1', true],
  ])('%s', (_name, freshness, age, trouble, asked, expected) => {
    expect(standsIn(entry(freshness, age), requestDirectives(asked === '' ? undefined : asked, undefined), NOW, trouble, false)).toBe(expected);
  });
});
