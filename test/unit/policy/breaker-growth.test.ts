import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BreakerState } from '../../../src/model/events.ts';
import { Breaker, type BreakerOptions, type Evidence, type Permit } from '../../../src/policy/breaker/breaker.ts';
import { BREAKER_OPTIONS, FakeClock } from './fixtures.ts';

const OPTIONS = BREAKER_OPTIONS;

function make(options: Partial<BreakerOptions> = {}) {
  const clock = new FakeClock();
  const causes: string[] = [];
  const breaker = new Breaker({ ...OPTIONS, ...options }, clock, (_from, to, _reason, cause) => causes.push(`${to}: ${cause}`));
  const see = (evidence: Evidence, tookMs = 0, waitMs = 0): boolean => {
    const permit = breaker.admit();
    if (permit !== undefined) breaker.report(permit, evidence, 'x', waitMs, tookMs);
    return permit !== undefined;
  };
  const open = (): void => {
    for (let i = 0; i < 5; i++) see('failure');
  };
  return { breaker, clock, causes, see, open };
}

describe('slow calls', () => {
  const slow = { afterMs: 1000, ratio: 0.5 };

  it('open the breaker at their share of the window, once there are enough to judge', () => {
    const { breaker, causes, see } = make({ slow });
    for (let i = 0; i < 9; i++) see('success', i % 2 === 0 ? 1500 : 10);
    expect(breaker.state).toBe('closed');
    see('success', 1000);
    expect(causes).toEqual(['open: slow']);
  });

  it('do not count where they are fast enough, or long ago', () => {
    const { breaker, clock, see } = make({ slow });
    for (let i = 0; i < 9; i++) see('success', 1500);
    clock.advance(20_000);
    for (let i = 0; i < 30; i++) see('success', 999);
    expect(breaker.state).toBe('closed');
  });

  it('fail a probe', () => {
    const { causes, clock, see, open } = make({ slow });
    open();
    clock.advance(60_000);
    see('success', 2000);
    expect(causes).toEqual(['open: consecutive', 'half-open: elapsed', 'open: probe_failed']);
  });
});

describe('the ramp after closing', () => {
  function closedAgain() {
    const made = make({ rampMs: 10_000 });
    made.open();
    made.clock.advance(60_000);
    made.see('success');
    expect(made.breaker.state).toBe('closed');
    return made;
  }

  it('lets a growing share through', () => {
    const { breaker, clock } = closedAgain();
    const shares: number[] = [];
    for (let second = 0; second < 11; second++) {
      let admitted = 0;
      for (let i = 0; i < 100; i++) {
        clock.chance = ((i * 37) % 100) / 100;
        if (breaker.admit() !== undefined) admitted++;
        clock.advance(10);
      }
      shares.push(admitted);
    }
    expect(shares[0]).toBeLessThan(25);
    expect(shares[4]).toBeGreaterThan(30);
    expect(shares[4]).toBeLessThan(70);
    expect(shares[10]).toBe(100);
    expect(shares).toEqual(shares.toSorted((a, b) => a - b));
  });

  it('is not noticed by one request a second', () => {
    const { breaker, clock } = closedAgain();
    clock.chance = 0.999;
    for (let i = 0; i < 10; i++) {
      expect(breaker.admit()).toBeDefined();
      clock.advance(1000);
    }
  });

  it('says when everything is let through', () => {
    const { breaker, clock } = closedAgain();
    clock.advance(4000);
    expect(breaker.retryAfterMs).toBe(6000);
  });
});

