import type { Dispatcher } from 'undici';
import type { BodySink, BodySource } from '../model/body.ts';
import type { Clock } from '../model/clock.ts';
import type { Observer } from '../model/events.ts';
import type { Exchange, LateAnswer } from '../model/exchange.ts';
import { clientClosed, type Failure, type Phase } from '../model/failure.ts';
import { HOP_BY_HOP } from '../model/headers.ts';
import { type Outcome, reply } from '../model/outcome.ts';
import { Abandoned, failureOf, PhaseTimeout } from './failures.ts';
import { type AttemptLimits, type Limit, nextLimit } from './limits.ts';
import type { ConnectionPool, Slot, Tenant } from './pool.ts';

/** What every attempt of a route has in common. */
export interface AttemptContext {
  readonly limits: AttemptLimits;
  readonly clock: Clock;
  readonly observer: Observer;
}

/** Why the body of a reply that nobody wants is not read to its end. */
const UNWANTED = new Abandoned('unwanted');
/** Bytes held back, at most, while nobody has started the body. */
const HOLD_BYTES = 64 * 1024;
/** A rest of an unwanted body up to this is read away, so that its connection can be used again. */
const DRAIN_BYTES = 16 * 1024;

/**
 * One try: takes a connection, sends the request, pushes the response body. It is the handler that undici calls, the body source of its reply and the
 * keeper of its one timer, so that an attempt costs one object.
 */
export class Attempt implements Dispatcher.DispatchHandler, BodySource, Tenant {
  readonly #exchange: Exchange;
  readonly #pool: ConnectionPool;
  readonly #context: AttemptContext;
  readonly #resolve: (outcome: Outcome) => void;
  readonly #startedAt: number;
  readonly #left: () => void;

  #slot: Slot | undefined = undefined;
  #controller: Dispatcher.DispatchController | undefined = undefined;
  #timer: NodeJS.Timeout | undefined = undefined;
  #timerAt = Infinity;

  /** Where the attempt is, and since when: what a timeout and an error are named by. */
  #phase: Phase = 'queue';
  #phaseAt: number;
  #settled = false;
  #over = false;
  #giveUp: Error | undefined = undefined;
  /** Set once the attempt has failed by a time limit and goes on for its answer. */
  #late: LateAnswer | undefined = undefined;
  #lateUntil = Infinity;

  #sink: BodySink | undefined = undefined;
  #held: Buffer[] | undefined = undefined;
  #heldBytes = 0;
  #ended = false;
  #cut: Failure | undefined = undefined;
  #draining = false;
  #paused = false;

  #status = 0;
  #connectedAt = 0;
  #headAt = 0;
  #reused = false;

  constructor(exchange: Exchange, pool: ConnectionPool, context: AttemptContext, resolve: (outcome: Outcome) => void) {
    this.#exchange = exchange;
    this.#pool = pool;
    this.#context = context;
    this.#resolve = resolve;
    this.#startedAt = this.#phaseAt = context.clock.now();
    this.#left = () => this.#leave();
  }

