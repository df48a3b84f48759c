import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Board } from '../../../../src/app/workers/board.ts';
import type { PlacedPosition } from '../../../../src/app/workers/protocol.ts';
import type { BreakerTransition } from '../../../../src/model/events.ts';
import { Breaker, type BreakerOptions, type Evidence, type Permit } from '../../../../src/policy/breaker/breaker.ts';
import { FakeClock } from '../../policy/fixtures.ts';

const OPTIONS: BreakerOptions = {
  consecutive: 4,
  ratio: 0.5,
  windowMs: 10_000,
  minimum: 12,
  openForMs: 1000,
  openMaxMs: 4000,
  probes: 2,
  probeTimeoutMs: 30_000,
  slow: undefined,
  rampMs: 0,
};
const PLACE = { upstream: 'api', breaker: 'default', authority: 'a.example' };

/** Workers that share one breaker, with channels that carry at once. */
class Crowd {
  readonly clock = new FakeClock();
  readonly changes: string[] = [];
  readonly breakers: Breaker[];
  readonly board: Board;

  constructor(count: number) {
    this.board = new Board({
      clock: this.clock,
      changed: ({ from, to }) => this.changes.push(`${from} -> ${to}`),
      tell: (position, by) => this.breakers.forEach((breaker, worker) => this.#follow(breaker, position, worker === by)),
      askBack: (worker, _place, purpose) => Promise.resolve(this.breakers[worker]?.yield(purpose)),
    });
    this.breakers = Array.from({ length: count }, (_, worker) => this.#make(worker));
  }

  /** Tells all what each has seen. */
  exchange(): void {
    for (const [worker, breaker] of this.breakers.entries()) {
      const seen = breaker.takeSightings();
      if (seen !== undefined) for (const [other, each] of this.breakers.entries()) if (other !== worker) each.hear(seen);
    }
  }

  /** Where they stand, the one that tries probes first. */
  get states(): Set<string> {
    return new Set(this.breakers.map(({ state }) => state));
  }

  #make(worker: number): Breaker {
    const breaker: Breaker = new Breaker(
      OPTIONS,
      this.clock,
      (from, to, reason, cause) => {
        const transition: BreakerTransition = { ...PLACE, from, to, reason, cause };
        this.board.changed({ transition, position: { ...PLACE, ...breaker.export() } }, worker);
      },
      {
        dirty: () => undefined,
        claim: (purpose) => this.board.claim(PLACE, worker, purpose),
        prolonged: () => {
          const position = { ...PLACE, ...breaker.position };
          if (this.board.prolonged(position)) this.breakers.forEach((each, other) => other !== worker && each.prolong(position));
        },
      },
    );
    return breaker;
  }

  #follow(breaker: Breaker, position: PlacedPosition, own: boolean): void {
    if (!own || (breaker.state !== position.state && position.state !== 'half-open')) breaker.follow(position);
  }
}

/** One attempt on a worker, its outcome known at once. */
interface Step {
  readonly worker: number;
  readonly evidence: Evidence;
  readonly laterMs: number;
}

const steps = fc.array(
  fc.record<Step>({
    worker: fc.nat(2),
    evidence: fc.constantFrom<Evidence>('success', 'failure', 'failure', 'soft', 'alive', 'void'),
    laterMs: fc.constantFrom(0, 5, 100, 1100, 4500),
  }),
  { maxLength: 60 },
);

