import type { Clock } from '../model/clock.ts';
import { LONGEST_MS } from '../model/timer.ts';

/** Milliseconds by which a timer of Node's may fire too early. */
const EARLY_MS = 1;

/** Who wants to be woken at a time. A link of the list of all who do, so that to set an alarm allocates nothing: its fields are for the alarms to write. */
export interface Sleeper {
  /** Monotonic milliseconds; Infinity while it is not to be woken. */
  wakeAt: number;
  /** Its neighbours in the list; undefined while it is in none. */
  before: Sleeper | undefined;
  after: Sleeper | undefined;
  /** Its time has come. It is not to be woken again, unless that is asked for anew. */
  wake(): void;
}

/**
 * The alarms of all attempts on one pool, on one timer of Node's. Nearly every attempt ends long before its time limit: a timer of its own would be made, put in order and taken out again for each, which costs
 * more than all else that its limits need. This one is set for whoever is next and left alone when that one ends early: it then finds nobody, and is set for the next that is left.
 */
export class Alarms {
  readonly #clock: Clock;
  /** Both ends of the list: nobody sleeps here. */
  readonly #ends: Sleeper = { wakeAt: Infinity, before: undefined, after: undefined, wake: () => undefined };
  #timer: NodeJS.Timeout | undefined = undefined;
  #setFor = Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#ends.before = this.#ends.after = this.#ends;
  }

  /** Has the sleeper woken at that time, in monotonic milliseconds, and no more at the time that was set before. */
  set(sleeper: Sleeper, at: number): void {
    sleeper.wakeAt = at;
    if (sleeper.after === undefined) this.#link(sleeper);
    if (at < this.#setFor) this.#setTimer(at);
  }

  /** The sleeper is not to be woken any more. */
  forget(sleeper: Sleeper): void {
    sleeper.wakeAt = Infinity;
    const { before, after } = sleeper;
    if (before === undefined || after === undefined) return;
    before.after = after;
    after.before = before;
    sleeper.before = sleeper.after = undefined;
  }

  /** Wakes nobody any more. */
  close(): void {
    clearTimeout(this.#timer);
    this.#setFor = Infinity;
  }

  #link(sleeper: Sleeper): void {
    const last = this.#ends.before ?? this.#ends;
    sleeper.before = last;
    sleeper.after = this.#ends;
    last.after = sleeper;
    this.#ends.before = sleeper;
  }

  #setTimer(at: number): void {
    clearTimeout(this.#timer);
    this.#setFor = at;
    // what waits for an answer has a connection that keeps the process alive
    this.#timer = setTimeout(() => this.#ring(), Math.min(LONGEST_MS, Math.max(0, at - this.#clock.now()))).unref();
  }

  #ring(): void {
    this.#setFor = Infinity;
    const now = this.#clock.now() + EARLY_MS;
    const due: Sleeper[] = [];
    let next = Infinity;
    for (let one = this.#ends.after; one !== undefined && one !== this.#ends; one = one.after) {
      if (one.wakeAt <= now) due.push(one);
      else if (one.wakeAt < next) next = one.wakeAt;
    }
    if (next < Infinity) this.#setTimer(next);
    for (const one of due) {
      // who was woken before it may have ended it
      if (one.wakeAt === Infinity) continue;
      one.wakeAt = Infinity;
      try {
        one.wake();
      } catch (error) {
        // a bug, to be told as any other is; the others are woken all the same
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
