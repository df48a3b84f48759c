import { describe, expect, it } from 'vitest';
import { answered, failed } from '../policy/fixtures.ts';
import { Bench, ok } from './fixtures.ts';

describe('a cached route', () => {
  it('answers the second request from the store, with its age and what is left', async () => {
    const bench = new Bench({}, () => ok('row', 'cache-control', 'max-age=60'));
    expect(await bench.get()).toMatchObject({ body: 'row', source: 'upstream', said: 'fwd=uri-miss; fwd-status=200; stored' });
    bench.clock.advance(10_000);
    const hit = await bench.get();
    expect(hit).toMatchObject({ body: 'row', source: 'cache', said: 'hit; ttl=50' });
    expect(hit.header('age')).toBe('10');
    expect(bench.sent).toHaveLength(1);
    expect(bench.looks.results).toEqual(['miss', 'hit']);
  });

  it('does not store what says nothing about freshness', async () => {
    const bench = new Bench({}, (_exchange, number) => ok(String(number)));
    await bench.get();
    expect((await bench.get()).body).toBe('2');
  });

  it('stores it for the ttl of the route', async () => {
    const bench = new Bench({ ttl: 5000 }, (_exchange, number) => ok(String(number)));
    await bench.get();
    expect((await bench.get()).body).toBe('1');
    bench.clock.advance(5001);
    expect((await bench.get()).body).toBe('2');
  });

  it('counts that ttl from when the answer came, however slow the clock of the origin is', async () => {
    const bench = new Bench({ ttl: 5000 }, () => ok('row', 'date', new Date(bench.clock.wallNow() - 60_000).toUTCString()));
    await bench.get();
    bench.clock.advance(4000);
    const hit = await bench.get();
    expect([hit.said, Number(hit.header('age')) >= 63]).toEqual(['hit; ttl=1', true]);
  });
});

describe('a cache that only observes', () => {
  it('sends everything on, and counts what it would have answered', async () => {
    const bench = new Bench({ mode: 'observe', ttl: 2000, staleIfError: 60_000, staleWhileRevalidate: 2000 }, (_exchange, number) =>
      number < 5 ? ok(String(number)) : failed({ kind: 'status', reply: answered(500, 'down') }),
    );
    const would: string[] = [];
    bench.looks.wouldHave = (_exchange, _policy, what) => would.push(what);
    expect(await bench.get()).toMatchObject({ body: '1', source: 'upstream', said: '' });
    expect((await bench.get()).body).toBe('2');
    bench.clock.advance(3000);
    expect((await bench.get()).body).toBe('3');
    await bench.get({ headers: ['authorization', 'other'] });
    bench.clock.advance(5000);
    expect(await bench.get()).toMatchObject({ status: 500, body: 'down' });
    expect(would).toEqual(['hit', 'stale', 'stood_in']);
    expect(bench.looks.results).toEqual([]);
  });
});
