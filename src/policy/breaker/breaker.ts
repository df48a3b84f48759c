import { ConsecutiveBreaker } from 'cockatiel';
import type { Clock } from '../../model/clock.ts';
import type { BreakerState } from '../../model/events.ts';
import { OutcomeWindow } from './window.ts';

/** When a breaker opens and for how long. Times in milliseconds. */
export interface BreakerOptions {
  readonly consecutive: number;
  /** Share of failures in the window that opens it; undefined: consecutive failures alone. */
  readonly ratio: number | undefined;
  readonly windowMs: number;
  /** Outcomes in the window below which the ratio says nothing. */
  readonly minimum: number;
  readonly openForMs: number;
  readonly openMaxMs: number;
  readonly probes: number;
  readonly probeTimeoutMs: number;
}

/** Leave to make one attempt. A probe is one of the few that a half-open breaker lets through. */
export interface Permit {
  readonly probe: boolean;
  /** Which period of the breaker it belongs to: what was admitted before a change says nothing of what came after. */
  readonly period: number;
  readonly grantedAt: number;
}

/**
 * What an attempt says of its upstream. `soft` counts for the ratio alone and fails a probe (429); `alive` is an answer that is nobody's fault (404): it closes
 * a half-open breaker and otherwise says nothing; `void` is no evidence at all (the client left, our own refusal).
 */
export type Evidence = 'success' | 'failure' | 'soft' | 'alive' | 'void';

type State =
  | { readonly name: 'closed' }
  | { readonly name: 'open'; readonly until: number }
  | { readonly name: 'half-open'; readonly out: Set<Permit>; good: number }
  | { readonly name: 'isolated' };

/** Hears of each change, with its reason. */
export type BreakerListener = (from: BreakerState, to: BreakerState, reason: string) => void;

/**
 * A circuit breaker for one upstream that opens on consecutive failures or on the share of failures in a window, whichever comes first. Open time doubles with each failed
 * probe. A probe that never reports counts as failed after `probeTimeoutMs`, so that half-open cannot stick.
 */
export class Breaker {
  readonly #options: BreakerOptions;
  readonly #clock: Clock;
  readonly #changed: BreakerListener;
  readonly #inARow: ConsecutiveBreaker;
  readonly #window: OutcomeWindow;
  #state: State = { name: 'closed' };
  #period = 0;
  #permit: Permit = { probe: false, period: 0, grantedAt: 0 };
  /** Times it opened without having closed in between. */
  #reopened = 0;

  constructor(options: BreakerOptions, clock: Clock, changed: BreakerListener) {
    this.#options = options;
    this.#clock = clock;
    this.#changed = changed;
    this.#inARow = new ConsecutiveBreaker(options.consecutive);
    this.#window = new OutcomeWindow(options.windowMs, clock);
  }

  /** Where it stands. An open breaker whose time is over says `open` until the next request asks. */
  get state(): BreakerState {
    return this.#state.name;
  }

