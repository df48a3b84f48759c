import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pathOf, percentDecoded, queryOf } from '../../../src/model/target.ts';

describe('a request target', () => {
  it.each([
    ['/a/b', '/a/b', ''],
    ['/a?', '/a', ''],
    ['/a?b=1?c', '/a', 'b=1?c'],
    ['?b', '', 'b'],
    ['*', '*', ''],
  ])('%s is the path %s and the query %s', (target, path, query) => {
    expect(pathOf(target)).toBe(path);
    expect(queryOf(target)).toBe(query);
  });

  it('loses its percent-encoding, and keeps one that is broken', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(percentDecoded(encodeURIComponent(text))).toBe(text);
      }),
    );
    expect(percentDecoded('/100%/%zz')).toBe('/100%/%zz');
    expect(percentDecoded('/%ff')).toBe('/%ff');
  });
});