describe('active probes', () => {
  it('that fail again after one had succeeded early keep it open until the next one: no user pays for the discovery', () => {
    const { breaker, clock } = make();
    breaker.trip();
    clock.advance(50_000);
    breaker.probed(true, '', 25_000, 1);
    clock.advance(9900);
    breaker.probed(false, 'x', 25_000, 1);
    clock.advance(1000);
    expect(breaker.admit()).toBeUndefined();
    clock.advance(24_000);
    expect(breaker.admit()?.probe).toBe(true);
  });

  it('open it after so many failures in a row, before any request has failed', () => {
    const { breaker, causes } = make();
    breaker.probed(false, 'connection_refused', 20_000, 2);
    expect(breaker.state).toBe('closed');
    breaker.probed(false, 'connection_refused', 20_000, 2);
    expect(causes).toEqual(['open: active_probe']);
  });

  it('half-open it early when one succeeds', () => {
    const { breaker, clock, causes, open } = make();
    open();
    breaker.probed(false, 'x', 20_000, 2);
    clock.advance(5000);
    breaker.probed(true, '', 20_000, 2);
    expect(causes).toEqual(['open: consecutive', 'half-open: active_probe']);
    expect(breaker.admit()?.probe).toBe(true);
  });

  it('keep it open while they fail, so that no user pays for the discovery, and not longer than their lease', () => {
    const { breaker, clock, open } = make();
    open();
    for (let i = 0; i < 60; i++) {
      clock.advance(10_000);
      breaker.probed(false, 'x', 20_000, 2);
      expect(breaker.admit()).toBeUndefined();
    }
    clock.advance(20_000);
    expect(breaker.admit()).toBeDefined();
  });

  it('are not believed twice when they see nothing of what fails', () => {
    const { breaker, clock, open } = make();
    open();
    breaker.probed(true, '', 20_000, 2);
    breaker.report(breaker.admit() as Permit, 'failure', 'x');
    clock.advance(10_000);
    breaker.probed(true, '', 20_000, 2);
    expect(breaker.state).toBe('open');
    breaker.probed(false, 'x', 20_000, 2);
    breaker.probed(true, '', 20_000, 2);
    expect(breaker.state).toBe('half-open');
  });

  it('do not make the open time grow where what they let through early fails: it ends when it would have ended', () => {
    const { breaker, clock, see, open } = make();
    clock.chance = 0;
    open();
    clock.advance(5000);
    breaker.probed(true, '', 20_000, 2);
    clock.advance(1000);
    const next = new Breaker(OPTIONS, clock, () => undefined);
    next.adopt(structuredClone(breaker.export()));
    for (const one of [breaker, next]) {
      one.report(one.admit() as Permit, 'failure', 'x');
      expect([one.state, one.retryAfterMs]).toEqual(['open', 54_000]);
    }
    clock.advance(54_000);
    see('failure');
    expect(breaker.retryAfterMs).toBe(120_000);
  });

  it('leave a time that was begun by hand meanwhile its whole length', () => {
    const { breaker, clock, open } = make();
    clock.chance = 0;
    open();
    clock.advance(5000);
    breaker.trip();
    expect(breaker.retryAfterMs).toBe(120_000);
  });

  it('do not end a time that the upstream itself asked for', () => {
    const { breaker, clock, see } = make({ consecutive: 1 });
    see('failure', 0, 90_000);
    breaker.probed(false, 'x', 1000, 2);
    clock.advance(60_000);
    breaker.probed(true, '', 1000, 2);
    expect(breaker.state).toBe('open');
    clock.advance(30_000);
    breaker.probed(true, '', 1000, 2);
    expect(breaker.state).toBe('half-open');
  });

  it('leave an isolated one alone', () => {
    const { breaker } = make();
    breaker.isolate();
    breaker.probed(true, '', 1000, 1);
    expect(breaker.state).toBe('isolated');
  });
});

describe('a breaker that opens', () => {
  it('stays open for as long as an attempt from before still says', () => {
    const { breaker, clock, open } = make();
    const old = breaker.admit() as Permit;
    open();
    clock.advance(50_000);
    breaker.report(old, 'soft', '429', 120_000);
    expect(breaker.retryAfterMs).toBe(120_000);
  });

  it('is bound in what an upstream may ask for', () => {
    const { breaker, see } = make({ consecutive: 1 });
    see('failure', 0, 86_400_000);
    expect(breaker.retryAfterMs).toBe(300_000);
  });

  it('waits for a probe as long as its route does', () => {
    const { breaker, clock, causes, open } = make();
    open();
    clock.advance(60_000);
    const slow = breaker.admit(61_000) as Permit;
    clock.advance(45_000);
    expect(breaker.admit()).toBeUndefined();
    breaker.report(slow, 'alive');
    expect(causes.slice(1)).toEqual(['half-open: elapsed', 'closed: recovered']);
  });

  it('counts a lost probe as failed from when it was due, so that a later request is not turned away for it', () => {
    const { breaker, clock, causes, open } = make();
    clock.chance = 0;
    open();
    clock.advance(60_000);
    breaker.admit();
    clock.advance(30_000 + 120_000);
    expect(breaker.admit()?.probe).toBe(true);
    expect(causes.slice(-2)).toEqual(['open: probe_lost', 'half-open: elapsed']);
  });
});

