import { ConsecutiveBreaker } from 'cockatiel';
import type { Clock } from '../../model/clock.ts';
import type { BreakerCause } from '../../model/events.ts';
import { OutcomeWindow, type WindowSnapshot } from '../../model/outcome-window.ts';
import { FailureEvents } from './failure-events.ts';
import type { Evidence } from './parts.ts';
import type { Sightings, Untold } from './untold.ts';

/** When a closed breaker opens. */
export interface TripOptions {
  readonly consecutive: number;
  /** Share of failures in the window that opens it; undefined: consecutive failures alone. */
  readonly ratio: number | undefined;
  readonly windowMs: number;
  /** Outcomes in the window below which a ratio says nothing. */
  readonly minimum: number;
  /** An attempt that took longer to be answered is slow; at `ratio` of them in the window it opens. Undefined: time does not matter. */
  readonly slow: { readonly afterMs: number; readonly ratio: number } | undefined;
}

/** Why it opens. */
export interface Trip {
  readonly cause: BreakerCause;
  /** For people. */
  readonly reason: string;
}

/** What the counters remember, for those that take their place. */
export interface CountersSnapshot {
  readonly inARow: number;
  readonly windowMs: number;
  readonly window: WindowSnapshot;
}

/**
 * Counts what attempts say of an upstream: failures in a row, and shares of the outcomes of a window. `soft` failures (429) count for the share alone: an
 * upstream that limits us is not down.
 */
export class Counters {
  readonly #options: TripOptions;
  readonly #inARow: ConsecutiveBreaker;
  readonly #window: OutcomeWindow;
  readonly #events: FailureEvents;
  readonly #clock: Clock;
  /** Where others count with us: what they have yet to hear. */
  readonly #untold: Untold | undefined;

  constructor(options: TripOptions, clock: Clock, untold?: Untold) {
    this.#options = options;
    this.#untold = untold;
    this.#inARow = new ConsecutiveBreaker(options.consecutive);
    this.#window = new OutcomeWindow(options.windowMs);
    this.#clock = clock;
    this.#events = new FailureEvents(clock);
  }

  /** Which events an attempt that begins now comes after. */
  get mark(): number {
    return this.#events.mark;
  }

  /** Counts what an attempt that began at `mark` says. Why to open, if it is one too many. */
  count(evidence: Evidence, what: string, tookMs: number, mark: number): Trip | undefined {
    if (evidence === 'alive' || evidence === 'void') return undefined;
    return evidence === 'success' ? this.#success(tookMs) : this.#failure(evidence === 'failure' && this.#events.isNew(mark), what, tookMs);
  }

  /** Counts what others saw. Why to open, if that is too much. */
  heard(seen: Sightings): Trip | undefined {
    const { good, bad, slow, ended, inARow, what } = this.#events.heard(seen);
    const { consecutive } = this.#options;
    this.#window.addAll({ ok: good, failed: bad, slow }, this.#clock.now());
    if (ended) this.#inARow.success();
    this.#inARow.state += inARow;
    if (bad === 0) return slow > 0 ? this.#slowTrip() : undefined;
    if (this.#inARow.state >= consecutive) return { cause: 'consecutive', reason: `${consecutive} failures in a row, last: ${what}` };
    return this.#shareTrip(what);
  }

  #success(tookMs: number): Trip | undefined {
    const { ratio, slow } = this.#options;
    const isSlow = slow !== undefined && tookMs >= slow.afterMs;
    const ends = this.#inARow.state > 0;
    const windowed = ratio !== undefined || slow !== undefined;
    if (ends || windowed) this.#untold?.success(isSlow, ends);
    this.#inARow.success();
    if (!windowed) return undefined;
    this.#window.add(true, this.#clock.now(), isSlow);
    return isSlow ? this.#slowTrip() : undefined;
  }

  /** `inARow`: in the run of failures too, not for the share alone. */
  #failure(inARow: boolean, what: string, tookMs: number): Trip | undefined {
    const { consecutive, slow } = this.#options;
    const isSlow = slow !== undefined && tookMs >= slow.afterMs;
    this.#window.add(false, this.#clock.now(), isSlow);
    this.#untold?.failure(!inARow, isSlow, what, this.#events.after);
    if (inARow && this.#inARow.failure()) return { cause: 'consecutive', reason: `${consecutive} failures in a row, last: ${what}` };
    return this.#shareTrip(what);
  }

  #shareTrip(what: string): Trip | undefined {
    const { ratio, minimum, slow } = this.#options;
    const { ok, failed } = this.#window.counts(this.#clock.now());
    const total = ok + failed;
    if (ratio !== undefined && total >= minimum && failed >= ratio * total) {
      return { cause: 'ratio', reason: `${failed} of ${total} attempts failed, last: ${what}` };
    }
    return slow === undefined ? undefined : this.#slowTrip();
  }

  /** Forgets everything. */
  clear(): void {
    this.#inARow.success();
    this.#window.clear();
    this.#untold?.clear();
  }

  /** What they remember. */
  export(): CountersSnapshot {
    const { windowMs } = this.#options;
    return { inARow: this.#inARow.state, windowMs, window: this.#window.export(this.#clock.now()) };
  }

  /** Takes over what others remembered; their window only where it is as long. */
  adopt({ inARow, windowMs, window }: CountersSnapshot): void {
    this.#inARow.state = inARow;
    if (windowMs === this.#options.windowMs) this.#window.absorb(window, this.#clock.now());
  }

  #slowTrip(): Trip | undefined {
    const { slow, minimum } = this.#options;
    const { ok, failed, slow: found } = this.#window.counts(this.#clock.now());
    const total = ok + failed;
    if (slow === undefined || total < minimum || found < slow.ratio * total) return undefined;
    return { cause: 'slow', reason: `${found} of ${total} attempts took more than ${slow.afterMs} ms` };
  }
}
