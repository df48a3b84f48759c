import type { Clock } from '../model/clock.ts';
import type { QuotaReading } from '../model/status.ts';

interface Gate {
  readonly until: number;
  readonly rule: string;
}

/** Gates that are kept at once; past it the one that opens first gives way. */
const MAX_GATES = 1024;

/** Who was told to wait until then may come back this much earlier, by the rounding of timers. */
const TIMER_SLACK_MS = 2;

/** The used-up quotas of one upstream, by scope: what belongs to one of them is not sent until it resets. */
export class QuotaGates {
  readonly #clock: Clock;
  readonly #gates = new Map<string, Gate>();
  /** When the first of them opens. */
  #soonest = Infinity;
  /** Told that there is news for the others that share them. */
  readonly #dirty: (() => void) | undefined;
  #untold: QuotaReading[] = [];

  constructor(clock: Clock, dirty?: () => void) {
    this.#clock = clock;
    this.#dirty = dirty;
  }

  /** Gates that are kept: none means that no request has to be looked at. */
  get size(): number {
    if (this.#gates.size > 0 && this.#clock.now() >= this.#soonest) this.#forgetOpened();
    return this.#gates.size;
  }

  /** The quota that a scope has used up; undefined where it may go out. */
  closed(scope: string): QuotaReading | undefined {
    const gate = this.#gates.get(scope);
    if (gate === undefined) return undefined;
    const retryAfterMs = gate.until - this.#clock.now();
    if (retryAfterMs > TIMER_SLACK_MS) return { scope, rule: gate.rule, retryAfterMs };
    this.#gates.delete(scope);
    return undefined;
  }

  /** A quota is used up. True where that is news. */
  close(scope: string, forMs: number, rule: string): boolean {
    const until = this.#clock.now() + forMs;
    const known = this.closed(scope);
    if (known !== undefined && known.retryAfterMs >= forMs) return false;
    if (known === undefined && this.#gates.size >= MAX_GATES) this.#makeRoom();
    this.#gates.set(scope, { until, rule });
    this.#soonest = Math.min(this.#soonest, until);
    if (this.#dirty !== undefined) {
      this.#untold.push({ scope, rule, retryAfterMs: forMs });
      this.#dirty();
    }
    return known === undefined;
  }

  /** Forgets a scope's used-up quota, or all: how many there were. Those that share them are not told. */
  open(scope?: string): number {
    const opened = this.list.filter((gate) => scope === undefined || gate.scope === scope);
    for (const gate of opened) this.#gates.delete(gate.scope);
    // what is opened here may not be closed again elsewhere
    this.#untold = this.#untold.filter((told) => scope !== undefined && told.scope !== scope);
    return opened.length;
  }

  /** The quotas that are used up now. */
  get list(): QuotaReading[] {
    return [...this.#gates.keys()].map((scope) => this.closed(scope)).filter((gate) => gate !== undefined);
  }

  /** Takes over the gates of one that this takes the place of. */
  adopt(list: readonly QuotaReading[]): void {
    for (const { scope, rule, retryAfterMs } of list) this.close(scope, retryAfterMs, rule);
  }

  /** Quotas that were found used up here since the last time. */
  takeUntold(): QuotaReading[] {
    const told = this.#untold;
    this.#untold = [];
    return told;
  }

  /** Quotas that were found used up elsewhere. */
  hear(list: readonly QuotaReading[]): void {
    const own = this.takeUntold();
    this.adopt(list);
    this.#untold = own;
  }

  #forgetOpened(): void {
    const now = this.#clock.now();
    this.#soonest = Infinity;
    for (const [scope, { until }] of this.#gates) {
      if (until <= now) this.#gates.delete(scope);
      else this.#soonest = Math.min(this.#soonest, until);
    }
  }

  #makeRoom(): void {
    const soonest = [...this.#gates].reduce((first, one) => (one[1].until < first[1].until ? one : first));
    this.#gates.delete(soonest[0]);
  }
}
