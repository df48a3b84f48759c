import { describe, expect, it } from 'vitest';
import type { CacheConfig } from '../../../src/config/schema.ts';
import { headerValue } from '../../../src/model/headers.ts';
import type { Outcome } from '../../../src/model/outcome.ts';
import { Bench, HandBody, ok } from './fixtures.ts';

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** An answer whose body only drips, so that it can still be had from its start, and new ones behind it. */
async function dripping(config: CacheConfig, ...headers: string[]): Promise<Bench> {
  const bench = new Bench(config, (_exchange, number) => (number === 1 ? new HandBody().reply(...headers) : ok('new')));
  await bench.send();
  return bench;
}

/** Whether one who comes after so many milliseconds is sent on. */
async function asks(bench: Bench, afterMs: number, control?: string): Promise<boolean> {
  bench.clock.advance(afterMs);
  const before = bench.sent.length;
  await bench.send(control === undefined ? {} : { headers: ['cache-control', control] });
  return bench.sent.length > before;
}

describe('an answer that is still on its way', () => {
  it('is for those who come while it is fresh', async () => {
    const bench = await dripping({ ttl: 10_000 });
    expect(await asks(bench, 9000)).toBe(false);
    expect(await asks(bench, 2000)).toBe(true);
    // who comes then waits for the newer one
    expect((await bench.get()).body).toBe('new');
    expect(bench.sent).toHaveLength(2);
  });

  it('is as old as it says it is', async () => {
    const bench = await dripping({}, 'cache-control', 'max-age=60', 'age', '55');
    expect(await asks(bench, 4000)).toBe(false);
    expect(await asks(bench, 2000)).toBe(true);
  });

  it.each([
    ['no-cache', true],
    ['max-age=0', true],
    ['max-age=3', true],
    ['min-fresh=8', true],
    ['max-age=5', false],
    ['min-fresh=3', false],
  ])('is what the request takes: %s asks anew: %s', async (control, expected) =>
    expect(await asks(await dripping({ ttl: 10_000 }), 4000, control)).toBe(expected),
  );

  it('is told with its age', async () => {
    const bench = await dripping({ ttl: 10_000 });
    bench.clock.advance(4000);
    const late = await bench.send();
    expect(late.type === 'reply' && headerValue(late.headers, 'age')).toBe('4');
  });

  it('is for those of one moment where it may not be stored and the route shares such answers', async () => {
    const bench = await dripping({ coalesce: true });
    expect(await asks(bench, 500)).toBe(false);
    expect(await asks(bench, 2000)).toBe(true);
  });
});

describe('a request whose answer is not there yet', () => {
  it.each([
    ['no-cache', 2],
    ['max-age=0', 2],
    ['max-age=60', 1],
  ])('is not waited for by one that wants what is newer than itself: %s sends %i', async (control, count) => {
    const head = Promise.withResolvers<Outcome>();
    const bench = new Bench({ ttl: 10_000 }, () => head.promise);
    const both = [bench.get(), bench.get({ headers: ['cache-control', control] })];
    await tick();
    expect(bench.sent).toHaveLength(count);
    head.resolve(ok('row'));
    await Promise.all(both);
  });
});
