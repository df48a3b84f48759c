import { describe, expect, it } from 'vitest';
import { Breaker, type BreakerOptions } from '../../../src/policy/breaker/breaker.ts';
import { BREAKER_OPTIONS, FakeClock } from './fixtures.ts';

const OPTIONS: BreakerOptions = { ...BREAKER_OPTIONS, consecutive: 3 };

function make(options: Partial<BreakerOptions> = {}) {
  const clock = new FakeClock();
  const breaker = new Breaker({ ...OPTIONS, ...options }, clock, () => undefined);
  /** Begins an attempt; gives how to fail it. */
  const begin = (): (() => void) => {
    const { mark } = breaker;
    const permit = breaker.admit();
    return () => permit !== undefined && breaker.report(permit, 'failure', 'reset', 0, 0, mark);
  };
  return { breaker, clock, begin };
}

describe('failures that are one event', () => {
  it('take ten attempts that one reset ends for one failure in a row', () => {
    const { breaker, begin } = make();
    for (const fail of Array.from({ length: 10 }, begin)) fail();
    expect(breaker.state).toBe('closed');
  });

  it('count attempts that begin after a failure, however soon', () => {
    const { breaker, begin } = make();
    for (let i = 0; i < 3; i++) begin()();
    expect(breaker.state).toBe('open');
  });

  it('count attempts that ran side by side but failed apart, as timeouts do', () => {
    const { breaker, clock, begin } = make();
    for (const fail of Array.from({ length: 3 }, begin)) {
      fail();
      clock.advance(300);
    }
    expect(breaker.state).toBe('open');
  });

  it('count for the share of failures all the same', () => {
    const { breaker, begin } = make({ ratio: 0.5, minimum: 10 });
    for (const fail of Array.from({ length: 10 }, begin)) fail();
    expect(breaker.state).toBe('open');
  });
});
