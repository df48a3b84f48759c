import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDuration, formatRate, formatSize, parseDuration, parseRate, parseSize } from '../../../src/config/units.ts';

describe('durations', () => {
  it.each([
    ['0', 0],
    ['250ms', 250],
    ['5s', 5000],
    ['1m30s', 90_000],
    ['1.5h', 5_400_000],
    ['1d', 86_400_000],
  ])('reads %s as %d ms', (text, ms) => expect(parseDuration(text)).toBe(ms));

  it.each(['', '5', '5 s', '-5s', '5sec', 's', '1e3s', '5S', ' 5s'])('does not take %j', (text) => expect(parseDuration(text)).toBeUndefined());

  it('reads back what it writes', () => {
    fc.assert(
      fc.property(fc.nat({ max: 10 * 365 * 86_400_000 }), (ms) => {
        expect(parseDuration(formatDuration(ms))).toBe(ms);
      }),
    );
  });

  it('writes the largest units first', () => {
    expect([0, 250, 5000, 90_000, 3_600_000, 86_400_001].map(formatDuration)).toEqual(['0', '250ms', '5s', '1m30s', '1h', '1d1ms']);
  });
});

describe('sizes', () => {
  it.each([
    ['100B', 100],
    ['512KiB', 524_288],
    ['1MB', 1_000_000],
    ['1.5MiB', 1_572_864],
  ])('reads %s as %d bytes', (text, bytes) => expect(parseSize(text)).toBe(bytes));

  it('reads back what it writes', () => {
    fc.assert(
      fc.property(fc.nat({ max: Number.MAX_SAFE_INTEGER }), (bytes) => {
        expect(parseSize(formatSize(bytes))).toBe(bytes);
      }),
    );
  });
});

describe('rates', () => {
  it.each(['80/s', '10/m', '45/h', '3/d', '1/6d'])('writes %s as it was read', (text) =>
    expect(formatRate(parseRate(text) ?? 0)).toBe(text.replace('1/6d', '1/518400s')),
  );
});
