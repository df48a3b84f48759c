import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { confirmed, describesSame, isNotModified, merged, notModifiedHeaders, validationHeaders } from '../../../../src/cache/rules/conditions.ts';
import { contentRange, partOf } from '../../../../src/cache/rules/range.ts';
import { matches, variantOf, varyOf } from '../../../../src/cache/rules/vary.ts';
import type { StoredRange, StoredResponse } from '../../../../src/cache/store.ts';

const NOW = Date.UTC(2026, 10, 24, 12);
const date = (offset = 0): string => new Date(NOW + offset * 1000).toUTCString();
const hash = (text: string): string => `#${text.length}`;
const isCredential = (name: string): boolean => name === 'authorization';

describe('Vary', () => {
  it.each([['*'], ['*, *'], [', *'], ['*, Foo'], ['Foo, *']])('%s never matches', (value) => expect(varyOf(['vary', value])).toBeUndefined());
  it('finds * on a line of its own', () => expect(varyOf(['vary', '', 'vary', '*'])).toBeUndefined());
  it.each([['foo bar'], ['Foo; bar'], ['"foo"'], ['foo, b@r']])('%s names no field and never matches', (value) =>
    expect(varyOf(['vary', value])).toBeUndefined(),
  );
  it('names fields once, in one order', () => expect(varyOf(['vary', 'Foo, bar', 'vary', 'foo'])).toEqual(['bar', 'foo']));

  const same = (name: string, a: string[], b: string[]): boolean => {
    const fields = (values: string[]): string[] => values.flatMap((value) => [name, value]);
    return variantOf([name], fields(a), isCredential, hash) === variantOf([name], fields(b), isCredential, hash);
  };
  it.each<[string, string[], string[], boolean]>([
    ['foo', ['1'], ['1'], true],
    ['foo', ['1'], ['2'], false],
    ['foo', ['1'], [], false],
    ['foo', [''], [], false],
    ['foo', ['1, 2'], ['1', '2'], true],
    ['foo', ['1,2'], [' 1, 2 '], true],
    ['foo', ['1, 2'], ['2, 1'], false],
    ['foo', ['A'], ['a'], false],
    ['accept-language', ['en, de'], ['de, en'], true],
    ['accept-language', ['en, de'], ['eN, De'], true],
    ['accept-language', ['en;q=0.5, de'], [' en ; q=0.5 ,  de'], true],
    ['accept', ['application/json;v=A'], ['application/json;v=a'], false],
  ])('%s: %j and %j select the same: %s', (name, a, b, expected) => expect(same(name, a, b)).toBe(expected));

  it('keeps no credential', () =>
    expect(variantOf(['authorization'], ['authorization', 'Bearer secret'], isCredential, hash)).not.toContain('secret'));

  it('gives an answer in the language that the request likes best', () => {
    const german = { vary: ['accept-language'], variant: 'accept-language=de,en\n', headers: ['content-language', 'de'] };
    const fits = (value: string): boolean => matches(german, ['accept-language', value], isCredential, hash);
    expect(fits('fr;q=0.5, de;q=1.0')).toBe(true);
    expect(fits('fr, de')).toBe(false);
    expect(fits('fr;q=0.9, de;q=0.1')).toBe(false);
  });
});

describe('a conditional request', () => {
  const stored = (...headers: string[]) => ({ status: 200, headers, respondedAt: NOW });
  it.each<[string[], string[], boolean]>([
    [['if-none-match', '"a"'], ['etag', '"a"'], true],
    [['if-none-match', '"b", "a", "c"'], ['etag', '"a"'], true],
    [['if-none-match', '"b"', 'if-none-match', '"a"'], ['etag', '"a"'], true],
    [['if-none-match', 'W/"a"'], ['etag', '"a"'], true],
    [['if-none-match', '"a"'], ['etag', 'W/"a"'], true],
    [['if-none-match', '*'], [], true],
    [['if-none-match', '"b"'], ['etag', '"a"'], false],
    [['if-none-match', '"a"'], [], false],
    [['if-none-match', '"a, b"'], ['etag', '"a, b"'], true],
    [['if-none-match', '"b"', 'if-modified-since', date()], ['etag', '"a"', 'last-modified', date(-10)], false],
    [['if-none-match', '"a"', 'if-modified-since', date(-100)], ['etag', '"a"', 'last-modified', date(-10)], true],
    [['if-modified-since', date(-10)], ['last-modified', date(-10)], true],
    [['if-modified-since', date(-5)], ['last-modified', date(-10)], true],
    [['if-modified-since', date(-20)], ['last-modified', date(-10)], false],
    [['if-modified-since', date(0)], ['date', date(-10)], true],
    [['if-modified-since', date(-20)], ['date', date(-10)], false],
    [['if-modified-since', 'soon'], ['last-modified', date(-10)], false],
  ])('%j against %j: not modified is %s', (request, headers, expected) => expect(isNotModified(request, stored(...headers))).toBe(expected));

  it('gets a 304 with the fields that it needs and none that describe content', () => {
    expect(notModifiedHeaders(['etag', '"a"', 'content-type', 'x', 'content-length', '5', 'content-location', '/a', 'date', 'd'])).toEqual([
      'etag',
      '"a"',
      'content-location',
      '/a',
      'date',
      'd',
    ]);
  });
});

