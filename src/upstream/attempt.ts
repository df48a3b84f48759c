import type { Dispatcher } from 'undici';
import type { Clock } from '../model/clock.ts';
import type { Observer } from '../model/events.ts';
import type { Exchange, LateAnswer } from '../model/exchange.ts';
import { clientClosed, type Failure } from '../model/failure.ts';
import type { HeaderList } from '../model/headers.ts';
import { type Outcome, reply } from '../model/outcome.ts';
import { Abandoned, failureOf, PhaseTimeout, Unacceptable } from './failures.ts';
import { interimBytes, objectionTo } from './interim.ts';
import type { AttemptLimits, Limit } from './limits.ts';
import type { ConnectionPool } from './pool.ts';
import { SendingAttempt } from './sending-attempt.ts';
import type { HeadFields } from './undici.ts';
import { answerFields } from './wire.ts';

/** What every attempt of a route has in common. */
export interface AttemptContext {
  readonly limits: AttemptLimits;
  readonly clock: Clock;
  readonly observer: Pick<Observer, 'attemptEnded'>;
  /** Fields of answers that have the upstream's own id of it, in lower case; absent where nobody asks. */
  readonly idFields?: readonly string[] | undefined;
}

/** Why the body of a reply that nobody wants is not read to its end. */
const UNWANTED = new Abandoned('unwanted');
/** How long the rest of an unwanted body is read away: a stream that goes on for ever would keep its connection. Milliseconds. */
const DRAIN_MS = 100;
const NO_FIELDS: readonly Buffer[] = [];

/**
 * One try, from the request to the last byte of its answer; this part takes the answer and says how it all ended. With those that it extends it is the handler that undici calls, the body source of
 * its reply and the keeper of its one timer, so that an attempt costs one object.
 */
export class Attempt extends SendingAttempt {
  readonly #context: AttemptContext;
  readonly #resolve: (outcome: Outcome) => void;
  readonly #left: () => void;

  #settled = false;
  /** Set once the attempt has failed by a time limit and goes on for its answer. */
  #late: LateAnswer | undefined = undefined;
  /** Set once nobody wants the body and its rest is read away. */
  #unwanted = false;

  #status = 0;
  /** The fields of the answer, where an id is among them. */
  #fields: HeaderList | undefined = undefined;
  #headAt = 0;
  #interimBytes = 0;

  constructor(exchange: Exchange, pool: ConnectionPool, context: AttemptContext, resolve: (outcome: Outcome) => void) {
    super(exchange, pool, context.limits, context.clock);
    this.#context = context;
    this.#resolve = resolve;
    // bound, not an arrow function: with one, each attempt that had ended kept its successors from being collected while they were young
    this.#left = this.#leave.bind(this);
  }

  /** Begins. The outcome goes to `resolve`, once. */
  begin(): void {
    this.exchange.onAbort(this.#left);
    if (!this.over) this.send();
  }

  continued(): void {
    this.#mayPass(100, NO_FIELDS);
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: object): void {
    // what `adaptParser` has put there
    const head = headers as HeadFields;
    if (status < 200) return this.#inform(status, head);
    const fields = answerFields(status, head);
    if (fields instanceof Unacceptable) return this.stop(fields);
    this.enter('body');
    this.#headAt = this.phaseAt;
    this.#status = status;
    if (this.#context.idFields !== undefined) this.#fields = fields;
    this.watch();
    const { scheme, method } = this.exchange;
    // what has no content ends with its head
    const openEnded = head.openEnded && scheme === 'https' && status !== 204 && status !== 304 && method !== 'HEAD';
    const found = reply(status, fields, 'upstream', this, openEnded);
    if (this.#late === undefined) this.#settle(found);
    else this.#late.arrived(found);
  }

  /** An interim response (RFC 9110 section 15.2) ends nothing and moves no time limit, so that an upstream that trickles them is held to those of one that is silent. */
  #inform(status: number, head: HeadFields): void {
    if (!this.#mayPass(status, head.raw)) return;
    const fields = answerFields(status, head);
    if (fields instanceof Unacceptable) this.stop(fields);
    else this.exchange.interim?.informed(status, fields, this.exchange);
  }

  #mayPass(status: number, rawHeaders: readonly Buffer[]): boolean {
    if (this.giveUp !== undefined) return false;
    this.#interimBytes += interimBytes(rawHeaders);
    const objection = objectionTo(status, this.#interimBytes);
    if (objection !== undefined) this.stop(objection);
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
    if (this.over || this.takeAnother()) return;
    const cause = this.giveUp ?? error;
    const phase = cause instanceof PhaseTimeout ? cause.phase : this.phase;
    const failed = cause instanceof Abandoned ? clientClosed(phase) : failureOf(cause, phase, this.#status === 0 ? this.written : 'head');
    const sink = this.breakOff(failed);
    this.#finish(cause === UNWANTED ? undefined : failed);
    this.#settle(failed);
    if (this.#status === 0) this.#late?.lost();
    sink?.onError(failed);
  }

  // Source of the body

  protected stopSource(): void {
    this.controller?.pause();
  }

  protected startSource(): void {
    this.touch();
    this.watch();
    this.controller?.resume();
  }

  abort(): void {
    const worthReading = this.drop();
    if (this.over) return;
    if (this.exchange.aborted || !worthReading) return this.stop(UNWANTED);
    this.#unwanted = true;
    this.resume();
    this.goOnFor(DRAIN_MS);
  }

  // Clock

  get held(): boolean {
    if (this.phase === 'body') return this.paused;
    return this.phase === 'send' && this.exchange.body.kind === 'stream' && !this.blocked;
  }

  protected timedOut(limit: Limit): void {
    if (this.#unwanted) return this.stop(UNWANTED);
    const timeout = new PhaseTimeout(this.phase, limit.name, limit.afterMs, this.held, this.parent);
    if (this.phase === 'headers' && this.exchange.late !== undefined && this.#late === undefined) this.#goOn(this.exchange.late, timeout);
    else this.stop(timeout);
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
    this.stop(new Abandoned('left'));
  }

  #settle(outcome: Outcome): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#resolve(outcome);
  }

  #finish(failed: Failure | undefined): void {
    this.rest();
    this.exchange.offAbort(this.#left);
    if (this.#late === undefined) this.#record(failed);
    this.release();
  }

  #record(failed: Failure | undefined): void {
    const exchange = this.exchange;
    const record = {
      number: exchange.attemptsBefore + exchange.attempt,
      status: this.#status === 0 ? undefined : this.#status,
      failure: failed,
      elapsedMs: this.clock.now() - this.startedAt,
      connectMs: this.reused || this.connectedAt === 0 ? 0 : this.connectedAt - this.startedAt,
      firstByteMs: this.#headAt === 0 ? 0 : this.#headAt - this.connectedAt,
      reused: this.reused,
      headers: this.#fields,
      idFields: this.#context.idFields,
    };
    const { root } = exchange;
    if (root.attempts === undefined) root.attempts = [record];
    else root.attempts.push(record);
    this.#context.observer.attemptEnded(root, record);
  }
}
