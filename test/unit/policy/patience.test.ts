import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Exchange } from '../../../src/model/exchange.ts';
import { Patience, patience, type PatienceOptions } from '../../../src/policy/patience.ts';
import { answered, exchangeOf, failed, FakeClock, Notes } from './fixtures.ts';

const OPTIONS: PatienceOptions = { upstream: 'whatsapp', route: 'send', totalMs: 20_000, minimum: 3, marginMs: 250, observe: false };

describe('the patience of clients', () => {
  it('is known after three departures at about the same time, and told once', () => {
    const notes = new Notes();
    const learner = new Patience(OPTIONS, notes);
    learner.left(5003);
    learner.left(5010);
    expect(learner.status).toBeUndefined();
    for (let i = 0; i < 5; i++) learner.left(5001 + i);
    expect(learner.status).toMatchObject({ upstream: 'whatsapp', route: 'send', patienceMs: 5001, departures: 7, tooLong: true });
    expect(learner.usefulMs).toBe(4751);
    expect(notes.warnings).toEqual([expect.stringContaining("5.0 s (httpx's default) and total is 20.0 s")]);
  });

  it('is not a warning where the total is shorter', () => {
    const notes = new Notes();
    const learner = new Patience({ ...OPTIONS, totalMs: 4500 }, notes);
    for (let i = 0; i < 3; i++) learner.left(5000);
    expect(learner.status?.tooLong).toBe(false);
    expect(notes.warnings).toEqual([]);
  });

  it('is not made up from departures at any time', () => {
    const learner = new Patience(OPTIONS, new Notes());
    for (const afterMs of [700, 1500, 3000, 6000, 12_000, 9000]) learner.left(afterMs);
    expect(learner.status).toBeUndefined();
  });

  it('says nothing of clients that leave at once', () => {
    const learner = new Patience(OPTIONS, new Notes());
    for (let i = 0; i < 9; i++) learner.left(3);
    expect(learner.status).toBeUndefined();
  });

  it('is unlearned when someone stays well past it', () => {
    const notes = new Notes();
    const learner = new Patience(OPTIONS, notes);
    for (let i = 0; i < 3; i++) learner.left(5000);
    learner.stayed(5200);
    expect(learner.status).toBeDefined();
    learner.stayed(9000);
    expect(learner).toMatchObject({ status: undefined, usefulMs: Infinity });
    expect(notes.warnings.at(-1), 'which takes the warning back').toBe('patience: ');
  });

  it('is always one that at least so many departures share', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 30_000 }), { maxLength: 60 }), (departures) => {
        const learner = new Patience(OPTIONS, new Notes());
        for (const one of departures) learner.left(one);
        const { status } = learner;
        if (status === undefined) return;
        const near = departures.filter((one) => one >= status.patienceMs && one - status.patienceMs <= Math.max(100, status.patienceMs * 0.1));
        expect(near.length).toBeGreaterThanOrEqual(3);
      }),
    );
  });

  it('reaches the layers inside as a time after which nothing is of use', async () => {
    const clock = new FakeClock();
    const notes = new Notes();
    const learner = new Patience(OPTIONS, notes);
    const seen: Exchange[] = [];
    const leaving = patience(
      learner,
      OPTIONS,
      clock,
    )((exchange) => {
      exchange.abort(exchange.startedAt + 5000);
      return Promise.resolve(failed());
    });
    for (let i = 0; i < 3; i++) await leaving(exchangeOf());
    const staying = patience(
      learner,
      OPTIONS,
      clock,
    )((exchange) => {
      seen.push(exchange);
      return Promise.resolve(answered(200));
    });
    clock.time = 1000;
    await staying(exchangeOf());
    expect(seen[0]?.patienceEndsAt).toBe(4750);
  });

  it('is only counted when it is observed', async () => {
    const clock = new FakeClock();
    const notes = new Notes();
    const options = { ...OPTIONS, observe: true };
    const learner = new Patience(options, notes);
    for (let i = 0; i < 3; i++) learner.left(5000);
    const run = patience(
      learner,
      options,
      clock,
    )((exchange) => {
      expect(exchange.patienceEndsAt).toBe(Infinity);
      exchange.attempt = 2;
      clock.time = 4900;
      return Promise.resolve(answered(200));
    });
    clock.time = 0;
    await run(exchangeOf());
    expect(notes.would).toEqual(['patience: stopped']);
  });
});
