import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Breaker, type BreakerOptions, type Evidence, type Permit } from '../../../src/policy/breaker/breaker.ts';
import { BREAKER_OPTIONS, FakeClock } from './fixtures.ts';

const OPTIONS = BREAKER_OPTIONS;

function make(options: Partial<BreakerOptions> = {}): { breaker: Breaker; clock: FakeClock; log: string[]; see: (...evidence: Evidence[]) => void } {
  const clock = new FakeClock();
  const log: string[] = [];
  const breaker = new Breaker({ ...OPTIONS, ...options }, clock, (from, to, reason) => log.push(`${from} -> ${to}: ${reason}`));
  const see = (...evidence: Evidence[]): void => {
    for (const one of evidence) {
      const permit = breaker.admit();
      if (permit !== undefined) breaker.report(permit, one, 'x');
    }
  };
  return { breaker, clock, log, see };
}

const FIVE: Evidence[] = ['failure', 'failure', 'failure', 'failure', 'failure'];

describe('a breaker', () => {
  it('opens on five failures in a row and says why', () => {
    const { breaker, log, see } = make();
    see(...FIVE);
    expect(breaker.state).toBe('open');
    expect(log).toEqual(['closed -> open: 5 failures in a row, last: x']);
    expect(breaker.admit()).toBeUndefined();
  });

  it('starts to count anew after a success', () => {
    const { breaker, see } = make();
    see('failure', 'failure', 'failure', 'failure', 'success', 'failure', 'failure', 'failure', 'failure');
    expect(breaker.state).toBe('closed');
  });

  it('takes a 404 for nothing while closed: it neither counts nor forgives', () => {
    const { breaker, see } = make();
    see('failure', 'failure', 'failure', 'failure', 'alive', 'failure');
    expect(breaker.state).toBe('open');
  });

  it('opens on the share of failures once there are enough of them to judge', () => {
    const { breaker, see } = make({ ratio: 0.5, consecutive: 100, minimum: 10 });
    see('failure', 'success', 'failure', 'success', 'failure', 'success', 'failure', 'success', 'failure');
    expect(breaker.state).toBe('closed');
    see('failure');
    expect(breaker.state).toBe('open');
  });

  it('lets a window expire by itself', () => {
    const { breaker, clock, see } = make({ ratio: 0.5, consecutive: 100, minimum: 4 });
    see('failure', 'failure', 'failure');
    clock.advance(20_000);
    see('failure');
    expect(breaker.state).toBe('closed');
  });

  it('counts a 429 for the share alone, and lets it fail a probe', () => {
    const { breaker, clock, see } = make();
    see('soft', 'soft', 'soft', 'soft', 'soft', 'soft');
    expect(breaker.state).toBe('closed');
    see(...FIVE);
    clock.advance(60_000);
    see('soft');
    expect(breaker.state).toBe('open');
  });

  it('lets one probe through after its open time, and closes when that is answered', () => {
    const { breaker, clock, see } = make();
    see(...FIVE);
    clock.advance(59_999);
    expect(breaker.admit()).toBeUndefined();
    clock.advance(1);
    const probe = breaker.admit();
    expect(probe?.probe).toBe(true);
    expect(breaker.admit()).toBeUndefined();
    breaker.report(probe as Permit, 'alive');
    expect(breaker.state).toBe('closed');
  });

  it('stays open twice as long after a failed probe, up to its bound', () => {
    const { breaker, clock, see } = make();
    clock.chance = 0;
    see(...FIVE);
    const openTimes = [];
    for (let i = 0; i < 5; i++) {
      openTimes.push(breaker.retryAfterMs);
      clock.advance(breaker.retryAfterMs);
      see('failure');
    }
    expect(openTimes).toEqual([60_000, 120_000, 240_000, 300_000, 300_000]);
  });

  it('leaves the upstream alone as long as it asks', () => {
    const { breaker } = make({ consecutive: 1, openForMs: 1000 });
    breaker.report(breaker.admit() as Permit, 'failure', '503', 45_000);
    expect(breaker.retryAfterMs).toBe(45_000);
  });

  it('does not stick half-open when a probe never reports', () => {
    const { breaker, clock, log, see } = make();
    see(...FIVE);
    clock.advance(60_000);
    expect(breaker.admit()?.probe).toBe(true);
    clock.advance(30_000);
    expect(breaker.admit()).toBeUndefined();
    expect(log.at(-1)).toContain('a probe did not report in time');
  });

  it('gives the place of a probe whose client left to the next request', () => {
    const { breaker, clock, see } = make();
    see(...FIVE);
    clock.advance(60_000);
    breaker.report(breaker.admit() as Permit, 'void');
    expect(breaker.state).toBe('half-open');
    expect(breaker.admit()?.probe).toBe(true);
  });

  it('ignores what was admitted before it changed', () => {
    const { breaker, clock, see } = make();
    const old = breaker.admit() as Permit;
    see(...FIVE);
    clock.advance(60_000);
    const probe = breaker.admit() as Permit;
    breaker.report(old, 'failure');
    expect(breaker.state).toBe('half-open');
    breaker.report(probe, 'success');
    expect(breaker.state).toBe('closed');
  });

  it('can be tripped, isolated and reset by hand', () => {
    const { breaker, clock, log } = make();
    breaker.trip();
    expect(breaker.state).toBe('open');
    breaker.isolate();
    clock.advance(1e9);
    expect(breaker.admit()).toBeUndefined();
    breaker.reset();
    expect(breaker.admit()).toBeDefined();
    expect(log.map((line) => line.split(':')[0])).toEqual(['closed -> open', 'open -> isolated', 'isolated -> closed']);
  });

  it('never lets more than its probes through while not closed, and always admits again in the end, whatever happens', () => {
    const event = fc.record({
      advanceMs: fc.integer({ min: 0, max: 40_000 }),
      act: fc.constantFrom('ask', 'success', 'failure', 'soft', 'alive', 'void', 'lose'),
    });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 120 }), fc.integer({ min: 1, max: 3 }), (events, probes) => {
        const { breaker, clock } = make({ probes, ratio: 0.5, minimum: 4, consecutive: 3 });
        let out: Permit[] = [];
        for (const { advanceMs, act } of events) {
          clock.advance(advanceMs);
          if (act === 'ask') {
            const permit = breaker.admit();
            if (permit !== undefined) out.push(permit);
          } else {
            const permit = out.shift();
            if (permit !== undefined && act !== 'lose') breaker.report(permit, act, 'x');
          }
          const period = out.filter((permit) => permit.probe && permit.period === out.at(-1)?.period);
          expect(breaker.state === 'half-open' ? period.length : 0).toBeLessThanOrEqual(probes);
          if (breaker.state === 'closed') out = out.filter((permit) => !permit.probe);
        }
        clock.advance(400_000);
        breaker.admit();
        clock.advance(400_000);
        breaker.admit();
        clock.advance(400_000);
        expect(breaker.admit()).toBeDefined();
      }),
    );
  });
});
