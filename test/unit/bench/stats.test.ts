import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isQuiet, median, quantile, ratios, spread } from '../../../bench/lib/stats.ts';

const finite = fc.double({ min: -1e9, max: 1e9, noNaN: true });

describe('medians', () => {
  it('is the middle of an odd count and the mean of the two in the middle of an even one', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 3, 2])).toBe(2.5);
  });

  it('is no number where there are none', () => {
    expect(median([])).toBeNaN();
  });

  it('lies between the least and the greatest, whatever the order', () => {
    fc.assert(
      fc.property(fc.array(finite, { minLength: 1 }), fc.double({ min: 0, max: 1, noNaN: true }), (values, q) => {
        const found = quantile(values, q);
        expect(found).toBeGreaterThanOrEqual(Math.min(...values));
        expect(found).toBeLessThanOrEqual(Math.max(...values));
        expect(quantile(values.toReversed(), q)).toBe(found);
      }),
    );
  });

  it('comes with its least and greatest', () => {
    expect(spread([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3 });
  });
});

describe('ratios of rounds', () => {
  it('compares figures of the same round only', () => {
    expect(ratios([2, 9], [1, 3])).toEqual([2, 3]);
  });

  it('leaves out rounds in which either was not measured', () => {
    expect(ratios([2, undefined, NaN, 8], [1, 1, 1, 0])).toEqual([2]);
  });
});

describe('a program against itself', () => {
  it('is quiet from 0.9 to 1.1, by the median', () => {
    expect(isQuiet([0.5, 0.9, 1.6])).toBe(true);
    expect(isQuiet([1.1])).toBe(true);
    expect(isQuiet([0.89])).toBe(false);
    expect(isQuiet([1.11, 1.2, 1])).toBe(false);
  });

  it('is not quiet where nothing was measured', () => {
    expect(isQuiet([])).toBe(false);
  });
});
