import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../../src/model/clock.ts';
import type { Exchange } from '../../../src/model/exchange.ts';
import { clientClosed } from '../../../src/model/failure.ts';
import type { Outcome } from '../../../src/model/outcome.ts';
import { RetryBudget } from '../../../src/policy/budget.ts';
import { hedge, type HedgeOptions } from '../../../src/policy/hedge.ts';
import { answered, exchangeOf, failed, Notes } from './fixtures.ts';

const OPTIONS: HedgeOptions = { after: { ms: 100 }, max: 1, repeatable: undefined, observe: false };

interface Planned {
  readonly afterMs: number;
  readonly outcome: Outcome;
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A service whose attempts end as planned, and end at once when they are given up. */
function upstream(plan: readonly Planned[]) {
  const branches: Exchange[] = [];
  const service = (exchange: Exchange): Promise<Outcome> => {
    const planned = plan[branches.length];
    branches.push(exchange);
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(planned?.outcome ?? failed()), planned?.afterMs ?? 0);
      exchange.onAbort(() => {
        clearTimeout(timer);
        resolve(clientClosed('headers'));
      });
    });
  };
  return { branches, service };
}

function setUp(plan: readonly Planned[], options: Partial<HedgeOptions> = {}, budget = { minPerSecond: 3, admits: true }) {
  const notes = new Notes();
  const { branches, service } = upstream(plan);
  const retries = new RetryBudget({ ratio: 0, windowMs: 10_000, minPerSecond: budget.minPerSecond }, systemClock);
  const layer = hedge({ ...OPTIONS, ...options }, { budget: retries, admits: () => budget.admits, clock: systemClock, observer: notes });
  return { run: layer(service), branches, notes };
}

