import type { OpenTime } from './open-time.ts';
import { isResting, type State } from './state.ts';

/** What a breaker has to do about an active probe: stay open, open, let a request try early, or close since none comes. */
export type ProbeAdvice = 'hold' | 'open' | 'try' | 'close' | undefined;

/**
 * What a breaker makes of the active probes of its host: how many failed in a row, whether the next good one may end the open time, and for how long good ones have been all
 * that there was. The open time does not end twice on the word of a probe that sees nothing of what fails here.
 */
export class ActiveProbes {
  #failed = 0;
  #trusted = true;
  /** Since when, in monotonic milliseconds, it has waited for a request while all probes were good. */
  #restingSince = Infinity;

  /** How many have failed in a row. */
  get failed(): number {
    return this.#failed;
  }

  /** One failed: what to do, where so many in a row (`atLeast`) open a closed one. It sees what is wrong, and is believed again. */
  bad(state: State, atLeast: number): ProbeAdvice {
    this.#failed++;
    this.#trusted = true;
    this.disturb();
    if (state.name === 'open') return 'hold';
    return state.name === 'half-open' || (state.name === 'closed' && this.#failed >= atLeast) ? 'open' : undefined;
  }

  /** One was good: what to do. */
  good(state: State, now: number, openTime: OpenTime): ProbeAdvice {
    this.#failed = 0;
    if (state.name === 'open' && this.#trusted && now >= openTime.askedUntil) {
      this.#trusted = false;
      return 'try';
    }
    this.#restingSince = isResting(state, now) ? Math.min(this.#restingSince, now) : Infinity;
    return this.rested(now, openTime) ? 'close' : undefined;
  }

  /** Whether it has waited for a request for as long as it was open, while all probes were good. */
  rested(now: number, { lastMs }: OpenTime): boolean {
    return now - this.#restingSince >= lastMs;
  }

  /** A request has come, or the breaker has changed. */
  disturb(): void {
    this.#restingSince = Infinity;
  }

  /** It closed: they were right. */
  trust(): void {
    this.#trusted = true;
  }
}
