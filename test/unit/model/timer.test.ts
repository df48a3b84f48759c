import { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Connections } from '../../../src/listen/connections.ts';
import { systemClock, wait } from '../../../src/model/clock.ts';
import { callAfter, LONGEST_MS, within } from '../../../src/model/timer.ts';
import { deadline } from '../../../src/policy/deadline.ts';
import { answered, exchangeOf } from '../policy/fixtures.ts';

const MONTH_MS = 30 * 86_400_000;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Whether a promise has settled once some time has passed. */
async function settledAfter(work: Promise<unknown>, ms: number): Promise<boolean> {
  let settled = false;
  void work.then(() => (settled = true));
  await vi.advanceTimersByTimeAsync(ms);
  return settled;
}

describe('a timer', () => {
  it.each([
    [-5, 0],
    [1000, 1000],
    [LONGEST_MS, LONGEST_MS],
    [MONTH_MS, LONGEST_MS],
  ])('set to %d ms calls after %d ms', (ms, expected) => {
    const calls: number[] = [];
    const startedAt = Date.now();
    callAfter(ms, () => calls.push(Date.now() - startedAt));
    vi.advanceTimersByTime(MONTH_MS);
    expect(calls).toEqual([expected]);
  });

  it('set to Infinity never calls', () => {
    expect(callAfter(Infinity, () => undefined)).toBeUndefined();
  });

  it.each([
    [100, true],
    [101, false],
  ])('tells of work that takes %d ms whether it was done within 100 ms: %s', async (ms, expected) => {
    const work = new Promise((resolve) => callAfter(ms, () => resolve(undefined)));
    const found = within(work, 100);
    await vi.advanceTimersByTimeAsync(101);
    expect(await found).toBe(expected);
  });
});

describe('a time longer than a timer can be set to', () => {
  it('is no reason to cut connections at once', async () => {
    const connections = new Connections();
    const socket = new Socket();
    connections.add(socket, { close: () => undefined, destroy: () => undefined, gone: () => undefined });
    expect(await settledAfter(connections.empty(MONTH_MS), 60_000)).toBe(false);
    socket.destroy();
  });

  it('is waited for', async () => {
    expect(await settledAfter(wait(MONTH_MS, exchangeOf()), 60_000)).toBe(false);
  });

  it('is no limit where a client asks for it', async () => {
    const exchange = exchangeOf({ headers: ['x-server-timeout', '99999999999'] });
    await deadline({ totalMs: Infinity, header: 'x-server-timeout' }, systemClock)(() => answered(200))(exchange);
    expect(exchange.deadlineAt).toBe(Infinity);
    await deadline({ totalMs: MONTH_MS, header: undefined }, systemClock)(() => answered(200))(exchange);
    expect(exchange.deadlineAt - systemClock.now()).toBeLessThanOrEqual(LONGEST_MS);
  });
});
