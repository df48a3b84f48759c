import type { Dispatcher } from 'undici';
import type { Clock } from '../model/clock.ts';
import type { Observer } from '../model/events.ts';
import type { Exchange, LateAnswer } from '../model/exchange.ts';
import { clientClosed, type Failure, type Phase } from '../model/failure.ts';
import { type Outcome, reply } from '../model/outcome.ts';
import { Abandoned, failureOf, PhaseTimeout } from './failures.ts';
import { interimBytes, interimFields, objectionTo } from './interim.ts';
import type { AttemptLimits, Limit } from './limits.ts';
import type { ConnectionPool } from './pool.ts';
import type { Slot, Tenant } from './slot.ts';
import { TimedAttempt } from './timed-attempt.ts';
import { answerFields, codingObjection, requestBytes, requestOptions } from './wire.ts';

/** What every attempt of a route has in common. */
export interface AttemptContext {
  readonly limits: AttemptLimits;
  readonly clock: Clock;
  readonly observer: Pick<Observer, 'attemptEnded'>;
}

/** Why the body of a reply that nobody wants is not read to its end. */
const UNWANTED = new Abandoned('unwanted');
/** How long the rest of an unwanted body is read away: a stream that goes on for ever would keep its connection. Milliseconds. */
const DRAIN_MS = 100;
const NO_FIELDS: readonly Buffer[] = [];
/** Idle connections that one attempt may find dead before it counts as failed: each was closed by the upstream without our knowing. */
const DEAD_CONNECTIONS = 4;

/**
 * One try: takes a connection, sends the request, pushes the response body. It is the handler that undici calls, the body source of its reply and the
 * keeper of its one timer, so that an attempt costs one object.
 */
export class Attempt extends TimedAttempt implements Dispatcher.DispatchHandler, Tenant {
  readonly #pool: ConnectionPool;
  readonly #context: AttemptContext;
  readonly #resolve: (outcome: Outcome) => void;
  readonly #left: () => void;

  #slot: Slot | undefined = undefined;
  #controller: Dispatcher.DispatchController | undefined = undefined;
  #settled = false;
  #over = false;
  #giveUp: Error | undefined = undefined;
  /** Set once the attempt has failed by a time limit and goes on for its answer. */
  #late: LateAnswer | undefined = undefined;
  /** Set once nobody wants the body and its rest is read away. */
  #unwanted = false;

  #status = 0;
  #connectedAt = 0;
  #headAt = 0;
  #interimBytes = 0;
  #reused = false;
  /** Whether a byte of the request has reached a socket; undefined before anything was written. */
  #wrote: boolean | undefined = undefined;
  #deadConnections = 0;

  constructor(exchange: Exchange, pool: ConnectionPool, context: AttemptContext, resolve: (outcome: Outcome) => void) {
    super(exchange, context.limits, context.clock);
    this.#pool = pool;
    this.#context = context;
    this.#resolve = resolve;
    // bound, not an arrow function: with one, each attempt that had ended kept its successors from being collected while they were young
    this.#left = this.#leave.bind(this);
  }