describe('the breaker of several workers', () => {
  it('admits, opens and closes as the breaker of one process does, whichever worker an attempt comes to', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (taken) => {
        const crowd = new Crowd(3);
        const changes: string[] = [];
        const alone = new Breaker(OPTIONS, crowd.clock, (from, to) => changes.push(`${from} -> ${to}`));
        for (const { worker, evidence, laterMs } of taken) {
          crowd.clock.advance(laterMs);
          const breaker = crowd.breakers[worker] as Breaker;
          const permit = await breaker.admitShared();
          const expected = alone.admit();
          expect(permit === undefined).toBe(expected === undefined);
          if (permit !== undefined) breaker.report(permit, evidence, 'x');
          if (expected !== undefined) alone.report(expected, evidence, 'x');
          crowd.exchange();
          expect(crowd.changes).toEqual(changes);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('lets no more probes through than configured, whoever asks at once', async () => {
    const crowd = new Crowd(3);
    for (let i = 0; i < 4; i++) crowd.breakers[0]?.report(crowd.breakers[0].admit() as Permit, 'failure', 'x');
    expect(crowd.states).toEqual(new Set(['open']));
    crowd.clock.advance(1000);
    const asked = await Promise.all(Array.from({ length: 30 }, (_, i) => (crowd.breakers[i % 3] as Breaker).admitShared()));
    const through = asked.filter((permit) => permit !== undefined).length;
    expect(through).toBeGreaterThanOrEqual(1);
    expect(through).toBeLessThanOrEqual(2);
    expect(crowd.changes).toEqual(['closed -> open', 'open -> half-open']);
  });

  it('takes what one event ends in all workers for one failure', () => {
    const crowd = new Crowd(8);
    for (const breaker of crowd.breakers) breaker.report(breaker.admit() as Permit, 'failure', 'x', 0, 0, breaker.mark);
    crowd.exchange();
    expect(crowd.changes).toEqual([]);
  });

  it('is opened once by workers that see the last failures at the same time', () => {
    const crowd = new Crowd(2);
    const [first, second] = crowd.breakers as [Breaker, Breaker];
    for (const [breaker, laterMs] of [
      [first, 0],
      [second, 100],
      [first, 100],
      [second, 100],
    ] as const) {
      crowd.clock.advance(laterMs);
      breaker.report(breaker.admit() as Permit, 'failure', 'x');
    }
    expect(crowd.states).toEqual(new Set(['closed']));
    crowd.exchange();
    expect(crowd.states).toEqual(new Set(['open']));
    expect(crowd.changes).toEqual(['closed -> open']);
  });

  it('is left to another worker when the one that tries has died', async () => {
    const crowd = new Crowd(2);
    for (let i = 0; i < 4; i++) crowd.breakers[0]?.report(crowd.breakers[0].admit() as Permit, 'failure', 'x');
    crowd.clock.advance(1000);
    expect(await crowd.breakers[0]?.admitShared()).toBeDefined();
    expect(await crowd.breakers[1]?.admitShared()).toBeUndefined();
    crowd.board.died(0);
    expect(await crowd.breakers[1]?.admitShared()).toBeDefined();
    expect(crowd.board.positions).toMatchObject([{ state: 'half-open' }]);
  });

  it('is closed by the worker that probes, where nobody calls, and not while another tries', async () => {
    const crowd = new Crowd(3);
    const good = async (times: number): Promise<void> => {
      for (let i = 0; i < times; i++) {
        crowd.clock.advance(100);
        for (const [worker, breaker] of crowd.breakers.entries()) breaker.probed(true, '', 1000, 2, worker === 0);
        await Promise.resolve();
      }
    };
    for (let i = 0; i < 4; i++) crowd.breakers[0]?.report(crowd.breakers[0].admit() as Permit, 'failure', 'x');
    await good(1);
    const trial = (await crowd.breakers[2]?.admitShared()) as Permit;
    await good(30);
    expect(crowd.changes).toEqual(['closed -> open', 'open -> half-open']);
    crowd.breakers[2]?.report(trial, 'void');
    await good(30);
    expect(crowd.changes).toEqual(['closed -> open', 'open -> half-open', 'half-open -> closed']);
    expect(crowd.states).toEqual(new Set(['closed']));
  });

  it('is not closed at rest while another worker has requests, whatever comes of them, as the breaker of one process is not', async () => {
    const crowd = new Crowd(2);
    const [prober, other] = crowd.breakers as [Breaker, Breaker];
    const alone = new Breaker(OPTIONS, crowd.clock, () => undefined);
    for (const breaker of [prober, alone]) breaker.trip();
    crowd.clock.advance(1000);
    const probed = async (): Promise<void> => {
      for (const breaker of [...crowd.breakers, alone]) breaker.probed(true, '', 1000, 2, breaker !== other);
      for (let i = 0; i < 10; i++) await Promise.resolve();
    };
    for (let i = 0; i < 20; i++) {
      const trials = [await other.admitShared(), alone.admit()];
      for (const [at, breaker] of [other, alone].entries()) breaker.report(trials[at] as Permit, 'void');
      await probed();
      crowd.clock.advance(400);
      await probed();
      expect([prober.state, other.state, alone.state]).toEqual(['open', 'half-open', 'half-open']);
      crowd.clock.advance(400);
    }
    for (let i = 0; i < 5; i++) {
      await probed();
      crowd.clock.advance(400);
    }
    expect([prober.state, other.state, alone.state]).toEqual(['closed', 'closed', 'closed']);
  });

  it('stays open no longer where what a good active probe let through early fails, in all workers', async () => {
    const crowd = new Crowd(3);
    for (let i = 0; i < 4; i++) crowd.breakers[0]?.report(crowd.breakers[0].admit() as Permit, 'failure', 'x');
    crowd.clock.advance(100);
    for (const [worker, breaker] of crowd.breakers.entries()) breaker.probed(true, '', 1000, 2, worker === 0);
    const trial = (await crowd.breakers[2]?.admitShared()) as Permit;
    crowd.breakers[2]?.report(trial, 'failure', 'x');
    expect(crowd.breakers.map(({ state, retryAfterMs }) => [state, retryAfterMs])).toEqual(crowd.breakers.map(() => ['open', 900]));
  });

  it('stays open in all for as long as the upstream asks one of them for, or active probes fail, and in one that begins then', async () => {
    const crowd = new Crowd(2);
    const [first, second] = crowd.breakers as [Breaker, Breaker];
    const late = first.admit() as Permit;
    second.trip();
    crowd.clock.advance(500);
    first.report(late, 'failure', 'x', 3000);
    crowd.clock.advance(600);
    expect(await second.admitShared()).toBeUndefined();
    expect(crowd.board.positions).toMatchObject([{ state: 'open', openForMs: 2400, askedForMs: 2400 }]);
    // a good probe does not end what the upstream asks for
    for (const breaker of crowd.breakers) breaker.probed(true, '', 1000, 2, breaker === first);
    expect([first.retryAfterMs, second.retryAfterMs]).toEqual([2400, 2400]);
    crowd.clock.advance(2000);
    for (const breaker of crowd.breakers) breaker.probed(false, 'x', 1000, 2, breaker === first);
    expect(crowd.board.positions).toMatchObject([{ state: 'open', openForMs: 1000 }]);
    crowd.clock.advance(1000);
    expect(await second.admitShared()).toBeDefined();
  });

  it('is tried by another worker where the one that tried has lost its probe', async () => {
    const crowd = new Crowd(2);
    for (let i = 0; i < 4; i++) crowd.breakers[0]?.report(crowd.breakers[0].admit() as Permit, 'failure', 'x');
    crowd.clock.advance(1000);
    for (let i = 0; i < 2; i++) expect(await crowd.breakers[0]?.admitShared()).toBeDefined();
    expect(await crowd.breakers[1]?.admitShared()).toBeUndefined();
    crowd.clock.advance(40_000);
    await crowd.breakers[1]?.admitShared();
    expect(crowd.changes.at(-1)).toBe('half-open -> open');
    expect(await crowd.breakers[1]?.admitShared()).toBeDefined();
  });
});
