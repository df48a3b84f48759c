import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { share } from '../../../../src/app/workers/divide.ts';

describe('a limit that is divided among workers', () => {
  it('is whole again when all parts are added up, and none is without', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000 }), fc.integer({ min: 1, max: 64 }), (whole, count) => {
        const parts = Array.from({ length: count }, (_, index) => share(whole, { index, count }));
        expect(Math.min(...parts)).toBeGreaterThanOrEqual(1);
        expect(Math.max(...parts) - Math.min(...parts)).toBeLessThanOrEqual(1);
        expect(parts.reduce((sum, part) => sum + part, 0)).toBe(Math.max(whole, count));
      }),
    );
  });
});
