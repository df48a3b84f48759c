import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { requestDirectives, responseDirectives, splitList } from '../../../../src/cache/rules/directives.ts';
import { governing, parseDictionary } from '../../../../src/cache/rules/targeted.ts';

describe('Cache-Control of a response', () => {
  it.each([
    ['max-age=3600', 3600],
    ['MaX-aGe=3600', 3600],
    ['max-age="3600"', 3600],
    ['max-age=003600', 3600],
    ['foobar, max-age=3600', 3600],
    ['max-age=99999999999', 2 ** 31],
    ['max-age=1800, max-age=1', 1800],
    ['max-age=1, max-age=1800', 1],
    ['extension="max-age=100", max-age=1', 1],
    ['max-age=1, extension="max-age=100"', 1],
    ['extension="a, max-age=100", max-age=1', 1],
    ['extension="a \\", max-age=100", max-age=1', 1],
    ["max-age='3600'", 'invalid'],
    ['max-age =3600', 'invalid'],
    ['max-age= 3600', 'invalid'],
    ['max-age=-100', 'invalid'],
    ['max-age=a3600', 'invalid'],
    ['max-age=3600a', 'invalid'],
    ['max-age=3600.0', 'invalid'],
    ['max-age', 'invalid'],
    ['public', undefined],
  ])('reads the lifetime of %s', (value, seconds) => expect(responseDirectives(value).maxAge).toBe(seconds));

  it('keeps a restriction however it is written', () => {
    expect(responseDirectives('No-StOrE').noStore).toBe(true);
    expect(responseDirectives(' ,, no-store ,').noStore).toBe(true);
    expect(responseDirectives('private =x').private).toBe(true);
    expect(responseDirectives('no-cache="unfinished, max-age=5').noCache).toBe(true);
  });

  it.each(['private="a", private', 'private, private="a"', 'private="a", x=1, PRIVATE'])('takes %s for the whole answer', (value) => {
    expect(responseDirectives(value)).toMatchObject({ private: true, privateFields: [] });
    expect(responseDirectives(value.replaceAll(/private/gi, 'no-cache'))).toMatchObject({ noCache: true, noCacheFields: [] });
  });

  it('puts the fields of several directives together', () => {
    expect(responseDirectives('private="a", private="B, c"')).toMatchObject({ private: false, privateFields: ['a', 'b', 'c'] });
  });

  it('tells fields from the whole', () => {
    const said = responseDirectives('no-cache="A, b", private="c"');
    expect(said).toMatchObject({ noCache: false, noCacheFields: ['a', 'b'], private: false, privateFields: ['c'] });
    expect(responseDirectives('no-cache, private=""')).toMatchObject({ noCache: true, private: true });
  });
});

describe('Cache-Control of a request', () => {
  it('takes a bare max-stale as any', () => expect(requestDirectives('max-stale', undefined).maxStale).toBe(Infinity));
  it('looks at Pragma only where there is no Cache-Control', () => {
    expect(requestDirectives(undefined, 'no-cache').noCache).toBe(true);
    expect(requestDirectives(undefined, 'other').noCache).toBe(false);
    expect(requestDirectives('max-age=5', 'no-cache').noCache).toBe(false);
  });
});

describe('a list', () => {
  it('gives its members whatever they are, and ends', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('"', ',', '\\', 'a', '=', ' ') }), (text) => {
        expect(splitList(text).join('').length).toBeLessThanOrEqual(text.length);
      }),
    );
  });
});

describe('a field for caches like ours', () => {
  const lifetime = (...headers: string[]) => governing(headers).directives.maxAge;
  it.each([
    ['max-age=3600', 3600],
    ['foobar, max-age=3600', 3600],
    ['max-age=3600;x=1, y=2', 3600],
    ['max-age=10000, &&&&&', 1],
    ['max-age="10000"', 1],
    ['max-age=-1', 1],
    ['MaX-aGe=3600', 1],
    ['max-age =100', 1],
    ['max-age= 100', 1],
    ['max-age=5,', 1],
    ['max-age=5;', 1],
    ['max-age=5;;x', 1],
    ['max-age=5; =1', 1],
    ['max-age=5;x=', 1],
    ['max-age=5.0', 1],
    ['max-age=1234567890123456', 1],
    ['max-age=5, x=1234567890123.5', 1],
    ['max-age=5, x=1234', 5],
    ['max-age=5, x=(1 "two" three;four);q', 5],
    ['max-age=5, x=( )', 5],
    ['max-age=5, x=(1', 1],
    ['max-age=5, x=(1"2")', 1],
    ['max-age=5, x=((1))', 1],
    ['max-age=5, x=@1659578233', 5],
    ['max-age=5, x=@1.5', 1],
    ['max-age=5, x=%"f%c3%bc"', 5],
    ['max-age=5, x=%"f%C3%BC"', 1],
    ['max-age=5, x=%"%c3%28"', 1],
    ['max-age=5, x=:aGVsbG8=:', 5],
    ['max-age=5, x=:a b:', 1],
    ['', 1],
  ])('reads CDN-Cache-Control: %s, or falls back', (value, seconds) => {
    expect(lifetime('cdn-cache-control', value, 'cache-control', 'max-age=1')).toBe(seconds);
  });

  it('stands in the place of Cache-Control as a whole', () => {
    const { directives, targeted } = governing(['cdn-cache-control', 'max-age=60', 'cache-control', 'no-store']);
    expect(directives.noStore).toBe(false);
    expect(targeted).toBe(true);
  });

  it('comes before Surrogate-Control, which comes before Cache-Control', () => {
    expect(lifetime('surrogate-control', 'max-age=30', 'cache-control', 'max-age=1')).toBe(30);
    expect(lifetime('surrogate-control', 'max-age=30', 'cdn-cache-control', 'max-age=60')).toBe(60);
    expect(governing(['surrogate-control', 'no-store', 'cache-control', 'max-age=1']).directives.noStore).toBe(true);
    expect(lifetime('surrogate-control', 'content="ESI/1.0"', 'cache-control', 'max-age=1')).toBe(1);
  });

  it('takes the last of two members with one key, as structured fields do', () => {
    expect(parseDictionary('a=1, a=2')?.get('a')).toBe('2');
    expect(parseDictionary('a="x\\"y"')?.get('a')).toBe('x"y');
    expect(parseDictionary('a=?0')?.has('a')).toBe(false);
  });

  it('names fields in a string or in a list', () => {
    const fields = (value: string) => governing(['cdn-cache-control', value]).directives.privateFields;
    expect(fields('private="a, B", max-age=5')).toEqual(['a', 'b']);
    expect(fields('private=("a";x "B" c), max-age=5')).toEqual(['a', 'b', 'c']);
  });
});
