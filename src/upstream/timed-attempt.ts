import type { Clock } from '../model/clock.ts';
import type { Exchange } from '../model/exchange.ts';
import type { Phase } from '../model/failure.ts';
import type { Alarms, Sleeper } from './alarms.ts';
import { type AttemptLimits, type AttemptPlace, type Limit, nextLimit, nextLimitAt } from './limits.ts';
import { ResponseBody } from './response-body.ts';

/** The part of an attempt that knows where it stands and for how long it may stay there. One alarm, set anew only where it would wake too late. */
export abstract class TimedAttempt extends ResponseBody implements AttemptPlace, Sleeper {
  protected readonly exchange: Exchange;
  protected readonly clock: Clock;
  readonly #limits: AttemptLimits;
  readonly #alarms: Alarms;
  /** Set once it goes on for a set time only: for a late answer, or to read the rest of an unwanted one away. */
  #onlyLimit: Limit | undefined = undefined;
  #over = false;

  /** Where the attempt is, and since when: what a timeout and an error are named by. */
  phase: Phase = 'queue';
  phaseAt: number;
  readonly startedAt: number;
  wakeAt = Infinity;
  before: Sleeper | undefined = undefined;
  after: Sleeper | undefined = undefined;

  constructor(exchange: Exchange, limits: AttemptLimits, clock: Clock, alarms: Alarms) {
    super();
    this.#alarms = alarms;
    this.exchange = exchange;
    this.clock = clock;
    this.#limits = limits;
    this.startedAt = this.phaseAt = clock.now();
  }

  /** True where the wait is not the upstream's doing: the client reads the answer, or sends its request, slowly. */
  abstract get held(): boolean;
  /** Whether the upstream has taken something of the request since this was last asked. */
  protected abstract goesOn(): boolean;
  /** A limit has run out. */
  protected abstract timedOut(limit: Limit): void;

  /** Goes into a phase, or begins it anew. */
  protected enter(phase: Phase): void {
    this.phase = phase;
    this.touch();
  }

  /** Something happened: the phase's own limit counts from now on. */
  protected touch(): void {
    this.phaseAt = this.clock.now();
  }

  /** Sets the alarm for the current phase, unless it will wake up in time anyway. */
  protected watch(): void {
    if (this.#over) return;
    const at = this.#onlyLimit?.at ?? nextLimitAt(this.#limits, this.exchange, this);
    if (at < this.wakeAt) this.#arm(at);
  }

  /** From now on it has `ms` milliseconds, in whatever phase. */
  protected goOnFor(ms: number): void {
    this.#onlyLimit = { at: this.clock.now() + ms, name: 'attempt', afterMs: ms };
    this.watch();
  }

  /** True once it has come to its end. */
  protected get over(): boolean {
    return this.#over;
  }

  /** It has: wakes no more. */
  protected rest(): void {
    this.#over = true;
    this.#alarms.forget(this);
  }

  /** Looks which limit has run out: none where the phase has changed since the alarm was set. */
  wake(): void {
    const limit = this.#onlyLimit ?? nextLimit(this.#limits, this.exchange, this);
    if (limit.at - this.clock.now() > 1) return this.#arm(limit.at);
    if (limit.name !== 'send' || !this.goesOn()) return this.timedOut(limit);
    this.touch();
    this.watch();
  }

  #arm(limitAt: number): void {
    // who is held is looked at again, since nothing tells when it no longer is
    const at = this.held && this.phase === 'send' ? Math.min(limitAt, this.clock.now() + this.#limits.sendMs) : limitAt;
    if (at < Infinity) this.#alarms.set(this, at);
  }
}