  /** Begins. The outcome goes to `resolve`, once. */
  begin(): void {
    this.exchange.onAbort(this.#left);
    if (this.#over) return;
    this.#pool.acquire(this);
    this.#watch();
  }

  // Tenant of a connection

  admitted(slot: Slot): void {
    if (this.#over) {
      this.#pool.release(slot);
      return;
    }
    this.#slot = slot;
    // a rested connection may have been closed without our having looked: one turn of the loop tells, before anything is written
    if (slot.rested) setImmediate(() => this.#dispatch(slot));
    else this.#dispatch(slot);
  }

  entered(phase: Phase): void {
    this.#reused = false;
    this.enter(phase);
    this.#watch();
    const reason = this.#giveUp;
    if (reason !== undefined) setImmediate(() => this.#slot?.cancelOpening(reason));
  }

  drained(): void {
    if (this.phase !== 'send') return;
    this.touch();
    if (this.exchange.body.kind !== 'stream') this.#sent();
  }

  continued(): void {
    this.#mayPass(100, NO_FIELDS);
  }

  #dispatch(slot: Slot): void {
    if (this.#giveUp !== undefined) return this.onResponseError(NO_CONTROLLER, this.#giveUp);
    this.#reused = slot.connected;
    slot.dispatch(requestOptions(this.exchange), this);
  }

  // Handler of undici

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
    this.#watch();
  }

  onBodySent(): void {
    this.#noteWrite();
    this.touch();
  }

  onRequestSent(): void {
    this.#noteWrite();
    if (this.#wrote === false) return;
    // what the upstream does not take is not sent yet: `send` goes on until it has
    if (this.#slot?.blocked !== true || this.exchange.body.kind === 'stream') this.#sent();
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: Record<string, string | string[] | undefined>): void {
    if (status < 200) return this.#inform(controller, status, headers);
    const objection = codingObjection(headers);
    if (objection !== undefined) return this.#stop(objection);
    this.enter('body');
    this.#headAt = this.phaseAt;
    this.#status = status;
    this.#controller = controller;
    this.#watch();
    const found = reply(status, answerFields(status, headers), 'upstream', this);
    if (this.#late === undefined) this.#settle(found);
    else this.#late.arrived(found);
  }

  /** An interim response (RFC 9110 section 15.2) ends nothing and moves no time limit, so that an upstream that trickles them is held to those of one that is silent. */
  #inform(controller: Dispatcher.DispatchController, status: number, headers: Record<string, string | string[] | undefined>): void {
    if (this.#mayPass(status, (controller.rawHeaders ?? []) as readonly Buffer[]))
      this.exchange.interim?.informed(status, interimFields(headers), this.exchange);
  }

  #mayPass(status: number, rawHeaders: readonly Buffer[]): boolean {
    if (this.#giveUp !== undefined) return false;
    this.#interimBytes += interimBytes(rawHeaders);
    const objection = objectionTo(status, this.#interimBytes);
    if (objection !== undefined) this.#stop(objection);
    // once the attempt has failed by a time limit, its client hears no more of it
    return objection === undefined && !this.#settled;
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.touch();
    this.exchange.root.bytesIn += chunk.length;
    if (!this.take(chunk)) controller.abort(UNWANTED);
  }

  onResponseEnd(): void {
    const sink = this.complete();
    this.#finish(undefined);
    sink?.onEnd();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#over) return;
    if (this.#foundDead()) return this.#takeAnother();
    const cause = this.#giveUp ?? error;
    const phase = cause instanceof PhaseTimeout ? cause.phase : this.phase;
    const failed = cause instanceof Abandoned ? clientClosed(phase) : failureOf(cause, phase, this.#progress());
    const sink = this.breakOff(failed);
    this.#finish(cause === UNWANTED ? undefined : failed);
    this.#settle(failed);
    if (this.#status === 0) this.#late?.lost();
    sink?.onError(failed);
  }

  // Source of the body

  protected stopSource(): void {
    this.#controller?.pause();
  }

  protected startSource(): void {
    this.touch();
    this.#watch();
    this.#controller?.resume();
  }

  abort(): void {
    const worthReading = this.drop();
    if (this.#over) return;
    if (this.exchange.aborted || !worthReading) return this.#stop(UNWANTED);
    this.#unwanted = true;
    this.resume();
    this.goOnFor(DRAIN_MS);
  }

  // Clock

  get held(): boolean {
    if (this.phase === 'body') return this.paused;
    return this.phase === 'send' && this.exchange.body.kind === 'stream' && this.#slot?.blocked !== true;
  }

  protected timedOut(limit: Limit): void {
    if (this.#unwanted) return this.#stop(UNWANTED);
    const timeout = new PhaseTimeout(this.phase, limit.name, limit.afterMs, this.held);
    if (this.phase === 'headers' && this.exchange.late !== undefined && this.#late === undefined) this.#goOn(this.exchange.late, timeout);
    else this.#stop(timeout);
  }

  #sent(): void {
    this.enter('headers');
    this.#watch();
  }

  #watch(): void {
    if (!this.#over) this.watch();
  }

  // Connections that turn out to be dead

  /** Notes, with the first write, whether it reached the socket. */
  #noteWrite(): void {
    if (this.#wrote !== undefined) return;
    this.#wrote = this.#slot?.refusesWrites !== true || !this.#slot.writesAtOnce(requestBytes(this.exchange));
  }

  #progress(): 'nothing' | 'request' | 'head' {
    if (this.#status !== 0) return 'head';
    if (this.#wrote !== undefined) return this.#wrote ? 'request' : 'nothing';
    // a streamed request's head is written with the first piece of its body
    return this.phase === 'send' && this.exchange.body.kind !== 'stream' ? 'request' : 'nothing';
  }

  /** True where a kept connection was closed by the upstream before a byte of this request was written: then another one is taken at once. */
  #foundDead(): boolean {
    if (!this.#reused || this.#giveUp !== undefined || this.exchange.aborted || this.#deadConnections >= DEAD_CONNECTIONS) return false;
    if (this.phase === 'queue') return true;
    return this.#wrote === false && this.exchange.body.kind !== 'stream';
  }

  #takeAnother(): void {
    const slot = this.#slot;
    this.#deadConnections++;
    this.#slot = undefined;
    this.#controller = undefined;
    this.#wrote = undefined;
    this.enter('queue');
    // undici is still walking the queue of the client that failed: nothing may be added to it in this turn
    queueMicrotask(() => {
      if (slot !== undefined) this.#pool.release(slot);
      if (!this.#over) this.#pool.acquire(this);
    });
  }

  // Ends

  /** Fails by its time limit for those who wait, and goes on for the answer: the request is out, and what came of it can still become known. */
  #goOn(late: LateAnswer, timeout: PhaseTimeout): void {
    const failed = failureOf(timeout, this.phase, 'request');
    this.#late = late;
    this.exchange.offAbort(this.#left);
    this.goOnFor(late.waitMs);
    this.#record(failed);
    late.awaited();
    this.#settle(failed);
  }

  /** The client has gone: nobody is left to answer. */
  #leave(): void {
    this.#stop(new Abandoned('left'));
  }

  /** Ends the attempt for a reason of ours, in whatever phase it is. */
  #stop(reason: Error): void {
    if (this.#over) return;
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

  #settle(outcome: Outcome): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#resolve(outcome);
  }

  #finish(failed: Failure | undefined): void {
    this.#over = true;
    this.rest();
    this.exchange.offAbort(this.#left);
    if (this.#late === undefined) this.#record(failed);
    const slot = this.#slot;
    if (slot === undefined) return;
    if (this.ended) this.#pool.release(slot);
    // undici is still walking the queue of the client that failed: nothing may be added to it in this turn
    else queueMicrotask(() => this.#pool.release(slot));
  }

  #record(failed: Failure | undefined): void {
    const exchange = this.exchange;
    const record = {
      number: exchange.attemptsBefore + exchange.attempt,
      status: this.#status === 0 ? undefined : this.#status,
      failure: failed,
      elapsedMs: this.clock.now() - this.startedAt,
      connectMs: this.#reused || this.#connectedAt === 0 ? 0 : this.#connectedAt - this.startedAt,
      firstByteMs: this.#headAt === 0 ? 0 : this.#headAt - this.#connectedAt,
      reused: this.#reused,
    };
    const { root } = exchange;
    if (root.attempts === undefined) root.attempts = [record];
    else root.attempts.push(record);
    this.#context.observer.attemptEnded(root, record);
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
