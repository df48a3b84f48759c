import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { BodySink, BodySource } from '../../../src/model/body.ts';
import { reply } from '../../../src/model/outcome.ts';
import { Bulkhead, bulkhead } from '../../../src/policy/bulkhead.ts';
import { answered, exchangeOf, failed, FakeClock, Notes } from './fixtures.ts';

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
    await Promise.all(waiting);
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
});