  /** Begins. The outcome goes to `resolve`, once. */
  begin(): void {
    this.#exchange.onAbort(this.#left);
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
    this.#reused = slot.connected;
    const { body } = this.#exchange;
    if (body.kind === 'stream') body.started = true;
    slot.dispatch(requestOptions(this.#exchange), this);
  }

  entered(phase: Phase): void {
    this.#reused = false;
    this.#enter(phase);
    this.#watch();
    const reason = this.#giveUp;
    if (reason !== undefined) setImmediate(() => this.#slot?.cancelOpening(reason));
  }

  // Handler of undici

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#giveUp !== undefined) {
      controller.abort(this.#giveUp);
      return;
    }
    this.#enter('send');
    this.#connectedAt = this.#phaseAt;
    this.#watch();
  }

  onBodySent(): void {
    this.#phaseAt = this.#context.clock.now();
  }

  onRequestSent(): void {
    this.#enter('headers');
    this.#watch();
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: Record<string, string | string[] | undefined>): void {
    if (status < 200) return;
    this.#enter('body');
    this.#headAt = this.#phaseAt;
    this.#status = status;
    this.#controller = controller;
    this.#watch();
    const found = reply(status, endToEnd(headers), 'upstream', this);
    if (this.#late === undefined) this.#settle(found);
    else this.#late.arrived(found);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#phaseAt = this.#context.clock.now();
    this.#exchange.root.bytesIn += chunk.length;
    if (this.#sink !== undefined) {
      if (!this.#sink.onData(chunk)) this.pause();
      return;
    }
    this.#heldBytes += chunk.length;
    if (this.#draining) {
      if (this.#heldBytes > DRAIN_BYTES) controller.abort(UNWANTED);
      return;
    }
    (this.#held ??= []).push(chunk);
    if (this.#heldBytes >= HOLD_BYTES) this.pause();
  }

  onResponseEnd(): void {
    this.#ended = true;
    const sink = this.#sink;
    this.#finish(undefined);
    sink?.onEnd();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#over) return;
    const cause = this.#giveUp ?? error;
    const phase = cause instanceof PhaseTimeout ? cause.phase : this.#phase;
    const failure = cause instanceof Abandoned ? clientClosed(phase) : failureOf(cause, phase, this.#status !== 0);
    const sink = this.#sink;
    this.#cut = failure;
    this.#finish(cause === UNWANTED ? undefined : failure);
    this.#settle(failure);
    if (this.#status === 0) this.#late?.lost();
    sink?.onError(failure);
  }

  // Source of the body

  whole(): Uint8Array | undefined {
    if (!this.#ended) return undefined;
    const held = this.#held ?? [];
    return held.length === 1 ? held[0] : Buffer.concat(held);
  }

  start(sink: BodySink): void {
    const held = this.#held;
    this.#held = undefined;
    let wantsMore = true;
    if (held !== undefined) for (const chunk of held) wantsMore = sink.onData(chunk);
    if (this.#cut !== undefined) return sink.onError(this.#cut);
    if (this.#ended) return sink.onEnd();
    this.#sink = sink;
    if (wantsMore) this.resume();
    else this.pause();
  }

  pause(): void {
    this.#paused = true;
    this.#controller?.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#phaseAt = this.#context.clock.now();
    this.#watch();
    this.#controller?.resume();
  }

  abort(): void {
    this.#sink = undefined;
    this.#held = undefined;
    if (this.#over) return;
    if (this.#exchange.aborted || this.#heldBytes > DRAIN_BYTES) return this.#stop(UNWANTED);
    this.#draining = true;
    this.resume();
  }

  // Clock

  #enter(phase: Phase): void {
    this.#phase = phase;
    this.#phaseAt = this.#context.clock.now();
  }

  /** Arms the timer for the current phase, unless it will wake up in time anyway. */
  #watch(): void {
    if (this.#over) return;
    const limit = this.#limit();
    if (limit.at >= this.#timerAt) return;
    clearTimeout(this.#timer);
    this.#arm(limit);
  }

  #limit(): Limit {
    const { limits } = this.#context;
    if (this.#late !== undefined) return { at: this.#lateUntil, name: 'late', afterMs: this.#late.waitMs };
    return nextLimit(limits, this.#exchange, this.#phase, this.#phaseAt, this.#startedAt, this.#paused);
  }

  #arm(limit: Limit): void {
    this.#timerAt = limit.at;
    if (limit.at === Infinity) return;
    this.#timer = setTimeout(() => this.#wake(), Math.max(0, limit.at - this.#context.clock.now()));
  }

  #wake(): void {
    this.#timerAt = Infinity;
    const limit = this.#limit();
    const now = this.#context.clock.now();
    if (limit.at - now > 1) return this.#arm(limit);
    const timeout = new PhaseTimeout(this.#phase, limit.name, limit.afterMs);
    if (this.#phase === 'headers' && this.#exchange.late !== undefined && this.#late === undefined) this.#goOn(this.#exchange.late, timeout);
    else this.#stop(timeout);
  }

  // Ends

  /** Fails by its time limit for those who wait, and goes on for the answer: the request is out, and what came of it can still become known. */
  #goOn(late: LateAnswer, timeout: PhaseTimeout): void {
    const failure = failureOf(timeout, this.#phase, false);
    this.#late = late;
    this.#lateUntil = this.#context.clock.now() + late.waitMs;
    this.#exchange.offAbort(this.#left);
    this.#watch();
    this.#record(failure);
    late.awaited();
    this.#settle(failure);
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

  #finish(failure: Failure | undefined): void {
    this.#over = true;
    clearTimeout(this.#timer);
    this.#exchange.offAbort(this.#left);
    if (this.#late === undefined) this.#record(failure);
    const slot = this.#slot;
    if (slot === undefined) return;
    if (this.#ended) this.#pool.release(slot);
    // undici is still walking the queue of the client that failed: nothing may be added to it in this turn
    else queueMicrotask(() => this.#pool.release(slot));
  }

  #record(failure: Failure | undefined): void {
    const exchange = this.#exchange;
    const record = {
      number: exchange.attemptsBefore + exchange.attempt,
      status: this.#status === 0 ? undefined : this.#status,
      failure,
      elapsedMs: this.#context.clock.now() - this.#startedAt,
      connectMs: this.#reused || this.#connectedAt === 0 ? 0 : this.#connectedAt - this.#startedAt,
      firstByteMs: this.#headAt === 0 ? 0 : this.#headAt - this.#connectedAt,
      reused: this.#reused,
    };
    const { root } = exchange;
    (root.attempts ??= []).push(record);
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

function requestOptions(exchange: Exchange): Dispatcher.DispatchOptions {
  const { body } = exchange;
  const method = exchange.method as Dispatcher.HttpMethod;
  const headers = exchange.headers as string[];
  if (body.kind === 'none') return { path: exchange.path, method, headers, body: null };
  if (body.kind === 'bytes') return { path: exchange.path, method, headers, body: body.bytes };
  const sized = body.length === undefined ? headers : [...headers, 'content-length', String(body.length)];
  return { path: exchange.path, method, headers: sized, body: body.stream };
}

/** undici's header object as a flat list, without what concerns the connection alone (RFC 9110 section 7.6.1). */
function endToEnd(headers: Record<string, string | string[] | undefined>): string[] {
  const list: string[] = [];
  const nominated = headers['connection'];
  for (const name in headers) {
    if (HOP_BY_HOP.has(name)) continue;
    if (nominated !== undefined && nominated !== 'keep-alive' && isNominated(name, nominated)) continue;
    const value = headers[name];
    if (typeof value === 'string') list.push(name, value);
    else if (value !== undefined) for (const one of value) list.push(name, one);
  }
  return list;
}

function isNominated(name: string, connection: string | string[]): boolean {
  return String(connection)
    .split(',')
    .some((token) => token.trim().toLowerCase() === name);
}
