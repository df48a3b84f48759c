import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoffMs, withJitter } from '../../../src/policy/backoff.ts';
import { FakeClock } from './fixtures.ts';

const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const options = fc.record({
  baseMs: fc.integer({ min: 1, max: 1000 }),
  maxMs: fc.integer({ min: 1000, max: 60_000 }),
  jitter: fc.constantFrom('full', 'decorrelated', 'none' as const),
});

describe('backoff', () => {
  it('doubles its bound with each attempt and takes any part of it', () => {
    const clock = new FakeClock();
    const waits = [1, 2, 3, 4].map((attempt) => backoffMs({ baseMs: 100, maxMs: 600, jitter: 'full' }, attempt, 0, clock));
    expect(waits).toEqual([50, 100, 200, 300]);
  });

  it('waits at least the base and at most three times the last wait when decorrelated', () => {
    const clock = new FakeClock();
    clock.chance = 0.999_999;
    expect(backoffMs({ baseMs: 100, maxMs: 10_000, jitter: 'decorrelated' }, 2, 200, clock)).toBeCloseTo(600, 0);
    clock.chance = 0;
    expect(backoffMs({ baseMs: 100, maxMs: 10_000, jitter: 'decorrelated' }, 2, 200, clock)).toBe(100);
  });

  it('is never negative and never above its bound', () => {
    fc.assert(
      fc.property(options, fc.integer({ min: 1, max: 40 }), fc.integer({ min: 0, max: 60_000 }), chance, (settings, attempt, previousMs, random) => {
        const clock = new FakeClock();
        clock.chance = random;
        const waitMs = backoffMs(settings, attempt, previousMs, clock);
        expect(waitMs).toBeGreaterThanOrEqual(0);
        expect(waitMs).toBeLessThanOrEqual(settings.maxMs);
      }),
    );
  });

  it('is, over a whole chain of waits, what a model of each kind says', () => {
    fc.assert(
      fc.property(options, fc.array(chance, { minLength: 1, maxLength: 12 }), (settings, chances) => {
        const clock = new FakeClock();
        let previousMs = 0;
        let bound = settings.baseMs;
        for (const [index, random] of chances.entries()) {
          clock.chance = random;
          const waitMs = backoffMs(settings, index + 1, previousMs, clock);
          const capped = Math.min(bound, settings.maxMs);
          const low = Math.min(settings.baseMs, settings.maxMs);
          const high = Math.max(low, Math.min(settings.maxMs, previousMs * 3));
          const [atLeast, atMost] = { none: [capped, capped], full: [capped * random, capped * random], decorrelated: [low, high] }[settings.jitter];
          expect(waitMs).toBeGreaterThanOrEqual((atLeast ?? 0) - 1e-6);
          expect(waitMs).toBeLessThanOrEqual((atMost ?? 0) + 1e-6);
          previousMs = waitMs;
          bound *= 2;
        }
      }),
    );
  });

  it('adds to a wait that was asked for a tenth at most, and a second at most, and takes nothing away', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 3_600_000 }), chance, (askedMs, random) => {
        const clock = new FakeClock();
        clock.chance = random;
        const waitMs = withJitter({ baseMs: 1, maxMs: 1, jitter: 'full' }, askedMs, clock);
        expect(waitMs).toBeGreaterThanOrEqual(askedMs);
        expect(waitMs).toBeLessThanOrEqual(askedMs + Math.min(1000, askedMs / 10));
        expect(withJitter({ baseMs: 1, maxMs: 1, jitter: 'none' }, askedMs, clock)).toBe(askedMs);
      }),
    );
  });
});