describe('a breaker that takes the place of another', () => {
  it.each<[BreakerState, (breaker: Breaker, clock: FakeClock) => void]>([
    ['open', (breaker) => breaker.trip()],
    ['isolated', (breaker) => breaker.isolate()],
    ['closed', () => undefined],
  ])('is %s as that was', (state, prepare) => {
    const { breaker, clock } = make();
    prepare(breaker, clock);
    const next = new Breaker(OPTIONS, clock, () => undefined);
    next.adopt(breaker.export());
    expect([next.state, next.retryAfterMs]).toEqual([state, breaker.retryAfterMs]);
  });

  it('counts on from where that was', () => {
    const { breaker, clock, see } = make();
    for (let i = 0; i < 4; i++) see('failure');
    const next = new Breaker(OPTIONS, clock, () => undefined);
    next.adopt(structuredClone(breaker.export()));
    next.report(next.admit() as Permit, 'failure');
    expect(next.state).toBe('open');
  });

  it('lets a probe through at once where that was half-open', () => {
    const { breaker, clock, open } = make();
    open();
    clock.advance(60_000);
    breaker.admit();
    const next = new Breaker(OPTIONS, clock, () => undefined);
    next.adopt(breaker.export());
    expect(next.admit()?.probe).toBe(true);
  });
});

/** The rule over a list of every outcome: the reference for a closed breaker (Linkerd's unified breaker: in a row or by share, 429 for the share alone). */
function opensAt(events: readonly { at: number; evidence: Evidence }[], { consecutive, ratio, minimum, windowMs }: BreakerOptions): number {
  let inARow = 0;
  for (const [index, { at, evidence }] of events.entries()) {
    if (evidence === 'success') inARow = 0;
    if (evidence === 'failure') inARow++;
    if (inARow >= consecutive) return index;
    if (evidence !== 'failure' && evidence !== 'soft') continue;
    const slice = Math.floor((at * 10) / windowMs);
    const recent = events.slice(0, index + 1).filter((one) => Math.floor((one.at * 10) / windowMs) > slice - 10);
    const failures = recent.filter((one) => one.evidence === 'failure' || one.evidence === 'soft').length;
    const total = failures + recent.filter((one) => one.evidence === 'success').length;
    if (ratio !== undefined && total >= minimum && failures >= ratio * total) return index;
  }
  return -1;
}

describe('when it opens', () => {
  it('is what a model says that keeps every outcome', () => {
    const step = fc.record({
      advanceMs: fc.integer({ min: 0, max: 1500 }),
      evidence: fc.constantFrom<Evidence>('success', 'success', 'failure', 'soft', 'alive', 'void'),
    });
    const settings = fc.record({
      consecutive: fc.integer({ min: 2, max: 8 }),
      ratio: fc.constantFrom(undefined, 0.3, 0.5, 0.8),
      minimum: fc.integer({ min: 1, max: 12 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), settings, (steps, chosen) => {
        const options = { ...OPTIONS, ...chosen, ratio: chosen.ratio };
        const { breaker, clock, see } = make(options);
        const events: { at: number; evidence: Evidence }[] = [];
        let opened = -1;
        for (const [index, { advanceMs, evidence }] of steps.entries()) {
          clock.advance(advanceMs);
          events.push({ at: clock.time, evidence });
          see(evidence);
          if (breaker.state === 'open') {
            opened = index;
            break;
          }
        }
        expect(opened).toBe(opensAt(events, options));
      }),
    );
  });

  it('is never before its time again, whatever happens: open time is within its bounds', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 0.99, noNaN: true }), { minLength: 1, maxLength: 12 }), (chances) => {
        const { breaker, clock, open, see } = make();
        open();
        for (const [index, chance] of chances.entries()) {
          clock.chance = chance;
          const base = Math.min(300_000, 60_000 * 2 ** index);
          expect(breaker.retryAfterMs).toBeGreaterThan(base - 0.001);
          expect(breaker.retryAfterMs).toBeLessThanOrEqual(base * 1.1);
          clock.advance(breaker.retryAfterMs);
          see('failure');
        }
      }),
    );
  });
});