describe('validation', () => {
  const entry = (...headers: string[]) => ({ status: 200, headers, respondedAt: NOW });
  it('asks with the tags of all variants and the date of the selected one, and leaves the conditions of the client out', () => {
    const [a, b] = [entry('etag', '"a"', 'last-modified', date(-9)), entry('etag', 'W/"b"')];
    expect(validationHeaders(['if-none-match', '"x"', 'range', 'bytes=0-1', 'accept', '*/*'], a, [a, b])).toEqual([
      'accept',
      '*/*',
      'if-none-match',
      '"a", W/"b"',
      'if-modified-since',
      date(-9),
    ]);
  });
  it('asks nothing where there is nothing to ask about', () => expect(validationHeaders([], entry(), [entry()])).toBeUndefined());

  it('takes a 304 for the answer that it names', () => {
    const [a, b] = [entry('etag', '"a"'), entry('etag', '"b"')];
    const by = (headers: string[], selected: typeof a | undefined): typeof a | undefined =>
      confirmed({ headers, respondedAt: NOW }, selected, [a, b])?.stored;
    expect(by(['etag', '"b"'], a)).toBe(b);
    expect(by([], a)).toBe(a);
    expect(by(['etag', '"c"'], a)).toBeUndefined();
    expect(by([], undefined)).toBeUndefined();
  });

  it('brings stored fields up to date, except those that describe the content at hand', () => {
    const stored = ['a', '1', 'b', '1', 'b', '2', 'content-length', '5', 'content-encoding', 'gzip'];
    expect(merged(stored, ['b', '3', 'c', '4', 'content-length', '0', 'content-encoding', 'br'])).toEqual([
      'a',
      '1',
      'content-length',
      '5',
      'content-encoding',
      'gzip',
      'b',
      '3',
      'c',
      '4',
    ]);
  });

  it('knows from a HEAD whether what is stored is still the same', () => {
    expect(describesSame(['etag', '"a"', 'content-length', '5'], ['etag', '"a"'])).toBe(true);
    expect(describesSame(['etag', '"a"', 'content-length', '5'], ['content-length', '6'])).toBe(false);
    expect(describesSame([], ['etag', '"a"'])).toBe(false);
  });
});

describe('a range', () => {
  const entry = (text: string, range?: StoredRange, ...headers: string[]): StoredResponse => ({
    vary: [],
    variant: '',
    status: range === undefined ? 200 : 206,
    headers,
    body: Buffer.from(text),
    range,
    freshness: { freshMs: 1, staleWhileRevalidateMs: 0, staleIfErrorMs: 0, noCache: false, mustRevalidate: false },
    respondedAt: NOW,
    initialAgeMs: 0,
    keepUntil: 0,
    upstream: '',
    route: '',
    tags: [],
  });
  const cut = (wanted: string, stored: StoredResponse, ...more: string[]): string | undefined => {
    const part = partOf(['range', wanted, ...more], stored);
    if (part === undefined || part === 'unsatisfiable') return part;
    const from = stored.range?.first ?? 0;
    return `${Buffer.from(stored.body.subarray(part.first - from, part.last - from + 1)).toString()} ${part.first}-${part.last}/${part.size ?? '*'}`;
  };
  it.each<[string, string | undefined]>([
    ['bytes=0-1', '01 0-1/11'],
    ['bytes=0-0', '0 0-0/11'],
    ['bytes=1-', '123456789A 1-10/11'],
    ['bytes=-1', 'A 10-10/11'],
    ['bytes=-99', '0123456789A 0-10/11'],
    ['bytes=5-99', '56789A 5-10/11'],
    ['bytes=11-', 'unsatisfiable'],
    ['bytes=-0', 'unsatisfiable'],
    ['bytes=0-1,3-4', undefined],
    ['bytes=5-2', undefined],
    ['items=0-1', undefined],
    ['bytes=-', undefined],
  ])('%s of a whole answer is %s', (wanted, expected) => expect(cut(wanted, entry('0123456789A'))).toBe(expected));

  const middle = { first: 4, last: 8, size: 10 };
  it.each<[string, string | undefined]>([
    ['bytes=4-8', '45678 4-8/10'],
    ['bytes=6-7', '67 6-7/10'],
    ['bytes=3-5', undefined],
    ['bytes=6-', undefined],
    ['bytes=-2', undefined],
    ['bytes=9-9', undefined],
    ['bytes=12-13', undefined],
  ])('%s of a part is %s', (wanted, expected) => expect(cut(wanted, entry('45678', middle))).toBe(expected));

  it('holds only while If-Range does', () => {
    const tagged = entry('0123', undefined, 'etag', '"a"', 'last-modified', date(-9));
    expect(cut('bytes=0-1', tagged, 'if-range', '"a"')).toBe('01 0-1/4');
    expect(cut('bytes=0-1', tagged, 'if-range', '"b"')).toBeUndefined();
    expect(cut('bytes=0-1', tagged, 'if-range', 'W/"a"')).toBeUndefined();
    expect(cut('bytes=0-1', tagged, 'if-range', date(-9))).toBe('01 0-1/4');
    expect(cut('bytes=0-1', tagged, 'if-range', date(-8))).toBeUndefined();
  });

  it('is read from Content-Range where that names single bytes', () => {
    expect(contentRange(['content-range', 'bytes 4-8/10'])).toEqual(middle);
    expect(contentRange(['content-range', 'bytes 4-8/*'])).toEqual({ first: 4, last: 8, size: undefined });
    expect(contentRange(['content-range', '0-9/100'])).toBeUndefined();
    expect(contentRange([])).toBeUndefined();
  });

  it('is always inside of what is asked for and of what is there', () => {
    const inside = (length: number, first: number | undefined, last: number | undefined): boolean => {
      const part = partOf(['range', `bytes=${first ?? ''}-${last ?? ''}`], entry('x'.repeat(length)));
      if (part === undefined || part === 'unsatisfiable') return true;
      return part.first <= part.last && part.last < length && (first === undefined || part.first === first);
    };
    const end = fc.option(fc.nat(30), { nil: undefined });
    expect(() => fc.assert(fc.property(fc.nat(20), end, end, inside))).not.toThrow();
  });
});
