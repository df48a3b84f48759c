import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Alarms, type Sleeper } from '../../../src/upstream/alarms.ts';
import { FakeClock } from '../policy/fixtures.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Somebody who notes when he was woken. */
function sleeper(clock: FakeClock, then: () => void = () => undefined): Sleeper & { readonly woken: number[] } {
  const woken: number[] = [];
  return {
    wakeAt: Infinity,
    before: undefined,
    after: undefined,
    woken,
    wake: () => {
      woken.push(clock.now());
      then();
    },
  };
}

/** Moves the clock and the timers a millisecond at a time, as they go in life. */
function pass(clock: FakeClock, ms: number): void {
  for (let i = 0; i < ms; i++) {
    clock.advance(1);
    vi.advanceTimersByTime(1);
  }
}

function make() {
  const clock = new FakeClock();
  return { clock, alarms: new Alarms(clock), from: clock.now() };
}

describe('alarms', () => {
  it('wake each when its time has come, whatever the order in which they were set, and nobody who was set anew or forgotten before', () => {
    // in steps of five, since a timer of Node's may be a millisecond early
    const steps = (max: number): fc.Arbitrary<number> => fc.nat(max).map((count) => 5 * count);
    const action = fc.record({
      who: fc.nat(5),
      what: fc.constantFrom('set' as const, 'forget' as const),
      inMs: steps(40).map((ms) => ms + 5),
      afterMs: steps(8),
    });
    fc.assert(
      fc.property(fc.array(action, { maxLength: 40 }), (actions) => {
        const { clock, alarms } = make();
        const all = Array.from({ length: 6 }, () => sleeper(clock));
        const wanted = all.map((): number[] => []);
        const due = all.map(() => Infinity);
        const step = (ms: number): void => {
          for (let i = 0; i < ms; i++) {
            pass(clock, 1);
            due.forEach((at, who) => {
              if (at > clock.now()) return;
              wanted[who]?.push(at);
              due[who] = Infinity;
            });
          }
        };
        for (const { who, what, inMs, afterMs } of actions) {
          const one = all[who];
          if (one === undefined) continue;
          due[who] = what === 'set' ? clock.now() + inMs : Infinity;
          if (what === 'set') alarms.set(one, due[who]);
          else alarms.forget(one);
          step(afterMs);
        }
        step(250);
        expect(all.map(({ woken }) => woken)).toEqual(wanted);
        expect(vi.getTimerCount()).toBe(0);
      }),
    );
  });

  it('may be set again by who is woken, and end who would be woken after him', () => {
    const { clock, alarms, from } = make();
    const second = sleeper(clock);
    const first = sleeper(clock, () => {
      alarms.forget(second);
      if (first.woken.length < 3) alarms.set(first, clock.now() + 10);
    });
    alarms.set(first, from + 10);
    alarms.set(second, from + 10);
    pass(clock, 100);
    expect(first.woken.length).toBe(3);
    expect(second.woken).toEqual([]);
  });

  it('set one timer for all, and none for who ends before it rings', () => {
    const { clock, alarms, from } = make();
    const set = vi.spyOn(globalThis, 'setTimeout');
    for (let i = 0; i < 1000; i++) {
      const one = sleeper(clock);
      alarms.set(one, clock.now() + 10_000);
      pass(clock, 1);
      alarms.forget(one);
    }
    expect(set).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(from + 10_000);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('waits for longer than a timer can be set to', () => {
    const { clock, alarms, from } = make();
    const one = sleeper(clock);
    alarms.set(one, from + 2 ** 31 + 5000);
    clock.advance(2 ** 31);
    vi.advanceTimersByTime(2 ** 31 - 1);
    expect(one.woken).toEqual([]);
    clock.advance(5000);
    vi.advanceTimersByTime(5001);
    expect(one.woken).toHaveLength(1);
  });

  it('wakes nobody once closed', () => {
    const { clock, alarms, from } = make();
    const one = sleeper(clock);
    alarms.set(one, from + 10);
    alarms.close();
    pass(clock, 50);
    expect(one.woken).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });
});