  /** Milliseconds until it lets a probe through; 0 where it admits. */
  get retryAfterMs(): number {
    if (this.#state.name === 'isolated') return this.#options.openForMs;
    return this.#state.name === 'open' ? Math.max(0, this.#state.until - this.#clock.now()) : 0;
  }

  /** Whether `admit` would give a permit now. Changes nothing. */
  get admits(): boolean {
    switch (this.#state.name) {
      case 'closed':
        return true;
      case 'isolated':
        return false;
      case 'open':
        return this.#clock.now() >= this.#state.until;
      case 'half-open':
        return this.#state.out.size + this.#state.good < this.#options.probes;
    }
  }

  /** Leave to make an attempt, or undefined where it is open. Every permit must be given back by `report`. */
  admit(): Permit | undefined {
    if (this.#state.name === 'closed') return this.#permit;
    if (this.#state.name === 'open' && this.#clock.now() >= this.#state.until) {
      this.#enter({ name: 'half-open', out: new Set(), good: 0 }, 'its open time is over');
    }
    if (this.#state.name !== 'half-open') return undefined;
    this.#expireProbes(this.#state.out);
    return this.#grantProbe();
  }

  /** What came of an attempt. `waitMs`: how long the upstream asked to be left alone; it lengthens the open time. `what` names the failure. */
  report(permit: Permit, evidence: Evidence, what = '', waitMs = 0): void {
    if (permit.period !== this.#period) return;
    if (this.#state.name === 'half-open') this.#reportProbe(this.#state, permit, evidence, what, waitMs);
    else if (this.#state.name === 'closed') this.#reportClosed(evidence, what, waitMs);
  }

  /** Opens it by hand, as a failure would. */
  trip(reason = 'tripped by hand'): void {
    this.#open(reason, 0);
  }

  /** Closes it by hand and forgets what it saw. */
  reset(reason = 'reset by hand'): void {
    this.#close(reason);
  }

  /** Holds it open until `reset`. */
  isolate(reason = 'isolated by hand'): void {
    this.#enter({ name: 'isolated' }, reason);
  }

  #grantProbe(): Permit | undefined {
    if (this.#state.name !== 'half-open' || !this.admits) return undefined;
    const permit = { probe: true, period: this.#period, grantedAt: this.#clock.now() };
    this.#state.out.add(permit);
    return permit;
  }

  #expireProbes(out: Set<Permit>): void {
    const oldest = this.#clock.now() - this.#options.probeTimeoutMs;
    for (const permit of out) {
      if (permit.grantedAt <= oldest) return this.#open('a probe did not report in time', 0);
    }
  }

  #reportProbe(state: State & { name: 'half-open' }, permit: Permit, evidence: Evidence, what: string, waitMs: number): void {
    if (!state.out.delete(permit)) return;
    if (evidence === 'failure' || evidence === 'soft') return this.#open(`a probe failed: ${what}`, waitMs);
    if (evidence === 'void') return;
    state.good++;
    if (state.good >= this.#options.probes) this.#close('the probes were answered');
  }

  #reportClosed(evidence: Evidence, what: string, waitMs: number): void {
    if (evidence === 'success') {
      this.#inARow.success();
      if (this.#options.ratio !== undefined) this.#window.add(true);
      return;
    }
    if (evidence !== 'failure' && evidence !== 'soft') return;
    this.#window.add(false);
    if (evidence === 'failure' && this.#inARow.failure()) {
      return this.#open(`${this.#options.consecutive} failures in a row, last: ${what}`, waitMs);
    }
    const { ratio, minimum } = this.#options;
    const { total, failures } = this.#window.counts;
    if (ratio !== undefined && total >= minimum && failures >= ratio * total) {
      this.#open(`${failures} of ${total} attempts failed, last: ${what}`, waitMs);
    }
  }

  /** Open time: doubled each time in a row, with up to a tenth added so that many sidecars do not probe at once. */
  #open(reason: string, waitMs: number): void {
    const { openForMs, openMaxMs } = this.#options;
    const grown = Math.min(openMaxMs, openForMs * 2 ** this.#reopened);
    const jittered = this.#reopened === 0 ? grown : grown * (1 + 0.1 * this.#clock.random());
    const openMs = Math.max(jittered, Math.min(waitMs, openMaxMs));
    this.#reopened++;
    this.#enter({ name: 'open', until: this.#clock.now() + openMs }, reason);
  }

  #close(reason: string): void {
    this.#reopened = 0;
    this.#inARow.success();
    this.#window.clear();
    this.#enter({ name: 'closed' }, reason);
  }

  #enter(state: State, reason: string): void {
    const from = this.#state.name;
    this.#state = state;
    this.#period++;
    this.#permit = { probe: false, period: this.#period, grantedAt: 0 };
    if (from !== state.name) this.#changed(from, state.name, reason);
  }
}
