import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { combined, joinedAs, partsLike, type StoredPart } from '../../../../src/cache/rules/combine.ts';
import { filledBy, type Gap, gapHeaders, isGap, piecedTogether } from '../../../../src/cache/rules/gap.ts';
import { requestedRange } from '../../../../src/cache/rules/range.ts';
import { contradicts, strongValidator } from '../../../../src/cache/rules/validators.ts';
import type { StoredResponse } from '../../../../src/cache/store.ts';
import { storedResponse } from '../store-contract.ts';

const NOW = Date.UTC(2026, 10, 24, 12);
const date = (seconds: number): string => new Date(NOW + seconds * 1000).toUTCString();
const WHOLE = 'abcdefghijklmnopqrstuvwxyz';
const MAX = { maxBytes: 1000, bare: false };

interface PartParts extends Partial<StoredResponse> {
  readonly etag?: string;
  readonly size?: number | null;
  readonly text?: string;
}

function part(first: number, last: number, { etag = '"v"', size = WHOLE.length, text = WHOLE, ...parts }: PartParts = {}): StoredPart {
  return {
    ...storedResponse(NOW, { status: 206, headers: ['etag', etag, 'content-type', 'text/plain', 'content-range', `bytes ${first}-${last}/x`] }),
    body: Buffer.from(text.slice(first, last + 1)),
    ...parts,
    range: { first, last, size: size ?? undefined },
  };
}

const told = (found: StoredResponse | undefined): string =>
  found === undefined ? '-' : `${found.status} ${found.range === undefined ? 'whole' : `${found.range.first}-${found.range.last}`} ${textOf(found)}`;
const textOf = ({ body }: StoredResponse): string => Buffer.from(body).toString();

describe('a strong validator', () => {
  it.each<[string, string[], string | undefined]>([
    ['a tag', ['etag', '"a"', 'last-modified', date(-99)], '"a"'],
    ['no weak tag, and no date beside it', ['etag', 'W/"a"', 'last-modified', date(-99), 'date', date(0)], undefined],
    ['a date that is older than the answer', ['last-modified', date(-1), 'date', date(0)], date(-1)],
    ['no date of the same second', ['last-modified', date(0), 'date', date(0)], undefined],
    ['no date that is none', ['last-modified', 'yesterday'], undefined],
    ['none at all', [], undefined],
  ])('is %s', (_what, headers, expected) => expect(strongValidator({ headers, respondedAt: NOW })).toBe(expected));

  it('and what else tells versions apart', () => {
    expect(contradicts(part(0, 1), part(2, 3))).toBe(false);
    expect(contradicts(part(0, 1), part(2, 3, { etag: '"w"' }))).toBe(true);
    expect(contradicts(part(0, 1), part(2, 3, { size: 99 }))).toBe(true);
    expect(contradicts(part(0, 1, { size: null }), part(2, 3))).toBe(false);
    expect(contradicts(part(0, 1, { headers: ['last-modified', date(-5)] }), part(2, 3, { headers: ['last-modified', date(-6)] }))).toBe(true);
  });
});

