import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { BodySink, BodySource } from '../../../src/model/body.ts';
import { reply } from '../../../src/model/outcome.ts';
import { routesOf } from '../../../src/config/effective.ts';
import type { BulkheadConfig } from '../../../src/config/schema.ts';
import { upstream } from '../../../src/config/schema/upstream.ts';
import type { Service } from '../../../src/model/service.ts';
import { AdaptiveLimit } from '../../../src/policy/adaptive-limit.ts';
import { BreakerRegistry } from '../../../src/policy/breaker/registry.ts';
import { Bulkhead, bulkhead } from '../../../src/policy/bulkhead.ts';
import { budgetFor, routeBulkheadFor } from '../../../src/policy/core-layers.ts';
import { Learned } from '../../../src/policy/learned.ts';
import { answered, exchangeOf, failed, FakeClock, Notes, pseudonymOf } from './fixtures.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A body that ends when the test says so. */
class OpenBody implements BodySource {
  sink: BodySink | undefined;
  whole(): undefined {
    return undefined;
  }
  start(sink: BodySink): void {
    this.sink = sink;
  }
  pause(): void {}
  resume(): void {}
  abort(): void {}
}

const PARTS = { observe: false, clock: new FakeClock(), observer: new Notes() };

describe('the bulkhead of a route', () => {
  it('holds what runs since before a reload among its places, where these are the same', async () => {
    const before = new Learned();
    const after = new Learned();
    const layer = (learned: Learned, config: BulkheadConfig, next: Service = () => Promise.resolve(answered(200))): Service => {
      const parts = { ...PARTS, breakers: new BreakerRegistry('api', PARTS.clock, PARTS.observer), budget: budgetFor(undefined, PARTS.clock) };
      const written = { origin: 'https://api.example', routes: [{ match: { path: '/a' }, bulkhead: config }] };
      const [settings] = routesOf('api', upstream.parse(written));
      if (settings === undefined) throw new Error('no route');
      return routeBulkheadFor(settings, { ...parts, places: undefined, pseudonymOf, learned })?.(next) ?? next;
    };
    void layer(before, { concurrent: 1 }, () => new Promise(() => undefined))(exchangeOf());
    after.adopt(before);
    expect(await layer(after, { concurrent: 1, mode: 'enforce' })(exchangeOf())).toMatchObject({ code: 'connection_limit_reached' });
    expect(await layer(after, { concurrent: 2 })(exchangeOf())).toMatchObject({ status: 200 });
  });
});

describe('a bulkhead', () => {
  it('keeps a place until the last byte of the answer', async () => {
    const places = new Bulkhead({ concurrent: 1, queue: 0, queueMs: 1000 });
    const body = new OpenBody();
    const layer = bulkhead({ ...PARTS, places })(() => Promise.resolve(reply(200, [], 'upstream', body)));
    const first = await layer(exchangeOf());
    expect(places.stats.active).toBe(1);
    expect(await layer(exchangeOf())).toMatchObject({ code: 'connection_limit_reached', own: true, replay: 'unsent' });
    if (first.type === 'reply') first.body.start({ onData: () => true, onEnd: () => undefined, onError: () => undefined });
    body.sink?.onEnd();
    expect(places.stats.active).toBe(0);
  });

  it('gives a place back when its reader gives up the body', async () => {
    const places = new Bulkhead({ concurrent: 1, queue: 0, queueMs: 1000 });
    const outcome = await bulkhead({ ...PARTS, places })(() => Promise.resolve(failed({ reply: reply(503, [], 'upstream', new OpenBody()) })))(
      exchangeOf(),
    );
    expect(places.stats.active).toBe(1);
    if (outcome.type === 'failure') outcome.reply?.body.abort();
    expect(places.stats.active).toBe(0);
  });

  it('lets who waits longest go first', async () => {
    const places = new Bulkhead({ concurrent: 1, queue: 2, queueMs: 1000 });
    const order: string[] = [];
    places.tryEnter();
    const layer = bulkhead({ ...PARTS, places })((exchange) => {
      order.push(exchange.path);
      return Promise.resolve(answered(200));
    });
    const waiting = [layer(exchangeOf({ path: '/1' })), layer(exchangeOf({ path: '/2' }))];
    places.leave();
    for (const one of waiting) await one;
    expect(order).toEqual(['/1', '/2']);
    expect(places.stats).toMatchObject({ active: 0, queued: 0 });
  });

  it('answers who waited too long, and forgets who left', async () => {
    const places = new Bulkhead({ concurrent: 1, queue: 2, queueMs: 1000 });
    places.tryEnter();
    const layer = bulkhead({ ...PARTS, places })(() => Promise.resolve(answered(200)));
    const leaver = exchangeOf();
    const left = layer(leaver);
    const patient = layer(exchangeOf());
    leaver.abort();
    expect(await left).toMatchObject({ code: 'client_closed' });
    await vi.advanceTimersByTimeAsync(1000);
    expect(await patient).toMatchObject({ code: 'connection_limit_reached', kind: 'timeout', phase: 'queue' });
    expect(places.stats).toMatchObject({ active: 1, queued: 0 });
    expect(vi.getTimerCount()).toBe(0);
  });

  it('lets everything through when it only observes, and counts what it would have held back', async () => {
    const places = new Bulkhead({ concurrent: 1, queue: 0, queueMs: 1000 });
    const observer = new Notes();
    const body = new OpenBody();
    const layer = bulkhead({ ...PARTS, observer, places, observe: true })(() => Promise.resolve(reply(200, [], 'upstream', body)));
    await layer(exchangeOf());
    expect(await layer(exchangeOf())).toMatchObject({ status: 200 });
    expect([observer.would, places.stats.active]).toEqual([['bulkhead: held_back'], 2]);
  });
});

