import type { BodySource } from '../../model/body.ts';
import { TappedBody } from '../../model/body-tap.ts';
import { Exchange } from '../../model/exchange.ts';
import { CLIENT_LIMIT, type Failure, failure } from '../../model/failure.ts';
import type { HeaderList } from '../../model/headers.ts';
import type { Reply } from '../../model/outcome.ts';
import type { Found } from '../store.ts';
import type { Lease } from './leases.ts';
import type { SharedBody } from './shared-body.ts';

/**
 * What a fetch came to, for one of those who wait for it. `stored`: a stored answer, confirmed just now, and `updated` by that or only good for this once. `reply`, `failure`: from upstream, the body its own. `again`: the
 * answer is not for this request; ask for yourself. `left`: its client has gone.
 */
export type Landed =
  | { readonly kind: 'stored'; readonly stored: Found; readonly updated: boolean }
  | { readonly kind: 'reply'; readonly reply: Reply; readonly stored: boolean; readonly timing: Timing | undefined }
  | { readonly kind: 'failure'; readonly failure: Failure }
  | { readonly kind: 'again' }
  | { readonly kind: 'left' };

/** How old an answer is, and how long it is good for; not there for one that may not be stored. */
export type Timing = Pick<Found, 'freshness' | 'respondedAt' | 'initialAgeMs'>;

/** The answer that is in a failure, and the requests that it is for too. */
interface SharedAnswer {
  readonly body: SharedBody;
  readonly isFor: (request: HeaderList) => boolean;
}

/** What a fetch came to, for all of them. */
export type Landing =
  | { readonly kind: 'stored'; readonly stored: Found; readonly updated: boolean; readonly isFor: (request: HeaderList) => boolean }
  | {
      readonly kind: 'shared';
      readonly reply: Reply;
      readonly stored: boolean;
      readonly timing: Timing | undefined;
      readonly body: SharedBody;
      readonly isFor: (request: HeaderList) => boolean;
    }
  | { readonly kind: 'failed'; readonly failure: Failure; readonly shared: SharedAnswer | undefined }
  | { readonly kind: 'private'; readonly reply: Reply };

/** How old a fetch without an answer may be for one more request to wait for it, in milliseconds: far over a healthy answer, far under a time limit. */
const PATIENCE_MS = 2000;

interface Waiter {
  readonly exchange: Exchange;
  readonly resolve: (landed: Landed) => void;
  readonly left: () => void;
  timer: NodeJS.Timeout | undefined;
}

/** Differences in the time that two requests are given which are only how long it took to read them. Milliseconds. */
const SAME_TIME_MS = 100;

/**
 * One fetch and those who wait for it. It runs on an exchange of its own, so that the client that caused it may leave without ending it for the others; when the
 * last one has left it is aborted, unless it is a refresh in the background, which nobody waits for.
 */
export class Flight {
  readonly exchange: Exchange;
  readonly lease: Lease;
  /** The status that the upstream answered with, where what was made of that has another. */
  cameAs: number | undefined = undefined;
  /** True once another fetch for the same has begun after it: what it brings may be older than what is stored then. */
  overtaken = false;
  readonly #leader: Exchange | undefined;
  readonly #background: boolean;
  /** When it began, in monotonic milliseconds. */
  readonly since: number;
  readonly #waiters = new Set<Waiter>();
  #landing: Landing | undefined = undefined;

  constructor(parts: { readonly exchange: Exchange; readonly lease: Lease; readonly leader: Exchange | undefined; readonly since: number }) {
    this.exchange = parts.exchange;
    this.lease = parts.lease;
    this.#leader = parts.leader;
    this.#background = parts.leader === undefined;
    this.since = parts.since;
  }

  /** True where nobody asked for it: it is read to its end whoever leaves. */
  get background(): boolean {
    return this.#background;
  }

  /** Whether one more request can still wait for it: no write has passed since it began, and its body can still be had from the start. */
  get joinable(): boolean {
    if (this.lease.dead || this.exchange.aborted) return false;
    return this.#landing === undefined || (this.#landing.kind === 'shared' && this.#landing.body.open);
  }

  /** The answer that all share, once its head is here. */
  get headed(): Extract<Landing, { kind: 'shared' }> | undefined {
    return this.#landing?.kind === 'shared' ? this.#landing : undefined;
  }

  /** Whether it has had no answer for so long that it may be stuck: whoever comes now does better to ask anew than to share its bad luck. */
  isLate(now: number): boolean {
    return this.#landing === undefined && now - this.since > PATIENCE_MS;
  }