describe('parts', () => {
  it.each<[string, StoredPart, StoredPart[], string]>([
    ['that overlap become one', part(3, 5), [part(0, 3)], '206 0-5 abcdef'],
    ['that follow each other do', part(4, 5), [part(0, 3)], '206 0-5 abcdef'],
    ['that lead to each other do', part(0, 3), [part(4, 5)], '206 0-5 abcdef'],
    ['around it do', part(4, 5), [part(0, 3), part(6, 9)], '206 0-9 abcdefghij'],
    ['with a gap do not', part(5, 6), [part(0, 3)], '206 5-6 fg'],
    ['that make the whole are the whole', part(10, 25), [part(0, 9)], `200 whole ${WHOLE}`],
    ['that make the whole of an unknown length are parts', part(10, 25, { size: null }), [part(0, 9, { size: null })], `206 0-25 ${WHOLE}`],
    ['of another version stay apart', part(4, 5), [part(0, 3, { etag: '"w"' })], '206 4-5 ef'],
    ['of weakly the same version stay apart', part(4, 5, { etag: 'W/"v"' }), [part(0, 3, { etag: 'W/"v"' })], '206 4-5 ef'],
    ['of another variant stay apart', part(4, 5), [part(0, 3, { variant: 'x' })], '206 4-5 ef'],
    ['of another length stay apart', part(4, 5), [part(0, 3, { size: 27 })], '206 4-5 ef'],
    ['much larger than it stay beside it', part(6, 6), [part(0, 5)], '206 6-6 g'],
    ['much larger than it are taken in where that makes the whole', part(25, 25), [part(0, 24)], `200 whole ${WHOLE}`],
  ])('%s', (_what, newer, stored, expected) => expect(told(combined(newer, stored, MAX))).toBe(expected));

  it('become no more than one answer may be', () => {
    expect(told(combined(part(4, 7), [part(0, 3), part(8, 11)], { ...MAX, maxBytes: 8 }))).toBe('206 0-7 abcdefgh');
    expect(told(combined(part(13, 25), [part(0, 12)], { ...MAX, maxBytes: 25 }))).toBe('206 13-25 nopqrstuvwxyz');
  });

  it('have the fields of the one with the most, brought up to date by the newest, and the freshness and the tags of both', () => {
    const freshness = { freshMs: 9, staleWhileRevalidateMs: 0, staleIfErrorMs: undefined, noCache: false, mustRevalidate: false };
    const newer = part(4, 5, {
      headers: ['etag', '"v"', 'x', '2', 'content-range', 'bytes 4-5/26', 'content-length', '2'],
      freshness,
      tags: ['t:2'],
    });
    const older = part(0, 3, {
      headers: ['etag', '"v"', 'x', '1', 'content-type', 'a/b', 'content-range', 'bytes 0-3/26', 'content-length', '4'],
      tags: ['t:1'],
    });
    const both = combined(newer, [older], MAX);
    expect(both?.headers).toEqual(['content-type', 'a/b', 'etag', '"v"', 'x', '2', 'content-range', 'bytes 0-5/26', 'content-length', '6']);
    expect(both).toMatchObject({ freshness, respondedAt: newer.respondedAt });
    expect(both?.tags.toSorted()).toEqual(['t:1', 't:2']);
    const whole = combined(part(6, 25, { headers: ['etag', '"v"'] }), [{ ...part(0, 5), headers: older.headers }], MAX);
    expect(whole?.headers).toEqual(['x', '1', 'content-type', 'a/b', 'etag', '"v"', 'content-length', '26']);
  });

  it('that came for an If-Range alone, without what such an answer leaves out, are not kept', () => {
    const headers = ['etag', '"v"'];
    expect(combined(part(4, 5, { headers }), [], { ...MAX, bare: true })).toBeUndefined();
    expect(told(combined(part(4, 5, { headers }), [part(0, 3)], { ...MAX, bare: true }))).toBe('206 0-5 abcdef');
    expect(told(combined(part(4, 5, { headers }), [], MAX))).toBe('206 4-5 ef');
  });

  it('always hold the bytes of their places, in any order of coming', () => {
    const range = fc.tuple(fc.nat(25), fc.nat(25)).map(([a, b]) => part(Math.min(a, b), Math.max(a, b)));
    const holds = (coming: readonly StoredPart[], maxBytes: number): boolean => {
      let stored: StoredResponse[] = [];
      for (const one of coming) {
        const now = combined(one, stored, { maxBytes, bare: false });
        if (now === undefined) return false;
        const { first, last } = now.range ?? { first: 0, last: 25 };
        if (textOf(now) !== WHOLE.slice(first, last + 1) || (now.status === 200) !== (now.range === undefined)) return false;
        // what the store does: a new one takes the place of those within it
        stored = [now, ...stored.filter(({ range: old }) => now.range !== undefined && old !== undefined && (old.first < first || old.last > last))];
      }
      return true;
    };
    expect(() => fc.assert(fc.property(fc.array(range, { maxLength: 12 }), fc.integer({ min: 1, max: 30 }), holds))).not.toThrow();
  });
});

