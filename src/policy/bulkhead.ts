import { TappedBody } from '../model/body-tap.ts';
import type { Clock } from '../model/clock.ts';
import type { Observer } from '../model/events.ts';
import type { Exchange } from '../model/exchange.ts';
import { type Failure, failure } from '../model/failure.ts';
import type { Outcome } from '../model/outcome.ts';
import type { Layer } from '../model/service.ts';
import { callAfter } from '../model/timer.ts';
import type { AdaptiveLimit } from './adaptive-limit.ts';

/** How many exchanges an upstream gets at once. */
export interface BulkheadOptions {
  readonly concurrent: number;
  /** How many may wait for a place. */
  readonly queue: number;
  /** How long they wait, in milliseconds. */
  readonly queueMs: number;
}

/** What a bulkhead layer needs from outside. */
export interface BulkheadParts {
  readonly places: Bulkhead;
  /** Lets everything through, and counts what it would have held back. */
  readonly observe: boolean;
  readonly clock: Clock;
  readonly observer: Observer;
}

type Waiter = (failed: Failure | undefined) => void;

/** Places of one upstream, or of one route; shared by all that go through it. A place is taken until the answer's last byte. A number that finds itself goes by the time to the head, and bounds those that await theirs alone: long streams would starve all others. */
export class Bulkhead {
  readonly #options: BulkheadOptions;
  readonly #waiting: Waiter[] = [];
  #taken = 0;
  /** Those of them whose answer has not begun. */
  #awaiting = 0;
  #lookTimer: NodeJS.Timeout | undefined = undefined;
  /** Finds the number of places; undefined where it is fixed. */
  readonly adaptive: AdaptiveLimit | undefined;

  constructor(options: BulkheadOptions, adaptive?: AdaptiveLimit) {
    this.#options = options;
    this.adaptive = adaptive;
  }

  /** Places taken, exchanges that wait, and places in all; where their number finds itself, those that await their answer. */
  get stats(): { active: number; queued: number; limit: number } {
    return { active: this.adaptive === undefined ? this.#taken : this.#awaiting, queued: this.#waiting.length, limit: this.limit };
  }

  /** Places in all. */
  get limit(): number {
    return this.adaptive === undefined ? this.#options.concurrent : Math.min(this.#options.concurrent, this.adaptive.limit);
  }

  /** Takes a place without waiting; false where none is free. */
  tryEnter(): boolean {
    if (!this.#hasPlace) return false;
    this.pushIn();
    return true;
  }

  /** Takes a place whether or not one is free. */
  pushIn(): void {
    this.#taken++;
    this.#awaiting++;
  }

  get #hasPlace(): boolean {
    const { adaptive } = this;
    if (this.#taken >= this.#options.concurrent) return false;
    return adaptive === undefined || (this.#taken < adaptive.max && this.#awaiting < adaptive.limit);
  }

  /** Waits for a place. Undefined once it is taken, else why not. */
  enter(exchange: Exchange, clock: Clock): Promise<Failure | undefined> {
    if (this.#waiting.length >= this.#options.queue + this.#heldByLook(clock))
      return Promise.resolve(full('no place is free and the queue is full', 'refused'));
    return new Promise((resolve) => {
      const end = (failed: Failure | undefined): void => {
        clearTimeout(timer);
        exchange.offAbort(left);
        resolve(failed);
      };
      const giveUp = (failed: Failure): void => {
        const at = this.#waiting.indexOf(end);
        if (at >= 0) this.#waiting.splice(at, 1);
        end(failed);
      };
      const left = (): void => giveUp({ ...full('the client left while waiting for a place', 'aborted'), code: 'client_closed' });
      const waitMs = Math.min(this.#options.queueMs, exchange.deadlineAt - clock.now());
      const timer = callAfter(waitMs, () => giveUp(full('no place was free in time', 'timeout')));
      this.#waiting.push(end);
      exchange.onAbort(left);
    });
  }

  /** How many more may wait because a look of ours has taken their places: it is not to cost a client an answer. They go on when it ends. */
  #heldByLook(clock: Clock): number {
    const held = this.adaptive?.held;
    if (held === undefined) return 0;
    if (this.#lookTimer === undefined) this.#lookTimer = callAfter(held.until - clock.now(), () => this.#lookOver());
    return held.places;
  }

  #lookOver(): void {
    this.#lookTimer = undefined;
    this.#admit();
  }

  /** The answer to who has a place has begun, or never will. */
  begun(): void {
    this.#awaiting--;
    if (this.adaptive !== undefined) this.#admit();
  }

  /** Gives a place back: to who waits longest, as far as there are places. */
  leave(): void {
    this.#taken--;
    this.#admit();
  }

  #admit(): void {
    while (this.#waiting.length > 0 && this.tryEnter()) this.#waiting.shift()?.(undefined);
  }

  /** An exchange was answered `tookMs` after it got its place: what an adaptive limit goes by. */
  learn(outcome: Outcome, exchange: Exchange, tookMs: number): void {
    if (this.adaptive === undefined || exchange.aborted) return;
    if (outcome.type === 'failure' && isOverload(outcome)) this.adaptive.overloaded();
    // an exchange that was retried took the time of its waits too
    else if (outcome.type === 'reply' && exchange.attempt <= 1) this.adaptive.answered(tookMs, this.#awaiting);
  }
}

/** What says that the upstream had too much: no answer in time, or its own words. */
function isOverload(failed: Failure): boolean {
  if (failed.own) return false;
  return failed.kind === 'timeout' || failed.reply?.status === 503 || failed.reply?.status === 429;
}

function full(detail: string, kind: 'refused' | 'timeout' | 'aborted'): Failure {
  return failure({
    code: 'connection_limit_reached',
    phase: 'queue',
    kind,
    replay: 'unsent',
    detail,
    own: true,
    retryAfterMs: 1000,
    limit: kind === 'timeout' ? 'queue' : undefined,
  });
}

/** Holds back what exceeds the upstream's places. */
export function bulkhead(parts: BulkheadParts): Layer {
  const { places, clock } = parts;
  return (next) => async (exchange) => {
    if (!places.tryEnter()) {
      const failed = await waitIn(parts, exchange);
      if (failed !== undefined) return failed;
    }
    const enteredAt = clock.now();
    try {
      const outcome = await next(exchange);
      places.learn(outcome, exchange, clock.now() - enteredAt);
      places.begun();
      return release(outcome, places);
    } catch (bug) {
      places.begun();
      places.leave();
      throw bug;
    }
  };
}

function waitIn({ places, observe, clock, observer }: BulkheadParts, exchange: Exchange): Promise<Failure | undefined> {
  if (!observe) return places.enter(exchange, clock);
  observer.wouldHave(exchange, 'bulkhead', 'held_back');
  places.pushIn();
  return Promise.resolve(undefined);
}

/** The outcome, its place given back when its body is over. */
function release(outcome: Outcome, places: Bulkhead): Outcome {
  const held = outcome.type === 'reply' ? outcome : outcome.reply;
  if (held === undefined || held.body.whole() !== undefined) {
    places.leave();
    return outcome;
  }
  const body = new TappedBody(held.body, () => places.leave());
  return outcome.type === 'reply' ? { ...outcome, body } : { ...outcome, reply: { ...held, body } };
}
