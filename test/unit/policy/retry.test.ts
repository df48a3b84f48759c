import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Exchange } from '../../../src/model/exchange.ts';
import type { ReplayClass } from '../../../src/model/failure.ts';
import type { Outcome } from '../../../src/model/outcome.ts';
import { RetryBudget } from '../../../src/policy/budget.ts';
import { ClientRetries } from '../../../src/policy/client-retries.ts';
import { retry, type RetryOptions } from '../../../src/policy/retry.ts';
import { answered, exchangeOf, failed, FakeClock, Notes } from './fixtures.ts';
import { ScriptedBody } from './scripted-body.ts';

const OPTIONS: RetryOptions = {
  attempts: 3,
  backoff: { baseMs: 100, maxMs: 2000, jitter: 'full' },
  refused: true,
  maxWaitMs: Infinity,
  repeatable: undefined,
  attemptsHeaders: ['x-retry-count', 'x-stainless-retry-count'],
  patientLast: false,
  observe: false,
};

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

async function run(
  outcomes: Outcome[],
  exchange: Exchange = exchangeOf(),
  options: Partial<RetryOptions> = {},
  admits = true,
  clock = new FakeClock(),
  clientRetries?: ClientRetries,
) {
  const notes = new Notes();
  const budget = new RetryBudget({ ratio: 0.2, windowMs: 10_000, minPerSecond: 3 }, clock);
  const sent: number[] = [];
  const layer = retry({ ...OPTIONS, ...options }, { budget, admits: () => admits, leastMs: () => 50, clientRetries, clock, observer: notes });
  const pending = layer((one) => {
    sent.push(one.attempt);
    return Promise.resolve(outcomes[Math.min(sent.length, outcomes.length) - 1] as Outcome);
  })(exchange);
  await vi.runAllTimersAsync();
  return { outcome: await pending, sent, notes, clock };
}

describe('retry', () => {
  it('takes the rest of an answer for nothing that a client sends: neither a request, nor sent again', async () => {
    const clock = new FakeClock();
    const client = new ClientRetries(30_000, clock);
    const asksForRest = () => Object.assign(exchangeOf(), { rest: true });
    await run([failed({ replay: 'answered' })], asksForRest(), {}, true, clock, client);
    expect(client.size).toBe(0);
    client.failed(exchangeOf());
    const { notes } = await run([answered(206)], asksForRest(), {}, true, clock, client);
    expect([client.size, notes.decisions, notes.warnings]).toEqual([1, [], []]);
  });

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
    expect(notes.decisions[0]).toMatchObject({ decision: 'retried', delayMs: 1575 });
  });

  it('never comes back before the time that the upstream asked for, and not with everybody else', async () => {
    const first = new FakeClock();
    first.chance = 0;
    const last = new FakeClock();
    last.chance = 0.999;
    const outcomes = [failed({ replay: 'refused', retryAfterMs: 5000 }), answered(200)];
    const delays = [await run(outcomes, undefined, {}, true, first), await run(outcomes, undefined, {}, true, last)].map(
      ({ notes }) => notes.decisions[0]?.delayMs,
    );
    expect(delays).toEqual([5000, 5499.5]);
  });

  it('starts no attempt that could not even connect before the deadline', async () => {
    const exchange = exchangeOf();
    exchange.deadlineAt = new FakeClock().time + 100;
    const { sent, notes } = await run([failed()], exchange, { backoff: { baseMs: 50, maxMs: 50, jitter: 'none' } });
    expect([sent.length, notes.decisions[0]?.decision]).toEqual([1, 'deadline']);
  });

  it('gives the last attempt all the time that is left, where the route says so', async () => {
    const exchange = exchangeOf();
    const patient: boolean[] = [];
    await run([failed(), failed(), failed()], exchange, { patientLast: true });
    patient.push(exchange.patient);
    const other = exchangeOf();
    await run([failed(), failed(), failed()], other);
    expect([...patient, other.patient]).toEqual([true, false]);
  });

  it('only counts what it would have done when it observes', async () => {
    const { sent, notes, outcome } = await run([failed({ detail: 'first' }), answered(200)], exchangeOf(), { observe: true });
    expect([sent.length, notes.would]).toEqual([1, ['retry: retried']]);
    expect(outcome).toMatchObject({ detail: 'first' });
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

  it('retries what an SDK sends for the first time, although it counts', async () => {
    expect((await run([failed()], exchangeOf({ headers: ['x-stainless-retry-count', '0'] }))).sent).toHaveLength(3);
    expect((await run([failed()], exchangeOf({ headers: ['x-stainless-retry-count', '1'] }))).sent).toHaveLength(1);
  });

  it('charges a request that its client sends again to the same budget, and says so', async () => {
    const clock = new FakeClock();
    const client = new ClientRetries(30_000, clock);
    const request = () => exchangeOf({ method: 'POST', body: '{"a":1}', headers: ['authorization', 'Bearer x'] });
    await run([failed()], request(), {}, true, clock, client);
    const { notes } = await run([answered(200)], request(), {}, true, clock, client);
    expect(notes.decisions).toEqual([{ decision: 'client_retries', reason: 'sent_again', delayMs: 0 }]);
    expect(notes.warnings).toEqual([expect.stringContaining('clients of this route retry by themselves')]);
    const said = await run([failed()], exchangeOf({ headers: ['x-retry-count', '2'] }), {}, true, clock, client);
    expect([said.notes.decisions.at(-1)?.decision, said.notes.warnings]).toEqual(['client_retries', []]);
    const third = await run([answered(200)], request(), {}, true, clock, client);
    expect(third.notes.decisions).toEqual([]);
  });

  it('keeps the upstream’s own answer when the breaker has opened meanwhile', async () => {
    const own = failed({ kind: 'status', reply: answered(503, 'own words') });
    const { outcome, notes } = await run([own], exchangeOf(), {}, false);
    expect(outcome).toBe(own);
    expect(notes.decisions[0]?.decision).toBe('breaker');
  });

  it('gives the upstream’s own answer where the breaker opens during the wait: the request was sent', async () => {
    const own = failed({ kind: 'status', reply: answered(500, 'own words') });
    const open = failed({ code: 'destination_unavailable', phase: 'queue', own: true, replay: 'unsent' });
    const { outcome, sent } = await run([own, open]);
    expect(sent).toEqual([1, 2]);
    if (outcome.type !== 'failure' || outcome.reply === undefined) throw new Error('no answer');
    expect(outcome).toMatchObject({ kind: 'status', replay: own.replay, own: false, reply: { status: 500 } });
    expect(Buffer.from(outcome.reply.body.whole() ?? []).toString()).toBe('own words');
    expect((await run([failed({ kind: 'timeout', replay: 'ambiguous' }), open])).outcome).toMatchObject({ kind: 'timeout', replay: 'ambiguous' });
  });

  it('lets go of a failed answer that is long or does not end, so that its connection is free during the wait', async () => {
    const open = failed({ own: true, replay: 'unsent' });
    for (const begun of ['x'.repeat(70_000), 'begun']) {
      const body = new ScriptedBody().push(begun);
      const { outcome } = await run([failed({ kind: 'status', reply: { ...answered(500), body } }), open]);
      expect(body.aborted).toBe(true);
      expect(outcome).toMatchObject({ kind: 'status', reply: undefined });
    }
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
    const layer = retry(OPTIONS, { budget, admits: () => true, leastMs: () => 50, clientRetries: undefined, clock, observer: new Notes() });
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