describe('what parts lack', () => {
  const ask = (range: string | undefined, parts: readonly StoredPart[], ...more: string[]): string => {
    const headers = range === undefined ? more : ['range', range, ...more];
    const found = piecedTogether(headers, range !== undefined, parts);
    if (found === undefined) return '-';
    return isGap(found) ? `${textIn(found.before)}[${found.first}-${found.last ?? ''}]${textIn(found.after)}` : told(found);
  };
  const textIn = (pieces: readonly Uint8Array[]): string => Buffer.concat(pieces).toString();

  it.each<[string | undefined, StoredPart[], string]>([
    ['bytes=0-5', [part(0, 3)], 'abcd[4-5]'],
    ['bytes=2-5', [part(0, 3)], 'cd[4-5]'],
    ['bytes=2-5', [part(4, 9)], '[2-3]ef'],
    ['bytes=2-9', [part(0, 3), part(8, 9)], 'cd[4-7]ij'],
    ['bytes=2-9', [part(4, 5)], '-'],
    ['bytes=2-9', [part(0, 3), part(4, 6)], 'cdefg[7-9]'],
    ['bytes=2-5', [part(0, 3), part(4, 6)], '206 2-5 cdef'],
    ['bytes=20-', [part(18, 21)], 'uv[22-25]'],
    ['bytes=-4', [part(18, 23)], 'wx[24-25]'],
    ['bytes=-4', [part(18, 23, { size: null })], '-'],
    ['bytes=20-', [part(18, 21, { size: null })], 'uv[22-]'],
    ['bytes=20-99', [part(18, 21)], 'uv[22-25]'],
    ['bytes=30-40', [part(18, 21)], '-'],
    ['bytes=0-1,4-5', [part(0, 3)], '-'],
    ['lines=0-5', [part(0, 3)], '-'],
    [undefined, [part(0, 3)], 'abcd[4-25]'],
    [undefined, [part(0, 3, { size: null })], 'abcd[4-]'],
    [undefined, [part(4, 25)], '[0-3]efghijklmnopqrstuvwxyz'],
    [undefined, [part(4, 9)], '-'],
    [undefined, [part(0, 9), part(20, 25)], 'abcdefghij[10-19]uvwxyz'],
    [undefined, [part(0, 9), part(8, 25)], `200 whole ${WHOLE}`],
    ['bytes=0-5', [part(0, 3, { etag: 'W/"v"' })], '-'],
    ['bytes=0-9', [part(0, 3), part(8, 9, { etag: '"w"' })], 'abcd[4-9]'],
  ])('for %s is asked for %#', (range, parts, expected) => expect(ask(range, parts)).toBe(expected));

  it('is not asked for where If-Range means another version', () => {
    expect(ask('bytes=0-5', [part(0, 3)], 'if-range', '"v"')).toBe('abcd[4-5]');
    expect(ask('bytes=0-5', [part(0, 3)], 'if-range', '"w"')).toBe('-');
  });

  const gapOf = (range: string | undefined, parts: readonly StoredPart[]): Gap => {
    const found = piecedTogether(range === undefined ? [] : ['range', range], range !== undefined, parts);
    if (found === undefined || !isGap(found)) throw new Error('no gap');
    return found;
  };

  it('is asked for with the tag of what is there', () =>
    expect(gapHeaders(['x', '1'], gapOf('bytes=0-5', [part(0, 3)]))).toEqual(['x', '1', 'range', 'bytes=4-5', 'if-range', '"v"']));

  it.each<[string, string | undefined, StoredPart, string[], string]>([
    ['exactly that', 'bytes=0-5', part(0, 3), ['content-range', 'bytes 4-5/26'], '206 bytes 0-5/26 6'],
    ['another version', 'bytes=0-5', part(0, 3), ['content-range', 'bytes 4-5/26', 'etag', '"w"'], '-'],
    ['no version', 'bytes=0-5', part(0, 3), ['content-range', 'bytes 4-5/26', 'etag', ''], '-'],
    ['another length', 'bytes=0-5', part(0, 3), ['content-range', 'bytes 4-5/27'], '-'],
    ['less', 'bytes=0-9', part(0, 3), ['content-range', 'bytes 4-5/26'], '-'],
    ['another place', 'bytes=0-5', part(0, 3), ['content-range', 'bytes 5-5/26'], '-'],
    ['no range', 'bytes=0-5', part(0, 3), ['content-range', 'bytes */26'], '-'],
    ['an impossible range', 'bytes=0-5', part(0, 3), ['content-range', 'bytes 4-5/5'], '-'],
    ['the end, which came sooner', 'bytes=0-99', part(0, 3, { size: null }), ['content-range', 'bytes 4-25/26'], '206 bytes 0-25/26 26'],
    ['the end, which nobody knew', 'bytes=2-', part(0, 3, { size: null }), ['content-range', 'bytes 4-25/26'], '206 bytes 2-25/26 24'],
    ['an end that is none', 'bytes=2-', part(0, 3, { size: null }), ['content-range', 'bytes 4-24/26'], '-'],
    ['an end that nobody tells', 'bytes=2-', part(0, 3, { size: null }), ['content-range', 'bytes 4-25/*'], '-'],
    ['the rest of the whole', undefined, part(0, 3), ['content-range', 'bytes 4-25/26'], '200 - 26'],
    ['the beginning of the whole', undefined, part(4, 25), ['content-range', 'bytes 0-3/26'], '200 - 26'],
  ])('is filled by %s: %#', (_what, range, stored, answer, expected) => {
    const headers = answer.includes('etag') ? answer : [...answer, 'etag', '"v"'];
    const filled = filledBy(gapOf(range, [stored]), { headers, respondedAt: NOW });
    const field = (name: string): string => filled?.headers[filled.headers.indexOf(name) + 1] ?? '';
    const contentRange = filled?.headers.includes('content-range') === true ? field('content-range') : '-';
    expect(filled === undefined ? '-' : `${filled.status} ${contentRange} ${field('content-length')}`).toBe(expected);
  });

  it('and what is there are always what was asked for', () => {
    const range = fc.tuple(fc.nat(25), fc.nat(25)).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);
    const parts = fc.array(range, { minLength: 1, maxLength: 6 });
    const text = (from: number, to: number): string => WHOLE.slice(from, to + 1);
    const complete = (wanted: readonly [number, number], held: readonly (readonly [number, number])[], knowsSize: boolean): boolean => {
      const asked = ['range', `bytes=${wanted[0]}-${wanted[1]}`];
      const stored = held.map(([first, last]) => part(first, last, { size: knowsSize ? 26 : null }));
      const found = piecedTogether(asked, requestedRange(asked) !== undefined, stored);
      if (found === undefined) return true;
      if (!isGap(found)) return textOf(found) === text(...wanted);
      return textIn(found.before) + text(found.first, found.last ?? 25) + textIn(found.after) === text(...wanted);
    };
    expect(() => fc.assert(fc.property(range, parts, fc.boolean(), complete))).not.toThrow();
  });
});

describe('parts of one version', () => {
  it('are told from others, and joined from where they are', () => {
    const like = partsLike(part(0, 3), [part(0, 3), part(2, 9), part(4, 5, { etag: '"w"' }), storedResponse(NOW)]);
    expect(like.map(({ range }) => range.first)).toEqual([0, 2]);
    expect(told(joinedAs([part(0, 3), part(2, 9)], { first: 1, last: 8 }, 26))).toBe('206 1-8 bcdefghi');
  });
});
