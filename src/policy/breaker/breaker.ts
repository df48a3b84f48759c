import type { Clock } from '../../model/clock.ts';
import type { BreakerCause, BreakerState } from '../../model/events.ts';
import { ActiveProbes } from './active-probes.ts';
import { Counters } from './counters.ts';
import { HalfOpen, probeFault } from './half-open.ts';
import { Leave } from './leave.ts';
import { OpenTime } from './open-time.ts';
import type { BreakerListener, BreakerOptions, BreakerPosition, BreakerSharing, BreakerSnapshot, ClaimPurpose, Evidence, Permit } from './parts.ts';
import { type Ramp, rampOf } from './ramp.ts';
import { admits, prolong, type State, stateOf, waitOf } from './state.ts';
import { type Sightings, Untold } from './untold.ts';

export type { BreakerListener, BreakerOptions, BreakerPosition, BreakerSharing, BreakerSnapshot, ClaimPurpose, Evidence, Permit } from './parts.ts';

/**
 * A circuit breaker that opens on consecutive failures, or on the share of failures or of slow answers in a window, whichever comes first. Open time doubles
 * with each failed probe that was due. A probe that never reports counts as failed once its time is over, so that half-open cannot stick.
 */
export class Breaker {
  readonly #options: BreakerOptions;
  readonly #clock: Clock;
  #changed: BreakerListener;
  readonly #counters: Counters;
  /** Undefined where this process is the only one. */
  readonly #sharing: BreakerSharing | undefined;
  readonly #leave: Leave | undefined;
  readonly #untold: Untold | undefined;
  #state: State = { name: 'closed', ramp: undefined };
  #period = 0;
  #permit: Permit = { probe: false, period: 0, lostAt: Infinity };
  readonly #openTime: OpenTime;
  readonly #activeProbes = new ActiveProbes();
  /** When it closed last, in milliseconds since the epoch; undefined where it never did. */
  closedAt: number | undefined;

  constructor(options: BreakerOptions, clock: Clock, changed: BreakerListener, sharing?: BreakerSharing) {
    this.#options = options;
    this.#clock = clock;
    this.#changed = changed;
    this.#openTime = new OpenTime(options, clock);
    this.#sharing = sharing;
    this.#leave = sharing === undefined ? undefined : new Leave(sharing);
    this.#untold = sharing === undefined ? undefined : new Untold(clock);
    this.#counters = new Counters(options, clock, this.#untold);
  }

  /** Where it stands. An open breaker whose time is over says `open` until the next request asks. */
  get state(): BreakerState {
    return this.#state.name;
  }

  /** Where it stands, for people: one that would let the next request try is half-open, whether or not that one ever comes. */
  get shown(): BreakerState {
    return this.#state.name === 'open' && this.admits ? 'half-open' : this.#state.name;
  }

  /** Whether the time that attempts take matters to it. */
  get timed(): boolean {
    return this.#options.slow !== undefined;
  }

