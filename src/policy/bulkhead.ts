import { TappedBody } from '../model/body-tap.ts';
import { type Failure, failure } from '../model/failure.ts';
import type { Exchange } from '../model/exchange.ts';
import type { Clock } from '../model/clock.ts';
import type { Outcome } from '../model/outcome.ts';
import type { Layer } from '../model/service.ts';

/** How many exchanges an upstream gets at once. */
export interface BulkheadOptions {
  readonly concurrent: number;
  /** How many may wait for a place. */
  readonly queue: number;
  /** How long they wait, in milliseconds. */
  readonly queueMs: number;
}

type Waiter = (failed: Failure | undefined) => void;

/** Places of one upstream; shared by its routes. A place is taken until the answer's last byte. */
export class Bulkhead {
  readonly #options: BulkheadOptions;
  readonly #waiting: Waiter[] = [];
  #taken = 0;

  constructor(options: BulkheadOptions) {
    this.#options = options;
  }

  /** Places taken, and exchanges that wait. */
  get stats(): { active: number; queued: number } {
    return { active: this.#taken, queued: this.#waiting.length };
  }

  /** Takes a place without waiting; false where none is free. */
  tryEnter(): boolean {
    if (this.#taken >= this.#options.concurrent) return false;
    this.#taken++;
    return true;
  }

  /** Waits for a place. Undefined once it is taken, else why not. */
  enter(exchange: Exchange, clock: Clock): Promise<Failure | undefined> {
    if (this.#waiting.length >= this.#options.queue) return Promise.resolve(full('no place is free and the queue is full', 'refused'));
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
      const timer = setTimeout(() => giveUp(full('no place was free in time', 'timeout')), Math.max(0, waitMs));
      this.#waiting.push(end);
      exchange.onAbort(left);
    });
  }

  /** Gives a place back: to who waits longest. */
  leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#taken--;
    else next(undefined);
  }
}

function full(detail: string, kind: 'refused' | 'timeout' | 'aborted'): Failure {
  return failure({ code: 'connection_limit_reached', phase: 'queue', kind, replay: 'unsent', detail, own: true, retryAfterMs: 1000 });
}

/** Holds back what exceeds the upstream's places. */
export function bulkhead(places: Bulkhead, clock: Clock): Layer {
  return (next) => async (exchange) => {
    if (!places.tryEnter()) {
      const failed = await places.enter(exchange, clock);
      if (failed !== undefined) return failed;
    }
    try {
      return release(await next(exchange), places);
    } catch (bug) {
      places.leave();
      throw bug;
    }
  };
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
