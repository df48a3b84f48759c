import type { Clock } from '../../model/clock.ts';
import type { BreakerCause } from '../../model/events.ts';
import type { BreakerOptions, BreakerPosition } from './parts.ts';

/** How long a breaker stays open: doubled each time in a row that it opens, and at least as long as the upstream asked to be left alone. */
export class OpenTime {
  readonly #options: BreakerOptions;
  readonly #clock: Clock;
  /** Times it opened without having closed in between. */
  #reopened = 0;
  /** Until when the upstream asked to be left alone. */
  #askedUntil = 0;
  /** When the open time is over by itself, whatever an active probe lets through before. */
  #dueAt = 0;

  constructor(options: BreakerOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
  }

  /** How long it was opened for last, in milliseconds, without what was added to it. */
  get lastMs(): number {
    return this.#grownMs(Math.max(0, this.#reopened - 1));
  }

  /** Monotonic milliseconds until which the upstream asked to be left alone; in the past where it asks for nothing. */
  get askedUntil(): number {
    return this.#askedUntil;
  }

  /**
   * Opens it once more, at `from`: until when it stays so. From the second time in a row on up to a tenth is added, so that many sidecars do not probe at
   * once. `waitMs`: how long the upstream asked to be left alone. What was let through early and failed says nothing of how long the upstream needs: the time is then what it was.
   */
  begin(waitMs: number, from: number, cause: BreakerCause): number {
    const { openMaxMs } = this.#options;
    if (from < this.#dueAt && cause !== 'manual') return Math.max(this.#dueAt, waitMs > 0 ? this.extend(waitMs) : this.#askedUntil);
    const grown = this.#grownMs(this.#reopened);
    const jittered = this.#reopened === 0 ? grown : grown * (1 + 0.1 * this.#clock.random());
    const askedMs = Math.min(waitMs, openMaxMs);
    this.#askedUntil = askedMs > 0 ? from + askedMs : 0;
    this.#reopened++;
    this.#dueAt = from + Math.max(jittered, askedMs);
    return this.#dueAt;
  }

  /** The upstream asks to be left alone for `waitMs` from now on: until when it is, `openMaxMs` from now at the most, or longer where it asked for longer before. */
  extend(waitMs: number): number {
    this.#askedUntil = Math.max(this.#askedUntil, this.#clock.now() + Math.min(waitMs, this.#options.openMaxMs));
    return this.#askedUntil;
  }

  /** It closed: the next time is the first again. */
  forget(): void {
    this.#reopened = 0;
    this.#dueAt = 0;
  }

  /** What it is, for one that takes its place. */
  export(): Omit<BreakerPosition, 'state' | 'openForMs'> {
    const now = this.#clock.now();
    return { askedForMs: Math.max(0, this.#askedUntil - now), dueForMs: Math.max(0, this.#dueAt - now), reopened: this.#reopened };
  }

  /** Goes on where another breaker stands. */
  adopt({ reopened, askedForMs, dueForMs }: BreakerPosition): void {
    const now = this.#clock.now();
    this.#reopened = reopened;
    this.#askedUntil = now + askedForMs;
    this.#dueAt = now + dueForMs;
  }

  #grownMs(doublings: number): number {
    const { openForMs, openMaxMs } = this.#options;
    return Math.min(openMaxMs, openForMs * 2 ** doublings);
  }
}
