import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RetryBudget } from '../../../src/policy/budget.ts';
import { FakeClock } from './fixtures.ts';

const OPTIONS = { ratio: 0.2, windowMs: 10_000, minPerSecond: 3 };
const FLOOR = 30;

/** The same rule over a list of every event: the reference. */
class Model {
  readonly events: { slice: number; kind: 'request' | 'retry' }[] = [];
  ready = 0;
  readyAtMost = 1;
  slice = -1;

  at(time: number): void {
    const slice = Math.floor(time / 1000);
    if (slice === this.slice) return;
    this.slice = slice;
    this.readyAtMost = Math.max(1, 0.25 * 0.2 * (this.count('request') / 10));
    this.ready = Math.min(this.ready, this.readyAtMost);
  }
  request(): void {
    this.events.push({ slice: this.slice, kind: 'request' });
    this.ready = Math.min(this.readyAtMost, this.ready + 0.2);
  }
  take(): boolean {
    const retries = this.count('retry') + 1;
    const allowed = retries <= FLOOR || (retries <= 0.2 * this.count('request') && this.ready >= 1);
    if (!allowed) return false;
    this.events.push({ slice: this.slice, kind: 'retry' });
    this.ready = Math.max(-FLOOR, this.ready - 1);
    return true;
  }
  count(kind: 'request' | 'retry'): number {
    return this.events.filter((event) => event.kind === kind && event.slice > this.slice - 10).length;
  }
}

describe('the retry budget', () => {
  it('lets a single request be retried, however low the traffic', () => {
    const budget = new RetryBudget(OPTIONS, new FakeClock());
    budget.request();
    expect([budget.take(), budget.take()]).toEqual([true, true]);
  });

  it('stops at the floor of three a second when there is no traffic to take a share of', () => {
    const budget = new RetryBudget(OPTIONS, new FakeClock());
    const taken = Array.from({ length: 40 }, () => budget.take()).filter(Boolean);
    expect(taken).toHaveLength(FLOOR);
  });

  it('allows a fifth of the requests of the window under load', () => {
    const clock = new FakeClock();
    const budget = new RetryBudget(OPTIONS, clock);
    let taken = 0;
    for (let i = 0; i < 10_000; i++) {
      clock.advance(10);
      budget.request();
      if (budget.take()) taken++;
    }
    expect(taken).toBeGreaterThan(1900);
    expect(taken).toBeLessThanOrEqual(2030);
  });

  it('does not spend in one burst what it saved up in good times: no second of an outage gets more than a quarter on top', () => {
    const clock = new FakeClock();
    const budget = new RetryBudget(OPTIONS, clock);
    const retriedAt: number[] = [];
    for (let i = 0; i < 200 * 40; i++) {
      clock.advance(5);
      budget.request();
      const failures = i >= 200 * 10 ? 2 : 0;
      for (let n = 0; n < failures; n++) if (budget.take()) retriedAt.push(clock.time);
    }
    for (const from of retriedAt) expect(retriedAt.filter((at) => at >= from && at < from + 1000).length).toBeLessThanOrEqual(50);
  });

  it('forgets what is older than its window', () => {
    const clock = new FakeClock();
    const budget = new RetryBudget(OPTIONS, clock);
    while (budget.take());
    clock.advance(10_000);
    expect(budget.take()).toBe(true);
  });

  it('is charged with what it could not refuse', () => {
    const budget = new RetryBudget(OPTIONS, new FakeClock());
    for (let i = 0; i < FLOOR; i++) budget.charge();
    expect(budget.take()).toBe(false);
    expect(budget.stats).toEqual({ requests: 0, retries: FLOOR, allows: false });
  });

  it('hands what it remembers to the one that takes its place', () => {
    const clock = new FakeClock();
    const old = new RetryBudget(OPTIONS, clock);
    for (let i = 0; i < FLOOR; i++) old.take();
    clock.advance(4000);
    old.request();
    const next = new RetryBudget(OPTIONS, clock);
    next.adopt(old.export());
    expect(next.stats).toEqual(old.stats);
    clock.advance(6000);
    expect([next.stats.retries, next.stats.requests]).toEqual([0, 1]);
    const other = new RetryBudget({ ...OPTIONS, windowMs: 60_000 }, clock);
    other.adopt(old.export());
    expect(other.stats.retries).toBe(0);
  });

  it('agrees with a model that keeps every event, for any traffic', () => {
    const step = fc.record({
      advanceMs: fc.integer({ min: 0, max: 4000 }),
      requests: fc.integer({ min: 0, max: 200 }),
      takes: fc.integer({ min: 0, max: 20 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const clock = new FakeClock();
        const budget = new RetryBudget(OPTIONS, clock);
        const model = new Model();
        for (const { advanceMs, requests, takes } of steps) {
          clock.advance(advanceMs);
          for (let i = 0; i < requests; i++) {
            model.at(clock.time);
            budget.request();
            model.request();
          }
          for (let i = 0; i < takes; i++) {
            model.at(clock.time);
            expect(budget.take()).toBe(model.take());
          }
        }
      }),
    );
  });
});
