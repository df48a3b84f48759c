import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RetryBudget } from '../../../src/policy/budget.ts';
import { FakeClock } from './fixtures.ts';

const OPTIONS = { ratio: 0.2, windowMs: 10_000, minPerSecond: 3 };

describe('the retry budget', () => {
  it('lets a single request be retried, however low the traffic', () => {
    const budget = new RetryBudget(OPTIONS, new FakeClock());
    budget.request();
    expect([budget.take(), budget.take()]).toEqual([true, true]);
  });

  it('stops at the floor of three a second when there is no traffic to take a share of', () => {
    const budget = new RetryBudget(OPTIONS, new FakeClock());
    const taken = Array.from({ length: 40 }, () => budget.take()).filter(Boolean);
    expect(taken).toHaveLength(30);
  });

  it('allows a fifth of the requests of the window under load', () => {
    const budget = new RetryBudget(OPTIONS, new FakeClock());
    for (let i = 0; i < 1000; i++) budget.request();
    const taken = Array.from({ length: 500 }, () => budget.take()).filter(Boolean);
    expect(taken).toHaveLength(200);
  });

  it('forgets what is older than its window', () => {
    const clock = new FakeClock();
    const budget = new RetryBudget(OPTIONS, clock);
    while (budget.take());
    clock.advance(10_000);
    expect(budget.take()).toBe(true);
  });

  it('agrees with a model that keeps every event, for any traffic', () => {
    const step = fc.record({ advanceMs: fc.integer({ min: 0, max: 4000 }), requests: fc.integer({ min: 0, max: 60 }), takes: fc.integer({ min: 0, max: 20 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const clock = new FakeClock();
        const budget = new RetryBudget(OPTIONS, clock);
        const events: { slice: number; kind: 'request' | 'retry' }[] = [];
        for (const { advanceMs, requests, takes } of steps) {
          clock.advance(advanceMs);
          const slice = Math.floor(clock.time / 1000);
          for (let i = 0; i < requests; i++) {
            budget.request();
            events.push({ slice, kind: 'request' });
          }
          for (let i = 0; i < takes; i++) {
            const recent = events.filter((event) => event.slice > slice - 10);
            const retries = recent.filter((event) => event.kind === 'retry').length;
            const allowed = retries + 1 <= Math.max(30, 0.2 * (recent.length - retries));
            expect(budget.take()).toBe(allowed);
            if (allowed) events.push({ slice, kind: 'retry' });
          }
        }
      }),
    );
  });
});