describe('hedge', () => {
  it('sends nothing more when the first attempt is quick', async () => {
    const { run, branches } = setUp([{ afterMs: 50, outcome: answered(200, 'first') }]);
    const outcome = run(exchangeOf());
    await vi.runAllTimersAsync();
    expect(await outcome).toMatchObject({ status: 200 });
    expect(branches).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('lets the second win and gives the first up at once', async () => {
    const { run, branches, notes } = setUp([
      { afterMs: 5000, outcome: answered(200, 'slow') },
      { afterMs: 20, outcome: answered(201, 'quick') },
    ]);
    const exchange = exchangeOf();
    const outcome = run(exchange);
    await vi.advanceTimersByTimeAsync(121);
    expect(await outcome).toMatchObject({ status: 201 });
    expect(branches.map((branch) => branch.aborted)).toEqual([true, false]);
    expect(branches.map((branch) => branch.attempt)).toEqual([1, 2]);
    expect(exchange).toMatchObject({ attempt: 2, aborted: false });
    expect(notes.acts).toEqual(['hedge: sent', 'hedge: won']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('lets the first win and gives the second up', async () => {
    const { run, branches, notes } = setUp([
      { afterMs: 150, outcome: answered(200) },
      { afterMs: 5000, outcome: answered(201) },
    ]);
    const outcome = run(exchangeOf());
    await vi.advanceTimersByTimeAsync(151);
    expect(await outcome).toMatchObject({ status: 200 });
    expect(branches.map((branch) => branch.aborted)).toEqual([false, true]);
    expect(notes.acts).toEqual(['hedge: sent']);
  });

  it('waits for the other when one fails, whichever it is', async () => {
    for (const first of [130, 400]) {
      const { run } = setUp([
        { afterMs: first, outcome: first === 130 ? failed() : answered(200) },
        { afterMs: 100, outcome: first === 130 ? answered(200) : failed() },
      ]);
      const outcome = run(exchangeOf());
      await vi.runAllTimersAsync();
      expect(await outcome).toMatchObject({ type: 'reply', status: 200 });
    }
  });

  it('fails when both do, with what the upstream said rather than with a refusal of ours', async () => {
    const { run } = setUp([
      { afterMs: 150, outcome: failed({ detail: 'the upstream' }) },
      { afterMs: 100, outcome: failed({ own: true, detail: 'an open breaker' }) },
    ]);
    const outcome = run(exchangeOf());
    await vi.runAllTimersAsync();
    expect(await outcome).toMatchObject({ type: 'failure', detail: 'the upstream' });
  });

  it('leaves an early failure to the retry', async () => {
    const { run, branches } = setUp([{ afterMs: 10, outcome: failed() }]);
    const outcome = run(exchangeOf());
    await vi.runAllTimersAsync();
    expect(await outcome).toMatchObject({ type: 'failure' });
    expect(branches).toHaveLength(1);
  });

  it('lets go of the answer of a failure that lost', async () => {
    const lost = answered(503, 'busy');
    const abort = vi.spyOn(lost.body, 'abort');
    const { run } = setUp([
      { afterMs: 150, outcome: failed({ kind: 'status', reply: lost }) },
      { afterMs: 100, outcome: answered(200) },
    ]);
    const outcome = run(exchangeOf());
    await vi.runAllTimersAsync();
    expect(await outcome).toMatchObject({ status: 200 });
    expect(abort).toHaveBeenCalledOnce();
  });

  it.each([
    ['POST', undefined, 1],
    ['POST', true, 2],
    ['GET', undefined, 2],
    ['GET', false, 1],
  ])('sends a %s on a route with repeatable: %s %i times', async (method, repeatable, times) => {
    const { run, branches } = setUp([{ afterMs: 300, outcome: answered(200) }], { repeatable });
    const outcome = run(exchangeOf({ method }));
    await vi.runAllTimersAsync();
    await outcome;
    expect(branches).toHaveLength(times);
  });

  it('takes each hedge out of the retry budget', async () => {
    const { run, branches, notes } = setUp([{ afterMs: 300, outcome: answered(200) }], {}, { minPerSecond: 0, admits: true });
    const outcome = run(exchangeOf());
    await vi.runAllTimersAsync();
    await outcome;
    expect(branches).toHaveLength(1);
    expect(notes.acts).toEqual(['hedge: no_budget']);
  });

  it('does not hedge against an open breaker, nor when it only watches', async () => {
    const open = setUp([{ afterMs: 300, outcome: answered(200) }], {}, { minPerSecond: 3, admits: false });
    const watching = setUp([{ afterMs: 300, outcome: answered(200) }], { observe: true });
    const outcomes = [open.run(exchangeOf()), watching.run(exchangeOf())];
    await vi.runAllTimersAsync();
    for (const one of outcomes) await one;
    expect([open.branches.length, watching.branches.length]).toEqual([1, 1]);
    expect(watching.notes.would).toEqual(['hedge: sent']);
  });

  it('ends all attempts when the client leaves', async () => {
    const { run, branches } = setUp([
      { afterMs: 5000, outcome: answered(200) },
      { afterMs: 5000, outcome: answered(200) },
    ]);
    const exchange = exchangeOf();
    const outcome = run(exchange);
    await vi.advanceTimersByTimeAsync(150);
    exchange.abort();
    expect(await outcome).toMatchObject({ code: 'client_closed' });
    expect(branches.every((branch) => branch.aborted)).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('waits for its percentile until enough latencies are known, and then uses it', async () => {
    const plan = [...Array.from({ length: 20 }, () => ({ afterMs: 40, outcome: answered(200) })), { afterMs: 900, outcome: answered(200) }];
    const { run, branches } = setUp([...plan, { afterMs: 10, outcome: answered(201) }], { after: { percentile: 95, minimum: 20 } });
    for (let i = 0; i < 20; i++) {
      const outcome = run(exchangeOf());
      await vi.runAllTimersAsync();
      await outcome;
    }
    expect(branches).toHaveLength(20);
    const outcome = run(exchangeOf());
    await vi.advanceTimersByTimeAsync(51);
    expect(await outcome).toMatchObject({ status: 201 });
  });
});
