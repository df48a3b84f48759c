import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseHttpDate } from '../../../../src/cache/rules/dates.ts';

const NOW = Date.UTC(2026, 10, 24);
const AT = Date.UTC(2050, 7, 18, 2, 1, 18);

describe('an HTTP date', () => {
  it.each([
    ['Thu, 18 Aug 2050 02:01:18 GMT', AT],
    ['THU, 18 AUG 2050 02:01:18 gMT', AT],
    ['Thursday, 18-Aug-50 02:01:18 GMT', AT],
    ['Thu Aug 18 02:01:18 2050', AT],
    ['Mon Aug  8 02:01:18 2050', Date.UTC(2050, 7, 8, 2, 1, 18)],
    ['Sunday, 06-Nov-94 08:49:37 GMT', Date.UTC(1994, 10, 6, 8, 49, 37)],
    ['Sun, 21 Nov 2286 04:46:39 GMT', Date.UTC(2286, 10, 21, 4, 46, 39)],
  ])('reads %s', (text, at) => expect(parseHttpDate(text, NOW)).toBe(at));

  it.each([
    '0',
    '',
    'Thu, 18 Aug 2050 02:01:18 UTC',
    'Thu, 18 Aug 2050 02:01:18 AEST',
    'Thu, 18 Aug 50 02:01:18 GMT',
    'Thu 18 Aug 2050 02:01:18 GMT',
    'Thu, 18  Aug  2050 02:01:18 GMT',
    'Thu, 18-Aug-2050 02:01:18 GMT',
    'Thu, 18 Aug 2050 02.01.18 GMT',
    'Thu, 18 Aug 2050 2:01:18 GMT',
    'Thu, 31 Feb 2050 02:01:18 GMT',
    'Thu, 18 Aug 2050 24:01:18 GMT',
    'Xxx, 18 Aug 2050 02:01:18 GMT',
    '2050-08-18T02:01:18Z',
  ])('refuses %j', (text) => expect(parseHttpDate(text, NOW)).toBeUndefined());

  it('reads back what the platform writes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 8_000_000_000 }), (seconds) => {
        expect(parseHttpDate(new Date(seconds * 1000).toUTCString(), NOW)).toBe(seconds * 1000);
      }),
    );
  });
});
