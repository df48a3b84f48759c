import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { FaultConfig } from '../../../src/config/schema.ts';
import { systemClock, type Clock } from '../../../src/model/clock.ts';
import type { Exchange } from '../../../src/model/exchange.ts';
import { headerValue } from '../../../src/model/headers.ts';
import { faults } from '../../../src/policy/faults.ts';
import { describeFault } from '../../../src/policy/route-layers.ts';
import { answered, exchangeOf, FakeClock, Notes } from './fixtures.ts';
import { Reading, ScriptedBody, streaming } from './scripted-body.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function setUp(list: FaultConfig[], clock: Clock = systemClock, found = answered(200, 'abcdefgh'), headersMs = 10_000) {
  const notes = new Notes();
  const asked: Exchange[] = [];
  const run = faults(
    { faults: list, headersMs },
    { clock, observer: notes },
  )((exchange) => {
    asked.push(exchange);
    return Promise.resolve(found);
  });
  return { run, asked, notes };
}

describe('faults', () => {
  it('answer with a status instead of asking', async () => {
    const { run, asked, notes } = setUp([{ abort: 503 }]);
    expect(await run(exchangeOf())).toMatchObject({ type: 'reply', status: 503, source: 'upstream' });
    expect(asked).toHaveLength(0);
    expect(notes.acts).toEqual(['faults: abort']);
  });

  it('reset, which leaves open what the upstream did', async () => {
    expect(await setUp([{ reset: true }]).run(exchangeOf())).toMatchObject({ type: 'failure', kind: 'reset', replay: 'ambiguous', own: false });
  });

  it('break a body off after exactly so many bytes, wherever the chunks end', async () => {
    for (const chunks of [['abcdefgh'], ['ab', 'cd', 'efgh'], ['abcde', 'fgh']]) {
      const body = new ScriptedBody();
      for (const chunk of chunks) body.push(chunk);
      const reading = Reading.of(await setUp([{ cut: 5 }], systemClock, streaming(200, [], body.end())).run(exchangeOf()));
      await vi.runAllTimersAsync();
      expect(reading).toMatchObject({ text: 'abcde', ended: { replay: 'cut' } });
      expect(body.aborted).toBe(true);
    }
    expect(Reading.of(await setUp([{ cut: 0 }]).run(exchangeOf()))).toMatchObject({ text: '', ended: { replay: 'cut' } });
  });

  it('delay, fixed or between two times', async () => {
    const { run, asked } = setUp([{ delay: 200 }]);
    const outcome = run(exchangeOf());
    await vi.advanceTimersByTimeAsync(199);
    expect(asked).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(await outcome).toMatchObject({ status: 200 });
    const clock = { now: () => performance.now(), wallNow: () => 0, random: () => 0.25 };
    const ranged = setUp([{ delay: { min: 100, max: 300 } }], clock);
    void ranged.run(exchangeOf());
    await vi.advanceTimersByTimeAsync(149);
    expect(ranged.asked).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(ranged.asked).toHaveLength(1);
  });

  it('run into the time limit where the delay is longer', async () => {
    const { run, asked } = setUp([{ delay: 5000 }], systemClock, answered(200), 1000);
    const outcome = run(exchangeOf());
    await vi.advanceTimersByTimeAsync(1000);
    expect(await outcome).toMatchObject({ kind: 'timeout', phase: 'headers', code: 'http_response_timeout' });
    expect(asked).toHaveLength(0);
  });

  it('stop waiting when the client leaves', async () => {
    const { run } = setUp([{ delay: 5000 }]);
    const exchange = exchangeOf();
    const outcome = run(exchange);
    exchange.abort();
    expect(await outcome).toMatchObject({ code: 'client_closed' });
    expect(vi.getTimerCount()).toBe(0);
  });

  it('strike by their percentage', async () => {
    const clock = new FakeClock();
    clock.chance = 0.099;
    expect(await setUp([{ abort: 503, percent: 10 }], clock).run(exchangeOf())).toMatchObject({ status: 503 });
    clock.chance = 0.1;
    expect(await setUp([{ abort: 503, percent: 10 }], clock).run(exchangeOf())).toMatchObject({ status: 200 });
  });

  it('wait for the header where they should, and never send it on', async () => {
    const list = [{ name: 'outage', abort: 503, header: true }];
    expect(await setUp(list).run(exchangeOf())).toMatchObject({ status: 200 });
    for (const value of ['on', 'outage']) {
      const { run } = setUp(list);
      const exchange = exchangeOf({ headers: ['x-breakwater-fault', value] });
      expect(await run(exchange)).toMatchObject({ status: 503 });
      expect(await run(exchange), 'a retry is asked to fail too').toMatchObject({ status: 503 });
    }
    const { run, asked } = setUp(list);
    expect(await run(exchangeOf({ headers: ['x-breakwater-fault', 'another', 'accept', '*/*'] }))).toMatchObject({ status: 200 });
    expect(headerValue(asked[0]?.headers ?? [], 'x-breakwater-fault')).toBeUndefined();
    expect(headerValue(asked[0]?.headers ?? [], 'accept')).toBe('*/*');
  });

  it('only count when they are observed', async () => {
    const { run, notes } = setUp([{ abort: 503, mode: 'observe' }]);
    expect(await run(exchangeOf())).toMatchObject({ status: 200 });
    expect(notes.would).toEqual(['faults: abort']);
  });

  it('are told in words', () => {
    expect(describeFault({ abort: 503, percent: 10 })).toBe('status 503 on 10 % of the attempts');
    expect(describeFault({ delay: { min: 100, max: 300 }, reset: true, header: true })).toBe(
      'delay 100 to 300 ms, then reset on all attempts that ask for it by header',
    );
  });
});
