import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deadline, unhurried } from '../../../src/policy/deadline.ts';
import { type AttemptLimits, nextLimit } from '../../../src/upstream/limits.ts';
import { answered, exchangeOf, FakeClock } from './fixtures.ts';

async function deadlineOf(totalMs: number, headers: string[] = []): Promise<number> {
  const clock = new FakeClock();
  const exchange = exchangeOf({ headers });
  await deadline({ totalMs, header: 'x-server-timeout' }, clock)(() => Promise.resolve(answered(200)))(exchange);
  return exchange.deadlineAt - clock.time;
}

describe('the deadline', () => {
  it.each<[number, string[], number]>([
    [10_000, [], 10_000],
    [10_000, ['x-server-timeout', '4'], 4000],
    [10_000, ['x-server-timeout', '2.5'], 2500],
    [10_000, ['x-server-timeout', '1500ms'], 1500],
    [10_000, ['x-server-timeout', '60'], 10_000],
    [Infinity, ['x-server-timeout', '60'], 60_000],
    [10_000, ['x-server-timeout', '0'], 10_000],
    [10_000, ['x-server-timeout', 'soon'], 10_000],
  ])('with a total of %d ms and %j is %d ms away', async (totalMs, headers, expected) => {
    expect(await deadlineOf(totalMs, headers)).toBe(expected);
  });
});

describe('a fetch that no client waits for', () => {
  it('has the time of its route, and tells no other', async () => {
    const clock = new FakeClock();
    const run = async (background: boolean) => {
      const exchange = exchangeOf({ headers: ['accept', '*/*', 'x-server-timeout', '2'] });
      Object.assign(exchange, { background, deadlineAt: clock.time + 2000 });
      await unhurried(10_000, 'x-server-timeout', clock)(() => answered(200))(exchange);
      return [exchange.deadlineAt - clock.time, exchange.headers];
    };
    expect(await run(true)).toEqual([10_000, ['accept', '*/*']]);
    expect(await run(false)).toEqual([2000, ['accept', '*/*', 'x-server-timeout', '2']]);
  });
});

const LIMITS: AttemptLimits = {
  queueMs: 5000,
  dnsMs: 1000,
  connectMs: 3000,
  tlsMs: 3000,
  sendMs: 4000,
  headersMs: 7000,
  idleMs: 6000,
  attemptMs: 20_000,
};
const PHASES = ['queue', 'dns', 'connect', 'tls', 'send', 'headers', 'body'] as const;

describe('the limit that an attempt meets next', () => {
  it('shrinks for later attempts: it is never past the deadline, and always the nearest of all', () => {
    const place = fc.record({
      phase: fc.constantFrom(...PHASES),
      startedAt: fc.integer({ min: 0, max: 30_000 }),
      inPhase: fc.integer({ min: 0, max: 20_000 }),
      deadlineAt: fc.integer({ min: 0, max: 40_000 }),
    });
    fc.assert(
      fc.property(place, ({ phase, startedAt, inPhase, deadlineAt }) => {
        const exchange = exchangeOf();
        exchange.deadlineAt = deadlineAt;
        const phaseAt = startedAt + inPhase;
        const own = { queue: 5000, dns: 1000, connect: 3000, tls: 3000, send: 4000, headers: 7000, body: 6000 }[phase];
        const limit = nextLimit(LIMITS, exchange, { phase, phaseAt, startedAt, held: false });
        expect(limit.at).toBe(Math.min(phaseAt + own, startedAt + 20_000, deadlineAt));
      }),
    );
  });

  it('is named by what ran out', () => {
    const exchange = exchangeOf();
    exchange.deadlineAt = 10_000;
    const name = (phase: (typeof PHASES)[number], phaseAt: number, startedAt: number): string =>
      nextLimit({ ...LIMITS, attemptMs: 8000 }, exchange, { phase, phaseAt, startedAt, held: false }).name;
    expect([name('headers', 0, 0), name('headers', 3000, 0), name('headers', 4000, 3500), name('body', 0, 0)]).toEqual([
      'headers',
      'attempt',
      'total',
      'idle',
    ]);
  });

  it('is all the time that is left, for the last attempt of a route that is patient', () => {
    const exchange = exchangeOf();
    exchange.deadlineAt = 40_000;
    exchange.patient = true;
    const at = (phase: 'headers' | 'connect' | 'body'): number => nextLimit(LIMITS, exchange, { phase, phaseAt: 0, startedAt: 0, held: false }).at;
    expect([at('headers'), at('connect'), at('body')]).toEqual([40_000, 3000, 6000]);
  });

  it('is only `idle` for a streaming answer, and nothing while the client holds it back', () => {
    const exchange = exchangeOf();
    exchange.deadlineAt = 1000;
    exchange.streaming = true;
    expect(nextLimit(LIMITS, exchange, { phase: 'body', phaseAt: 5000, startedAt: 0, held: false })).toMatchObject({ at: 11_000, name: 'idle' });
    expect(nextLimit(LIMITS, exchange, { phase: 'body', phaseAt: 5000, startedAt: 0, held: true }).at).toBe(Infinity);
  });
});
