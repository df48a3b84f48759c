import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { wilson } from '../../../src/telemetry/wilson.ts';

const counts = fc.integer({ min: 1, max: 100_000 }).chain((total) => fc.tuple(fc.integer({ min: 0, max: total }), fc.constant(total)));

describe('the Wilson interval', () => {
  it.each([
    // by hand and by the tables of Newcombe (1998), method 3
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
    [2, 3, 0.2077, 0.9385],
  ])('of %i in %i is %d to %d', (hits, total, low, high) => {
    const interval = wilson(hits, total);
    expect(interval?.low).toBeCloseTo(low, 4);
    expect(interval?.high).toBeCloseTo(high, 4);
  });

  it('says nothing without samples', () => {
    expect(wilson(0, 0)).toBeUndefined();
  });

  it('holds the share and stays between 0 and 1', () => {
    fc.assert(
      fc.property(counts, ([hits, total]) => {
        const { ratio, low, high } = wilson(hits, total) ?? { ratio: NaN, low: NaN, high: NaN };
        expect(ratio).toBe(hits / total);
        expect(low).toBeGreaterThanOrEqual(0);
        expect(low).toBeLessThanOrEqual(ratio);
        expect(high).toBeGreaterThanOrEqual(ratio);
        expect(high).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('mirrors: failures and successes have the same doubt', () => {
    fc.assert(
      fc.property(counts, ([hits, total]) => {
        expect(wilson(hits, total)?.low).toBeCloseTo(1 - (wilson(total - hits, total)?.high ?? NaN), 9);
      }),
    );
  });

  it('narrows with more samples of the same share', () => {
    fc.assert(
      fc.property(counts, fc.integer({ min: 2, max: 50 }), ([hits, total], times) => {
        const few = wilson(hits, total);
        const many = wilson(hits * times, total * times);
        expect((many?.high ?? 1) - (many?.low ?? 0)).toBeLessThan((few?.high ?? 0) - (few?.low ?? 1));
      }),
    );
  });
});