  /** Milliseconds until it lets a probe through, or, while it lets traffic back, everything; 0 where it admits. */
  get retryAfterMs(): number {
    return waitOf(this.#state, this.#clock.now(), this.#options.openForMs);
  }

  /** Whether `admit` would give a permit now; while traffic is let back gradually, whether it might. Changes nothing. */
  get admits(): boolean {
    return admits(this.#state, this.#clock.now());
  }

  /** Leave to make an attempt, or undefined where it is open. Every permit must be given back by `report`, within `trialMs` where that is longer than `probeTimeoutMs`. */
  admit(trialMs = 0): Permit | undefined {
    if (this.#state.name === 'closed') return this.#state.ramp === undefined || this.#state.ramp.admits() ? this.#permit : undefined;
    if (this.#state.name === 'half-open') this.#expireProbes(this.#state);
    if (this.#state.name === 'open' && this.#sharing === undefined && this.#clock.now() >= this.#state.until)
      this.#enter(new HalfOpen(this.#options.probes), 'its open time is over', 'elapsed');
    if (this.#state.name !== 'half-open') return undefined;
    this.#activeProbes.disturb();
    return this.#state.grant(this.#period, this.#clock.now() + Math.max(trialMs, this.#options.probeTimeoutMs));
  }

  /** As `admit`; where other processes share the breaker and its open time is over, it asks first whether one of them is trying already. */
  async admitShared(trialMs = 0): Promise<Permit | undefined> {
    const permit = this.admit(trialMs);
    if (permit !== undefined || this.#leave === undefined || this.#state.name !== 'open' || this.#clock.now() < this.#state.until) return permit;
    this.#activeProbes.disturb();
    const period = this.#period;
    const good = await this.#leave.ask('trial');
    if (good === undefined) return undefined;
    if (this.#period === period) this.#enter(new HalfOpen(this.#options.probes, good), 'its open time is over', 'elapsed');
    return this.admit(trialMs);
  }

  /** Which events an attempt that begins now comes after: to be given back by `report`. */
  get mark(): number {
    return this.#counters.mark;
  }

  /** Whether other processes share it. */
  get shared(): boolean {
    return this.#sharing !== undefined;
  }

  /** What the others have yet to hear. */
  takeSightings(): Sightings | undefined {
    return this.#untold?.take();
  }

  /** What another process saw. */
  hear(seen: Sightings): void {
    if (this.#state.name !== 'closed') return;
    const trip = this.#counters.heard(seen);
    if (trip !== undefined) this.#open(trip.reason, trip.cause, 0);
  }

  /** Goes where another process says that the breaker stands, silently. Where that one tries probes, this one stays open and asks. */
  follow(position: BreakerPosition): void {
    const ramp = this.#state.name === 'closed' ? undefined : rampOf(this.#options.rampMs, this.#clock);
    if (position.state === 'closed') this.#forget();
    this.#moveTo(stateOf(position, this.#clock.now(), ramp));
    this.#openTime.adopt(position);
  }

  /** Stays open for as long as it does in another process, where that is longer. */
  prolong({ openForMs, askedForMs }: BreakerPosition): void {
    if (askedForMs > 0) this.#openTime.extend(askedForMs);
    prolong(this.#state, this.#clock.now() + openForMs);
  }

  /**
   * Gives the leave to let probes through to another process: how many were answered, 0 where it is not here at all. Undefined where a probe is still out, the leave is asked for here too, or
   * the other wants to close and requests have come here since.
   */
  yield(purpose: ClaimPurpose): number | undefined {
    const now = this.#clock.now();
    if (this.#state.name === 'half-open') this.#expireProbes(this.#state);
    if (this.#leave?.asked === true || (purpose === 'rest' && !this.#activeProbes.rested(now, this.#openTime))) return undefined;
    if (this.#state.name !== 'half-open') return 0;
    if (!this.#state.idle) return undefined;
    const { good } = this.#state;
    this.#state = { name: 'open', until: now };
    return good;
  }

  /**
   * What came of an attempt. `waitMs`: how long the upstream asked to be left alone; it lengthens the open time. `what` names the failure; `tookMs`
   * is how long the answer took, where that matters; `mark` is what `mark` was when the attempt began.
   */
  report(permit: Permit, evidence: Evidence, what = '', waitMs = 0, tookMs = 0, mark = Infinity): void {
    if (permit.period !== this.#period) return this.#extend(evidence, waitMs);
    if (this.#state.name === 'half-open') this.#reportProbe(this.#state, permit, evidence, what, waitMs, tookMs);
    else if (this.#state.name === 'closed') this.#reportClosed(evidence, what, waitMs, tookMs, mark);
  }

  /**
   * What an active probe found. `atLeast` failures in a row open it; while they go on it stays open, `leaseMs` at a time, so that no user pays for the discovery;
   * a success half-opens it early, unless the upstream itself asked for longer. Where then nothing but good ones comes for one more open time it closes; of those that share it, the one
   * whose `own` probe it was sees to that.
   */
  probed(ok: boolean, what: string, leaseMs: number, atLeast: number, own = true): void {
    const now = this.#clock.now();
    if (this.#state.name === 'half-open') this.#expireProbes(this.#state);
    const advice = ok ? this.#activeProbes.good(this.#state, now, this.#openTime) : this.#activeProbes.bad(this.#state, atLeast);
    if (advice === 'hold') this.#hold(now + leaseMs, own);
    else if (advice === 'open') {
      this.#open(`${this.#activeProbes.failed} active probes failed, last: ${what}`, 'active_probe', 0);
      // of a trial that came early only the rest of the open time may be left
      this.#hold(now + leaseMs, own);
    } else if (advice === 'try' && this.#sharing === undefined)
      this.#enter(new HalfOpen(this.#options.probes), 'an active probe was answered', 'active_probe');
    // whoever of those that share it gets the next request may try
    else if (advice === 'try') this.#state = { name: 'open', until: now };
    else if (advice === 'close' && own) void this.#closeRested();
  }

  /** Opens it by hand, as a failure would. */
  trip(reason = 'tripped by hand'): void {
    this.#open(reason, 'manual', 0);
  }

  /** Closes it by hand and forgets what it saw. */
  reset(reason = 'reset by hand'): void {
    this.#close(reason, 'manual', undefined);
  }

  /** Holds it open until `reset`. */
  isolate(reason = 'isolated by hand'): void {
    this.#enter({ name: 'isolated' }, reason, 'manual');
  }

  /** Where it stands, for those that share it. */
  get position(): BreakerPosition {
    const openForMs = this.#state.name === 'open' ? this.retryAfterMs : 0;
    return { state: this.#state.name, openForMs, ...this.#openTime.export() };
  }

  /** What it is, for one that takes its place. */
  export(): BreakerSnapshot {
    return { ...this.position, counters: this.#counters.export(), closedAt: this.closedAt };
  }

  /** Takes the place of another one, silently. Its probes are not known here: half-open becomes an open whose time is over. */
  adopt(snapshot: BreakerSnapshot): void {
    this.#openTime.adopt(snapshot);
    this.#counters.adopt(snapshot.counters);
    this.closedAt = snapshot.closedAt;
    if (snapshot.state !== 'closed') this.#state = stateOf(snapshot, this.#clock.now(), undefined);
  }

  /** Another has taken its place: it tells of no change any more. */
  retire(): void {
    this.#changed = () => undefined;
  }

  /** Closes it, unless one that shares it tries a request, or has tried one since. */
  async #closeRested(): Promise<void> {
    const period = this.#period;
    if (this.#leave !== undefined && (await this.#leave.ask('rest')) === undefined) return;
    if (this.#period !== period || !this.#activeProbes.rested(this.#clock.now(), this.#openTime)) return;
    this.#close('active probes were answered, and no request came', 'active_probe', rampOf(this.#options.rampMs, this.#clock));
  }

  #expireProbes(state: HalfOpen): void {
    const lostAt = state.lostAt(this.#clock.now());
    if (lostAt !== undefined) this.#open('a probe did not report in time', 'probe_lost', 0, lostAt);
  }

  #reportProbe(state: HalfOpen, permit: Permit, evidence: Evidence, what: string, waitMs: number, tookMs: number): void {
    if (!state.takeBack(permit) || evidence === 'void') return;
    const fault = probeFault(evidence, what, tookMs, this.#options.slow);
    if (fault !== undefined) return this.#open(fault, 'probe_failed', waitMs);
    state.good++;
    if (state.done) this.#close('the probes were answered', 'recovered', rampOf(this.#options.rampMs, this.#clock));
  }

  #reportClosed(evidence: Evidence, what: string, waitMs: number, tookMs: number, mark: number): void {
    const trip = this.#counters.count(evidence, what, tookMs, mark);
    if (this.#untold?.any === true) this.#sharing?.dirty();
    if (trip !== undefined) this.#open(trip.reason, trip.cause, waitMs);
  }

  /** An attempt from before it opened still may say how long the upstream wants to be left alone. */
  #extend(evidence: Evidence, waitMs: number): void {
    if (this.#state.name !== 'open' || waitMs <= 0 || (evidence !== 'failure' && evidence !== 'soft')) return;
    this.#hold(this.#openTime.extend(waitMs), true);
  }

  /** Stays open until then, at least; `own` where those that share it do not know of it by themselves. */
  #hold(until: number, own: boolean): void {
    if (prolong(this.#state, until) && own) this.#sharing?.prolonged();
  }

  #open(reason: string, cause: BreakerCause, waitMs: number, from = this.#clock.now()): void {
    this.#enter({ name: 'open', until: this.#openTime.begin(waitMs, from, cause) }, reason, cause);
  }

  #close(reason: string, cause: BreakerCause, ramp: Ramp | undefined): void {
    this.#forget();
    this.#enter({ name: 'closed', ramp }, reason, cause);
  }

  #forget(): void {
    this.#openTime.forget();
    this.#activeProbes.trust();
    this.#counters.clear();
    if (this.#state.name !== 'closed') this.closedAt = this.#clock.wallNow();
  }

  #enter(state: State, reason: string, cause: BreakerCause): void {
    const from = this.#state.name;
    this.#moveTo(state);
    if (from !== state.name) this.#changed(from, state.name, reason, cause);
  }

  #moveTo(state: State): void {
    this.#state = state;
    this.#period++;
    this.#permit = { probe: false, period: this.#period, lostAt: Infinity };
    this.#untold?.clear();
    this.#activeProbes.disturb();
  }
}
