import type { Dispatcher } from 'undici';
import type { Clock } from '../model/clock.ts';
import type { Exchange } from '../model/exchange.ts';
import type { Phase } from '../model/failure.ts';
import type { AttemptLimits } from './limits.ts';
import type { ConnectionPool } from './pool.ts';
import type { Slot, Tenant } from './slot.ts';
import { TimedAttempt } from './timed-attempt.ts';
import { requestBytes, requestOptions } from './wire.ts';

/** Idle connections that one attempt may find dead before it counts as failed: each was closed by the upstream without our knowing. */
const DEAD_CONNECTIONS = 4;

/**
 * From this idle time on a connection is looked at once more before it is used again, in milliseconds: undici gives the loop a turn before it writes on a kept connection, which tells of a close that came
 * together with the request, and a second one tells of what came in the tenth of a millisecond since. Busy connections do not pay for it.
 */
const REST_MS = 20;
/** The same for reads. A close that is seen too late may make a send ambiguous, while a read is simply sent again; and servers keep connections for a second at least. */
const READ_REST_MS = 500;

/**
 * The part of an attempt that gets the request out: takes a connection, writes on it, knows how much of it has been written, takes another one where it was dead, and gives it back. It is the
 * handler that undici calls.
 */
export abstract class SendingAttempt extends TimedAttempt implements Dispatcher.DispatchHandler, Tenant {
  readonly #pool: ConnectionPool;
  #slot: Slot | undefined = undefined;
  #controller: Dispatcher.DispatchController | undefined = undefined;
  #giveUp: Error | undefined = undefined;
  #connectedAt = 0;
  #reused = false;
  /** Whether a byte of the request has reached a socket; undefined before anything was written. */
  #wrote: boolean | undefined = undefined;
  #deadConnections = 0;
  /** What the kernel had taken on the connection when it was last looked at. */
  #taken = 0;

  constructor(exchange: Exchange, pool: ConnectionPool, limits: AttemptLimits, clock: Clock) {
    super(exchange, limits, clock, pool.alarms);
    this.#pool = pool;
  }

  abstract continued(): void;
  abstract onResponseError(controller: Dispatcher.DispatchController, error: Error): void;

  /** Asks for a connection. */
  protected send(): void {
    this.#pool.acquire(this);
    this.watch();
  }

  // What those outside of it need to know

  protected get controller(): Dispatcher.DispatchController | undefined {
    return this.#controller;
  }

  /** Why we ourselves have ended it. */
  protected get giveUp(): Error | undefined {
    return this.#giveUp;
  }

  /** Monotonic milliseconds when the request began to be written; 0 before. */
  protected get connectedAt(): number {
    return this.#connectedAt;
  }

  /** The proxy that its connections are made through. */
  protected get parent(): string | undefined {
    return this.#pool.parent;
  }

  /** True where its connection had served an exchange before. */
  protected get reused(): boolean {
    return this.#reused;
  }

  /** True while the upstream does not take what was written. */
  protected get blocked(): boolean {
    return this.#slot?.blocked === true;
  }