  /** Waits for what it comes to, as long as the request's own time allows. `now`: monotonic milliseconds. */
  join(exchange: Exchange, now: number): Promise<Landed> {
    if (this.#landing !== undefined) return Promise.resolve(landedFor(this.#landing, exchange, false));
    return new Promise((resolve) => {
      const waiter: Waiter = { exchange, resolve, left: () => this.#leave(waiter, { kind: 'left' }), timer: undefined };
      this.#waiters.add(waiter);
      exchange.onAbort(waiter.left);
      // the fetch itself ends in time for all but those who have less of it than who began it
      if (exchange.deadlineAt >= this.exchange.deadlineAt) return;
      const late = (): void => {
        exchange.offAbort(waiter.left);
        this.#leave(waiter, { kind: 'failure', failure: LATE });
      };
      waiter.timer = setTimeout(late, Math.max(0, exchange.deadlineAt - now));
    });
  }

  /** Tells all who wait; each gets its reader before the body begins to flow. */
  land(landing: Landing): void {
    this.#landing = landing.kind === 'private' ? this.#linked(landing) : landing;
    const waiters = [...this.#waiters];
    this.#waiters.clear();
    let taken = false;
    for (const { exchange, resolve, left, timer } of waiters) {
      exchange.offAbort(left);
      clearTimeout(timer);
      const own = exchange === this.#leader;
      if (own) exchange.adopt(this.exchange);
      taken ||= own;
      resolve(this.#outlives(exchange, landing) ? { kind: 'again' } : landedFor(this.#landing, exchange, own));
    }
    if (landing.kind === 'private' && !taken) landing.reply.body.abort();
  }

  /** Who gives up a body that is its own ends the fetch, at once. */
  #linked({ kind, reply }: Extract<Landing, { kind: 'private' }>): Landing {
    const body = new TappedBody(reply.body, (how) => {
      if (how === 'aborted') this.exchange.abort();
    });
    return { kind, reply: { ...reply, body } };
  }

  /** Whether a fetch failed for want of time that this request still has. */
  #outlives(exchange: Exchange, landing: Landing): boolean {
    if (landing.kind !== 'failed' || (landing.failure.limit !== 'total' && landing.failure.limit !== CLIENT_LIMIT)) return false;
    return timeOf(exchange) > timeOf(this.exchange) + SAME_TIME_MS;
  }

  #leave(waiter: Waiter, landed: Landed): void {
    clearTimeout(waiter.timer);
    this.#waiters.delete(waiter);
    waiter.resolve(landed);
    if (this.#waiters.size === 0 && !this.#background) this.exchange.abort();
  }
}

/** How long a request may take in all, in milliseconds. */
function timeOf({ deadlineAt, startedAt }: Exchange): number {
  return deadlineAt - startedAt;
}

const LATE = failure({
  code: 'http_response_timeout',
  phase: 'headers',
  kind: 'timeout',
  replay: 'ambiguous',
  detail: 'the time of this request was over while it waited for the answer to another one',
  limit: 'total',
  own: true,
});

function landedFor(landing: Landing, exchange: Exchange, leads: boolean): Landed {
  switch (landing.kind) {
    case 'stored':
      return leads || landing.isFor(exchange.headers) ? { kind: 'stored', stored: landing.stored, updated: landing.updated } : { kind: 'again' };
    case 'shared':
      if (!leads && !landing.isFor(exchange.headers)) return { kind: 'again' };
      return { kind: 'reply', reply: withBody(landing.reply, landing.body.reader()), stored: landing.stored, timing: landing.timing };
    case 'failed':
      if (!leads && landing.failure.reply !== undefined && landing.shared?.isFor(exchange.headers) !== true) return { kind: 'again' };
      return { kind: 'failure', failure: failureFor(landing) };
    case 'private':
      return leads ? { kind: 'reply', reply: landing.reply, stored: false, timing: undefined } : { kind: 'again' };
  }
}

function failureFor({ failure, shared }: Extract<Landing, { kind: 'failed' }>): Failure {
  if (failure.reply === undefined || shared === undefined) return failure;
  return { ...failure, reply: withBody(failure.reply, shared.body.reader()) };
}

function withBody(reply: Reply, body: BodySource): Reply {
  return { ...reply, body };
}

/** An exchange for a fetch in the background: it is nobody's, and has the time that the one it is like had at its start. */
export function refreshOf(from: Exchange, headers: HeaderList, now: number): Exchange {
  const { id, entry, scheme, authority, path } = from;
  const exchange = new Exchange({ id, entry, method: 'GET', scheme, authority, path, headers, startedAt: now });
  exchange.upstream = from.upstream;
  exchange.route = from.route;
  exchange.streaming = from.streaming;
  exchange.background = true;
  exchange.deadlineAt = now + (from.deadlineAt - from.startedAt);
  return exchange;
}
