import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../../src/model/clock.ts';
import type { Exchange } from '../../../src/model/exchange.ts';
import type { Outcome } from '../../../src/model/outcome.ts';
import { PaceBucket } from '../../../src/policy/pace-bucket.ts';
import { Pacer, type PaceOptions } from '../../../src/policy/pacer.ts';
import { paceReports, pacing } from '../../../src/policy/pacing.ts';
import { compileParts } from '../../../src/policy/scope.ts';
import { answered, exchangeOf, failed, Notes, pseudonymOf } from './fixtures.ts';

const PAIR: PaceOptions = {
  name: 'pair',
  key: compileParts(['{phone}', 'json:to'], ['/{version:v[0-9.]+}/{phone}/messages'], pseudonymOf),
  rate: { perMs: 1 / 6000, burst: 2 },
  maxWaitMs: 10_000,
  maxKeys: 100,
  holdOn: new Set(['pair_limit']),
  holdTimes: { baseMs: 1000, factor: 4, maxMs: 64_000 },
  observe: false,
};

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function setUp(options: Partial<PaceOptions> = {}, answer: (exchange: Exchange) => Outcome = () => answered(200)) {
  const notes = new Notes();
  const sentAt: number[] = [];
  const pacer = new Pacer({ ...PAIR, ...options });
  const parts = { clock: systemClock, observer: notes };
  const startedAt = systemClock.now();
  const service = (exchange: Exchange): Promise<Outcome> => {
    sentAt.push(Math.round(systemClock.now() - startedAt));
    return Promise.resolve(answer(exchange));
  };
  const run = pacing([pacer], parts)(paceReports([pacer], parts)(service));
  return { run, sentAt, notes, pacer };
}

function message(to: string, from = '111'): Exchange {
  return exchangeOf({ method: 'POST', path: `/v23.0/${from}/messages`, body: JSON.stringify({ to, type: 'text' }) });
}

describe('pacing', () => {
  it('lets a burst out and then one after the other, each pair by itself', async () => {
    const { run, sentAt } = setUp();
    const all = [run(message('a')), run(message('a')), run(message('a')), run(message('b')), run(message('a', '222'))];
    await vi.advanceTimersByTimeAsync(0);
    expect(sentAt).toEqual([0, 0, 0, 0]);
    await vi.runAllTimersAsync();
    for (const one of all) await one;
    expect(sentAt.at(-1)).toBe(6000);
  });

  it('refuses what would have to wait too long, with the time to wait, and takes no turn for it', async () => {
    const { run, notes } = setUp({ maxWaitMs: 5000 });
    await run(message('a'));
    await run(message('a'));
    const refused = await run(message('a'));
    expect(refused).toMatchObject({ type: 'failure', code: 'request_paced', replay: 'unsent', own: true });
    expect(refused.type === 'failure' && refused.retryAfterMs).toBeCloseTo(6000, 0);
    expect(await run(message('a'))).toMatchObject({ retryAfterMs: expect.closeTo(6000, 0) as number });
    expect(notes.acts).toEqual(['pacing: refused', 'pacing: refused']);
  });

  it('refuses what could not be sent before the deadline', async () => {
    const { run } = setUp();
    await run(message('a'));
    await run(message('a'));
    const exchange = message('a');
    exchange.deadlineAt = systemClock.now() + 3000;
    expect(await run(exchange)).toMatchObject({ code: 'request_paced' });
  });

  it('gives the turn of a client that left to the next', async () => {
    const { run, sentAt } = setUp({ maxWaitMs: 60_000 });
    await run(message('a'));
    await run(message('a'));
    const leaving = message('a');
    const left = run(leaving);
    await vi.advanceTimersByTimeAsync(10);
    leaving.abort();
    expect(await left).toMatchObject({ code: 'client_closed' });
    const next = run(message('a'));
    await vi.runAllTimersAsync();
    await next;
    expect(sentAt.at(-1)).toBe(6000);
  });

  it('does not pace what lacks a value of the key', async () => {
    const { run, sentAt } = setUp();
    for (let i = 0; i < 9; i++) await run(exchangeOf({ method: 'POST', path: '/v23.0/111/messages', body: '{"status":"read"}' }));
    expect(sentAt).toHaveLength(9);
  });

  it('lets a pair rest whose limit was reached, four times as long each time, and nobody else', async () => {
    let limited = true;
    const { run, sentAt } = setUp({ rate: { perMs: 1, burst: 100 } }, () =>
      limited ? failed({ replay: 'refused', rule: 'pair_limit' }) : answered(200),
    );
    expect(await run(message('a'))).toMatchObject({ retryAfterMs: 1000 });
    expect(await run(message('b'))).toMatchObject({ retryAfterMs: 1000 });
    const second = run(message('a'));
    await vi.advanceTimersByTimeAsync(1000);
    expect(await second).toMatchObject({ retryAfterMs: 4000 });
    limited = false;
    const third = run(message('a'));
    await run(message('c'));
    await vi.runAllTimersAsync();
    expect(await third).toMatchObject({ status: 200 });
    expect(sentAt).toEqual([0, 0, 1000, 1000, 5000]);
    limited = true;
    await vi.advanceTimersByTimeAsync(100);
    expect(await run(message('a')), 'a good answer starts the series anew').toMatchObject({ retryAfterMs: 1000 });
  });

  it('makes those wait too who had their turn before the limit was reached', async () => {
    const { run, sentAt } = setUp({ rate: { perMs: 1 / 500, burst: 1 } }, () =>
      sentAt.length === 1 ? failed({ rule: 'pair_limit' }) : answered(200),
    );
    const first = run(message('a'));
    const second = run(message('a'));
    await vi.runAllTimersAsync();
    await Promise.all([first, second]);
    expect(sentAt).toEqual([0, 1000]);
  });

  it('takes a turn for each retry', async () => {
    const { run, pacer } = setUp();
    const exchange = message('a');
    exchange.attempt = 2;
    await run(exchange);
    expect(pacer.bucketOf(exchange, systemClock.now())?.waitMs(systemClock.now())).toBeGreaterThan(0);
  });

  it('keeps so many values apart and no more', async () => {
    const { run, pacer } = setUp({ maxKeys: 5 });
    for (let i = 0; i < 50; i++) await run(message(`n${i}`));
    expect(pacer.size).toBe(5);
  });

  it('only counts when it is observed', async () => {
    const { run, sentAt, notes } = setUp({ observe: true, maxWaitMs: 7000 });
    for (let i = 0; i < 4; i++) await run(message('a'));
    expect(sentAt).toEqual([0, 0, 0, 0]);
    expect(notes.would).toEqual(['pacing: waited', 'pacing: refused']);
  });
});

describe('a pace', () => {
  it('never lets more out in any stretch of time than its rate and burst allow', () => {
    const arrivals = fc.array(fc.integer({ min: 0, max: 3000 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(arrivals, fc.integer({ min: 1, max: 10 }), fc.integer({ min: 1, max: 50 }), (gaps, burst, perSecond) => {
        const bucket = new PaceBucket({ perMs: perSecond / 1000, burst }, 0);
        let now = 0;
        const sent = gaps.map((gap) => {
          now += gap;
          const at = now + bucket.waitMs(now);
          bucket.take(now);
          return at;
        });
        for (let i = 0; i < sent.length; i++) {
          for (let j = i; j < sent.length; j++) {
            const stretch = (sent[j] ?? 0) - (sent[i] ?? 0);
            expect(j - i + 1).toBeLessThanOrEqual(burst + (stretch * perSecond) / 1000 + 1e-6);
          }
        }
      }),
    );
  });
});