  /** How much of the request may have gone out. */
  protected get written(): 'nothing' | 'request' {
    if (this.#wrote !== undefined) return this.#wrote ? 'request' : 'nothing';
    // a streamed request's head is written with the first piece of its body
    return this.phase === 'send' && this.exchange.body.kind !== 'stream' ? 'request' : 'nothing';
  }

  // Tenant of a connection

  admitted(slot: Slot): void {
    if (this.over) {
      this.#pool.release(slot);
      return;
    }
    this.#slot = slot;
    // a rested connection may have been closed without our having looked: one more turn of the loop tells, before anything is written
    if (slot.restedFor(this.exchange.method === 'GET' ? READ_REST_MS : REST_MS)) setImmediate(() => this.#dispatch(slot));
    else this.#dispatch(slot);
  }

  entered(phase: Phase): void {
    this.#reused = false;
    this.enter(phase);
    this.watch();
    const reason = this.#giveUp;
    if (reason !== undefined) setImmediate(() => this.#slot?.cancelOpening(reason));
  }

  drained(): void {
    if (this.phase !== 'send') return;
    this.touch();
    if (this.exchange.body.kind !== 'stream') this.#sent();
  }

  #dispatch(slot: Slot): void {
    if (this.#giveUp !== undefined) return this.onResponseError(NO_CONTROLLER, this.#giveUp);
    this.#reused = slot.connected;
    slot.dispatch(requestOptions(this.exchange), this);
  }

  // Handler of undici, up to the answer

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#giveUp !== undefined) {
      controller.abort(this.#giveUp);
      return;
    }
    const { body } = this.exchange;
    if (body.kind === 'stream') body.started = true;
    this.enter('send');
    this.#connectedAt = this.phaseAt;
    this.watch();
  }

  onBodySent(): void {
    this.#noteWrite();
    this.touch();
  }

  onRequestSent(): void {
    this.#noteWrite();
    if (this.#wrote === false) return;
    // what the upstream does not take is not sent yet: `send` goes on until it has
    if (!this.blocked || this.exchange.body.kind === 'stream') this.#sent();
    else this.#taken = this.#slot?.taken ?? 0;
  }

  /** Of a request that was handed over whole nothing is heard until all of it is taken. */
  protected goesOn(): boolean {
    if (!this.blocked || this.exchange.body.kind === 'stream') return false;
    const before = this.#taken;
    this.#taken = this.#slot?.taken ?? 0;
    return this.#taken !== before;
  }

  /** An answer that began before its request was complete has its head already: what is said of the request then begins no wait for one. */
  #sent(): void {
    if (this.phase !== 'send') return;
    this.enter('headers');
    this.watch();
  }

  /** Notes, with the first write, whether it reached the socket. */
  #noteWrite(): void {
    if (this.#wrote !== undefined) return;
    this.#wrote = this.#slot?.refusesWrites !== true || !this.#slot.writesAtOnce(requestBytes(this.exchange));
  }

  // Connections that turn out to be dead

  /** Takes another connection where a kept one was closed by the upstream before a byte of this request was written. False where that is not so, or has been too often. */
  protected takeAnother(): boolean {
    if (!this.#foundDead()) return false;
    const slot = this.#slot;
    this.#deadConnections++;
    this.#slot = undefined;
    this.#controller = undefined;
    this.#wrote = undefined;
    this.enter('queue');
    // undici is still walking the queue of the client that failed: nothing may be added to it in this turn
    queueMicrotask(() => {
      if (slot !== undefined) this.#pool.release(slot);
      if (!this.over) this.#pool.acquire(this);
    });
    return true;
  }

  #foundDead(): boolean {
    if (!this.#reused || this.#giveUp !== undefined || this.exchange.aborted || this.#deadConnections >= DEAD_CONNECTIONS) return false;
    if (this.phase === 'queue') return true;
    return this.#wrote === false && this.exchange.body.kind !== 'stream';
  }

  // Ends

  /** Ends the attempt for a reason of ours, in whatever phase it is. */
  protected stop(reason: Error): void {
    if (this.over) return;
    this.#giveUp = reason;
    if (this.#slot === undefined) {
      this.#pool.withdraw(this);
      this.onResponseError(NO_CONTROLLER, reason);
    } else if (this.#controller !== undefined) {
      this.#slot.connected = false;
      this.#controller.abort(reason);
    } else if (!this.#slot.cancelOpening(reason)) {
      // Between connections: undici hands the request over in its next turn, and `onRequestStart` refuses it.
    }
  }

  /** The attempt is over: its connection is free. */
  protected release(): void {
    const slot = this.#slot;
    if (slot === undefined) return;
    if (this.ended) this.#pool.release(slot);
    // undici is still walking the queue of the client that failed: nothing may be added to it in this turn
    else queueMicrotask(() => this.#pool.release(slot));
  }
}

/** Stands for undici's controller where there is none yet. */
const NO_CONTROLLER: Dispatcher.DispatchController = {
  aborted: true,
  paused: false,
  reason: null,
  abort: () => undefined,
  pause: () => undefined,
  resume: () => undefined,
};
