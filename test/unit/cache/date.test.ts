import { describe, expect, it } from 'vitest';
import { answered } from '../policy/fixtures.ts';
import { Bench, ok } from './fixtures.ts';

describe('an answer whose origin has no clock', () => {
  it('is dated with when it came, not with when it is served', async () => {
    const bench = new Bench({}, () => ok('row', 'cache-control', 'max-age=60'));
    const came = new Date(bench.clock.wallNow()).toUTCString();
    await bench.get();
    bench.clock.advance(5000);
    const served = await bench.get();
    expect([served.header('date'), served.header('age')]).toEqual([came, '5']);
  });

  it('is dated anew by a 304', async () => {
    const bench = new Bench({}, (_exchange, number) =>
      number === 1 ? ok('row', 'cache-control', 'max-age=2', 'etag', '"a"') : answered(304, '', ['etag', '"a"']),
    );
    await bench.get();
    bench.clock.advance(3000);
    const confirmed = new Date(bench.clock.wallNow()).toUTCString();
    expect((await bench.get()).header('date')).toBe(confirmed);
    bench.clock.advance(1000);
    expect((await bench.get()).header('date')).toBe(confirmed);
  });

  it('keeps the date of one that has', async () => {
    const bench = new Bench({}, () => ok('row', 'cache-control', 'max-age=60', 'date', new Date(bench.clock.wallNow() - 5000).toUTCString()));
    const date = (await bench.get()).header('date');
    bench.clock.advance(1000);
    const served = await bench.get();
    expect([served.header('date'), served.header('age')]).toEqual([date, '6']);
  });
});
