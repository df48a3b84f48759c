import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Exchange } from '../../../src/model/exchange.ts';
import type { ReplayClass } from '../../../src/model/failure.ts';
import type { Outcome } from '../../../src/model/outcome.ts';
import { RetryBudget } from '../../../src/policy/budget.ts';
import { retry, type RetryOptions } from '../../../src/policy/retry.ts';
import { answered, exchangeOf, failed, FakeClock, Notes } from './fixtures.ts';

const OPTIONS: RetryOptions = {
  attempts: 3,
  backoff: { baseMs: 100, maxMs: 2000, jitter: 'full' },
  refused: true,
  maxWaitMs: Infinity,
  repeatable: undefined,
  attemptsHeader: 'x-retry-count',
};

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

async function run(outcomes: Outcome[], exchange: Exchange = exchangeOf(), options: Partial<RetryOptions> = {}, admits = true) {
  const clock = new FakeClock();
  const notes = new Notes();
  const budget = new RetryBudget({ ratio: 0.2, windowMs: 10_000, minPerSecond: 3 }, clock);
  const sent: number[] = [];
  const layer = retry({ ...OPTIONS, ...options }, { budget, admits: () => admits, clock, observer: notes });
  const pending = layer((one) => {
    sent.push(one.attempt);
    return Promise.resolve(outcomes[Math.min(sent.length, outcomes.length) - 1] as Outcome);
  })(exchange);
  await vi.runAllTimersAsync();
  return { outcome: await pending, sent, notes, clock };
}

describe('retry', () => {
  it('answers with the first good outcome', async () => {
    const { outcome, sent } = await run([failed(), failed(), answered(200)]);
    expect(outcome).toMatchObject({ type: 'reply', status: 200 });
    expect(sent).toEqual([1, 2, 3]);
  });

  it('ends with the last failure when the attempts are used up', async () => {
    const { outcome, sent, notes } = await run([failed(), failed(), failed({ detail: 'the last' })]);
    expect(outcome).toMatchObject({ type: 'failure', detail: 'the last' });
    expect(sent).toHaveLength(3);
    expect(notes.decisions.at(-1)?.decision).toBe('attempts');
  });

  const cases: [ReplayClass, string, number][] = [
    ['unsent', 'GET', 3],
    ['unsent', 'POST', 3],
    ['refused', 'GET', 3],
    ['refused', 'POST', 3],
    ['ambiguous', 'GET', 3],
    ['ambiguous', 'PUT', 3],
    ['ambiguous', 'DELETE', 3],
    ['ambiguous', 'POST', 1],
    ['ambiguous', 'PATCH', 1],
    ['answered', 'GET', 1],
    ['cut', 'GET', 1],
  ];
  it.each(cases)('sends what is %s with %s %i times', async (replay, method, times) => {
    const { sent } = await run([failed({ replay })], exchangeOf({ method }));
    expect(sent).toHaveLength(times);
  });

  it('repeats a POST with an Idempotency-Key, and one whose route is marked repeatable', async () => {
    const keyed = await run([failed()], exchangeOf({ method: 'POST', headers: ['idempotency-key', 'k'] }));
    const marked = await run([failed()], exchangeOf({ method: 'POST' }), { repeatable: true });
    expect([keyed.sent.length, marked.sent.length]).toEqual([3, 3]);
  });

  it('does not repeat a GET whose route says that it may not be', async () => {
    expect((await run([failed()], exchangeOf(), { repeatable: false })).sent).toHaveLength(1);
  });

  it('waits as long as the upstream asks', async () => {
    const { notes } = await run([failed({ replay: 'refused', retryAfterMs: 1500 }), answered(200)]);
    expect(notes.decisions[0]).toMatchObject({ decision: 'retried', delayMs: 1500 });
  });

  it('gives up at once when the upstream asks for more than the deadline leaves', async () => {
    const exchange = exchangeOf();
    exchange.deadlineAt = new FakeClock().time + 5000;
    const { sent, notes } = await run([failed({ replay: 'refused', retryAfterMs: 6000 })], exchange);
    expect(sent).toHaveLength(1);
    expect(notes.decisions[0]?.decision).toBe('deadline');
  });

  it('leaves a client alone that says it retries by itself', async () => {
    const { sent, notes } = await run([failed()], exchangeOf({ headers: ['x-retry-count', '1'] }));
    expect(sent).toHaveLength(1);
    expect(notes.decisions[0]?.decision).toBe('client_retries');
  });

  it('keeps the upstream’s own answer when the breaker has opened meanwhile', async () => {
    const own = failed({ kind: 'status', reply: answered(503, 'own words') });
    const { outcome, notes } = await run([own], exchangeOf(), {}, false);
    expect(outcome).toBe(own);
    expect(notes.decisions[0]?.decision).toBe('breaker');
  });

  it('does not retry what Breakwater itself refused', async () => {
    expect((await run([failed({ own: true, replay: 'unsent' })])).sent).toHaveLength(1);
  });

  it('does not send a streamed body again once a byte of it was taken', async () => {
    const exchange = exchangeOf({ method: 'PUT' });
    exchange.body = { kind: 'stream', stream: undefined as never, length: 5, started: true };
    const { sent, notes } = await run([failed()], exchange);
    expect(sent).toHaveLength(1);
    expect(notes.decisions[0]?.decision).toBe('body');
  });

  it('stops waiting, and does not call again, when the client leaves between two attempts', async () => {
    const exchange = exchangeOf();
    const clock = new FakeClock();
    const sent: number[] = [];
    const budget = new RetryBudget({ ratio: 0.2, windowMs: 10_000, minPerSecond: 3 }, clock);
    const layer = retry(OPTIONS, { budget, admits: () => true, clock, observer: new Notes() });
    const pending = layer(() => {
      sent.push(1);
      return Promise.resolve(failed());
    })(exchange);
    await vi.advanceTimersByTimeAsync(1);
    exchange.abort();
    expect(await pending).toMatchObject({ type: 'failure' });
    await vi.runAllTimersAsync();
    expect(sent).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });
});