describe('a bulkhead that finds its size', () => {
  function adaptive() {
    const clock = new FakeClock();
    const limit = new AdaptiveLimit({ min: 2, max: 100, tolerance: 2 }, clock);
    const places = new Bulkhead({ concurrent: 1000, queue: 10, queueMs: 1000 }, limit);
    return { clock, limit, places };
  }

  it('begins with its fewest places, and has more once it knows the upstream and all are used', async () => {
    const { clock, places } = adaptive();
    const layer = bulkhead({ ...PARTS, clock, places })(() => {
      clock.advance(10);
      return Promise.resolve(answered(200));
    });
    expect(places.limit).toBe(2);
    for (let i = 0; i < 300; i++) await Promise.all([layer(exchangeOf()), layer(exchangeOf())]);
    expect(places.limit).toBeGreaterThan(2);
    expect(places.limit).toBeLessThanOrEqual(100);
  });

  it('has fewer when the upstream does not answer in time', async () => {
    const { clock, limit, places } = adaptive();
    for (let i = 0; i < 1000; i++) limit.answered(10, Math.min(i + 1, limit.limit));
    const before = places.limit;
    const layer = bulkhead({ ...PARTS, clock, places })(() => Promise.resolve(failed({ kind: 'timeout' })));
    await layer(exchangeOf());
    expect(places.limit).toBeLessThan(before);
  });

  it('takes no lesson from what was retried, what the client left, and what was refused here', async () => {
    const { clock, limit, places } = adaptive();
    for (let i = 0; i < 1000; i++) limit.answered(10, Math.min(i + 1, limit.limit));
    const before = places.limit;
    for (const [outcome, attempt] of [
      [answered(200), 3],
      [failed({ kind: 'timeout', own: true }), 1],
      [failed({ kind: 'reset' }), 1],
    ] as const) {
      const exchange = exchangeOf();
      exchange.attempt = attempt;
      await bulkhead({ ...PARTS, clock, places })(() => {
        clock.advance(60);
        return Promise.resolve(outcome);
      })(exchange);
    }
    expect(places.limit).toBe(before);
  });

  it('hands no place on that it has lost meanwhile', async () => {
    const { clock, limit, places } = adaptive();
    for (let i = 0; i < 1000; i++) limit.answered(10, Math.min(i + 1, limit.limit));
    const size = places.limit;
    for (let i = 0; i < size; i++) places.tryEnter();
    const waiting = places.enter(exchangeOf(), clock);
    limit.overloaded();
    const end = (): void => {
      places.begun();
      places.leave();
    };
    end();
    expect(places.stats).toMatchObject({ queued: 1, active: size - 1 });
    for (let i = 0; i < size - 1; i++) end();
    expect(await waiting).toBeUndefined();
  });

  /** One without a queue whose limit has grown to its 100 places, and that looks at the latency without load again. */
  function looking() {
    const clock = new FakeClock();
    const limit = new AdaptiveLimit({ min: 2, max: 100, tolerance: 2 }, clock);
    const places = new Bulkhead({ concurrent: 1000, queue: 0, queueMs: 5000 }, limit);
    for (let i = 0; i < 3000; i++) limit.answered(10, Math.min(i + 1, limit.limit));
    const size = places.limit;
    clock.advance(70_000);
    for (let i = 0; i < 10; i++) limit.answered(10, size);
    const answers: (() => void)[] = [];
    const layer = bulkhead({ ...PARTS, clock, places })(async () => {
      await new Promise<void>((resolve) => answers.push(resolve));
      clock.advance(1);
      return answered(200);
    });
    return { clock, places, size, layer, answers };
  }

  it('lets wait whom its look at the latency without load takes the place of, without a queue too, and no more', async () => {
    const { places, size, layer, answers } = looking();
    expect([size, places.limit]).toEqual([100, 2]);
    const outcomes = Array.from({ length: 101 }, () => layer(exchangeOf()));
    expect(places.stats).toEqual({ active: 2, queued: 98, limit: 2 });
    expect(await outcomes[100]).toMatchObject({ code: 'connection_limit_reached' });
    for (let i = 0; i < 100; i++) {
      await vi.waitUntil(() => answers.length > 0);
      answers.shift()?.();
    }
    for (const outcome of outcomes.slice(0, 100)) expect(await outcome).toMatchObject({ status: 200 });
    expect(places.limit).toBeGreaterThan(2);
  });

  it('lets them go on when its look has taken too long', async () => {
    const { clock, places, layer, answers } = looking();
    const outcomes = Array.from({ length: 20 }, () => layer(exchangeOf()));
    expect(places.stats).toMatchObject({ active: 2, queued: 18 });
    clock.advance(100);
    await vi.advanceTimersByTimeAsync(100);
    expect(places.stats).toMatchObject({ active: 20, queued: 0, limit: 100 });
    for (const answer of answers) answer();
    for (const outcome of outcomes) expect(await outcome).toMatchObject({ status: 200 });
  });
});
