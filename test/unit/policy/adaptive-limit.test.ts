import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AdaptiveLimit } from '../../../src/policy/adaptive-limit.ts';
import { FakeClock } from './fixtures.ts';

/** An upstream that serves `capacity` at once in `baseMs` each, and slows down beyond it; clients that always want more. */
class World {
  readonly clock = new FakeClock();
  readonly limit: AdaptiveLimit;
  capacity = 20;
  baseMs = 100;
  clients = 200;
  #running: { startedAt: number; endsAt: number }[] = [];
  latencies: number[] = [];

  constructor(options = { min: 4, max: 500, tolerance: 2 }) {
    this.limit = new AdaptiveLimit(options, this.clock);
  }

  get active(): number {
    return this.#running.length;
  }

  run(seconds: number): void {
    this.latencies = [];
    for (const end = this.clock.time + seconds * 1000; this.clock.time < end; this.clock.advance(5)) {
      while (this.active < Math.min(this.limit.limit, this.clients)) {
        const latencyMs = this.baseMs * Math.max(1, (this.active + 1) / this.capacity);
        this.#running.push({ startedAt: this.clock.time, endsAt: this.clock.time + latencyMs });
      }
      const done = this.#running.filter(({ endsAt }) => endsAt <= this.clock.time);
      for (const { startedAt } of done) {
        this.latencies.push(this.clock.time - startedAt);
        this.limit.answered(this.clock.time - startedAt, this.active);
      }
      this.#running = this.#running.filter(({ endsAt }) => endsAt > this.clock.time);
    }
  }

  get meanMs(): number {
    return this.latencies.reduce((sum, one) => sum + one, 0) / this.latencies.length;
  }
}

describe('an adaptive limit', () => {
  it('finds what an upstream can carry, and stays there under lasting overload', () => {
    const world = new World();
    world.run(30);
    expect(world.limit.limit).toBeGreaterThanOrEqual(world.capacity);
    world.run(600);
    expect(world.meanMs).toBeLessThan(3.5 * world.baseMs);
    expect(world.latencies.length / 600).toBeGreaterThan(0.8 * (world.capacity / (world.baseMs / 1000)));
  });

  it('gives way when the upstream can carry less, and comes back when it can carry more', () => {
    const world = new World();
    world.run(30);
    const before = world.limit.limit;
    world.capacity = 5;
    world.run(60);
    const during = world.limit.limit;
    world.capacity = 20;
    world.run(120);
    expect(during).toBeLessThan(before * 0.6);
    expect(world.limit.limit).toBeGreaterThan(during * 1.5);
  });

  it('does not grow while it is not used', () => {
    const world = new World();
    world.clients = 5;
    world.run(120);
    expect(world.limit.limit).toBeLessThan(20);
  });

  it('takes a lasting change of speed for what it is, not for load', () => {
    const world = new World();
    world.run(30);
    world.baseMs = 400;
    world.run(200);
    expect(world.limit.limit).toBeGreaterThanOrEqual(world.capacity);
  });

  it('falls at once when the upstream says that it has too much, once for each window', () => {
    const world = new World();
    world.run(30);
    const before = world.limit.limit;
    for (let i = 0; i < 50; i++) world.limit.overloaded();
    expect(world.limit.limit).toBeGreaterThan(before * 0.85);
    expect(world.limit.limit).toBeLessThan(before);
  });

  it('is always within its bounds', () => {
    const event = fc.oneof(
      fc.record({
        kind: fc.constant('answer' as const),
        latencyMs: fc.double({ min: 0, max: 1e6, noNaN: true }),
        active: fc.integer({ min: 1, max: 1000 }),
      }),
      fc.constant({ kind: 'overload' as const, latencyMs: 0, active: 0 }),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 500 }), fc.integer({ min: 1, max: 20 }), fc.integer({ min: 20, max: 100 }), (events, min, max) => {
        const clock = new FakeClock();
        const limit = new AdaptiveLimit({ min, max, tolerance: 2 }, clock);
        for (const { kind, latencyMs, active } of events) {
          clock.advance(latencyMs / 10);
          if (kind === 'answer') limit.answered(latencyMs, active);
          else limit.overloaded();
          expect(limit.limit).toBeGreaterThanOrEqual(min);
          expect(limit.limit).toBeLessThanOrEqual(max);
        }
      }),
    );
  });
});
