import type { Exchange } from './exchange.ts';
import { callAfter } from './timer.ts';

/** Time and chance for policies, so that tests decide both. */
export interface Clock {
  /** Monotonic milliseconds: for durations and deadlines. */
  now(): number;
  /** Milliseconds since the epoch: for dates that others read. */
  wallNow(): number;
  /** A number in [0, 1). */
  random(): number;
}

/** The machine's own time and chance. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wallNow: () => Date.now(),
  random: () => Math.random(),
};

/** Waits `ms` milliseconds, or less if the client goes away first. False where it went. */
export function wait(ms: number, exchange: Exchange): Promise<boolean> {
  return new Promise((resolve) => {
    const left = (): void => {
      clearTimeout(timer);
      resolve(false);
    };
    const timer = callAfter(ms, () => {
      exchange.offAbort(left);
      resolve(true);
    });
    exchange.onAbort(left);
  });
}
