import type { Clock } from '../model/clock.ts';
import type { Observer } from '../model/events.ts';
import { type Failure, failure } from '../model/failure.ts';
import { type HeaderList, withoutHeaders } from '../model/headers.ts';
import { discard, type Reply } from '../model/outcome.ts';
import type { Service } from '../model/service.ts';
import type { Flight, Landing } from './coalesce/flight.ts';
import type { Leases } from './coalesce/leases.ts';
import type { KeyNotes } from './coalesce/key-notes.ts';
import { type BodyEnd, SharedBody } from './coalesce/shared-body.ts';
import type { Spool } from './coalesce/spool.ts';
import { aged, type Arrival, freshened, selectingFields, shareable, storable, type Storable, storedFrom } from './entry.ts';
import { type Identities, isCredential } from './identity.ts';
import { learnFromHead, noteKey, sharedHead } from './head.ts';
import type { CacheRequest } from './request.ts';
import { CONDITIONS, confirmed } from './rules/conditions.ts';
import { troubleOf } from './rules/reuse.ts';
import { variantOf } from './rules/vary.ts';
import type { Selection } from './select.ts';
import type { RouteCacheSettings } from './settings.ts';
import type { CacheStore, Found } from './store.ts';

/** What the routes of a cache share. */
export interface CacheParts {
  readonly store: CacheStore;
  readonly leases: Leases;
  readonly notes: KeyNotes;
  readonly spool: Spool;
  readonly identities: Identities;
  readonly clock: Clock;
  readonly observer: Observer;
}

/** One fetch to make. */
export interface Fetch {
  readonly flight: Flight;
  readonly request: CacheRequest;
  readonly selection: Selection;
  readonly tags: readonly string[];
  /** The request's own fields, before ours were put in: what Vary is about. */
  readonly fields: HeaderList;
  /** True where it asks about stored answers. */
  readonly validates: boolean;
  /** Others may wait for it. */
  readonly awaited: boolean;
  /** Told once, when nothing more can join or be stored. */
  readonly over: () => void;
}

/** Fetches from the upstream, says what the answer means for the cache, and stores it as it passes. */
export class Fetcher {
  readonly #settings: RouteCacheSettings;
  readonly #parts: CacheParts;
  readonly #next: Service;

  constructor(settings: RouteCacheSettings, parts: CacheParts, next: Service) {
    this.#settings = settings;
    this.#parts = parts;
    this.#next = next;
  }

  /** Runs a fetch to its landing. Never rejects: an exception is told to the observer and lands as a failure. */
  async run(fetch: Fetch): Promise<void> {
    try {
      await this.#fly(fetch);
    } catch (error) {
      this.#parts.observer.internalError(error);
      fetch.flight.land({ kind: 'failed', failure: BUG, body: undefined });
      fetch.over();
    }
  }

  async #fly(fetch: Fetch): Promise<void> {
    const { clock } = this.#parts;
    const { flight, request, selection } = fetch;
    const isHead = flight.exchange.method === 'HEAD';
    for (let unconditional = false; ; unconditional = true) {
      const requestedAt = clock.wallNow();
      const outcome = await this.#next(flight.exchange);
      if (outcome.type === 'failure') return this.#failed(fetch, outcome, requestedAt);
      const arrival = { reply: outcome, requestedAt, respondedAt: clock.wallNow() };
      // an origin may do with HEADs as it likes: they tell nothing of what a GET will come to
      if (!isHead) this.#parts.notes.noteSuccess(request.key);
      if (outcome.status !== 304 || !fetch.validates || unconditional)
        return isHead ? this.#headArrived(fetch, arrival) : this.#arrived(fetch, arrival);
      outcome.body.abort();
      const stored = confirmed(outcome.headers, selection.stored, selection.all);
      if (stored !== undefined) return this.#confirmed(fetch, arrival, stored);
      // it confirms something that we do not have: only the whole answer helps
      flight.exchange.headers = withoutHeaders(flight.exchange.headers, (name) => CONDITIONS.has(name));
      flight.exchange.attempt = 0;
    }
  }

  /** A stored answer is still good: it takes over the fields of the 304 and is fresh anew (RFC 9111 section 4.3.4). */
  #confirmed(fetch: Fetch, arrival: Arrival, stored: Found): void {
    const { flight, request, fields } = fetch;
    const fresh = freshened(this.#settings, request, stored, arrival);
    const selecting = selectingFields(fresh.headers);
    const vary = selecting ?? stored.vary;
    const variant = variantOf(vary, fields, isCredential, this.#parts.identities.hash);
    const fresher = { ...fresh, vary, variant };
    if (selecting !== undefined && fresh.keepUntil > 0 && !flight.lease.dead) void this.#parts.store.put(request.key, fresher);
    flight.land({ kind: 'stored', stored: { ...fresher, stale: false }, isFor: this.#isFor(vary, variant) });
    fetch.over();
  }

  #failed(fetch: Fetch, failed: Failure, requestedAt: number): void {
    const { flight, request, selection } = fetch;
    const { clock } = this.#parts;
    const isHead = flight.exchange.method === 'HEAD';
    if (selection.stored !== undefined && !isHead) this.#parts.notes.noteFailure(request.key, troubleOf(failed), clock.now(), clock.random());
    const { reply } = failed;
    if (flight.background || reply === undefined) {
      discard(failed);
      flight.land({ kind: 'failed', failure: failed, body: undefined });
      return fetch.over();
    }
    const found = selection.stored === undefined && !isHead ? this.#storable(fetch, { reply, requestedAt, respondedAt: clock.wallNow() }) : undefined;
    const body = this.#share(fetch, reply, found);
    flight.land({ kind: 'failed', failure: failed, body });
    body.start();
  }

  #arrived(fetch: Fetch, arrival: Arrival): void {
    const { flight, request, selection } = fetch;
    const { reply } = arrival;
    const found = this.#storable(fetch, arrival);
    if (found === undefined && selection.stored !== undefined && reply.status !== 304) {
      // something newer came that may not be kept: what is stored is no longer true
      void this.#parts.store.remove(request.key);
    }
    if (found === undefined && (flight.background || !shareable(this.#settings, request, reply))) return this.#landPrivate(fetch, reply);
    this.#landShared(fetch, this.#shared(fetch, arrival, found, this.#share(fetch, reply, found)));
  }

  /** The answer to a HEAD is never stored; what it says of what is stored for GET counts. */
  #headArrived(fetch: Fetch, arrival: Arrival): void {
    const { dead } = fetch.flight.lease;
    if (!dead) learnFromHead(this.#settings, this.#parts.store, fetch, arrival);
    const shared = dead ? undefined : sharedHead(this.#settings, fetch.request, arrival);
    if (shared === undefined) return this.#landPrivate(fetch, arrival.reply);
    this.#landShared(fetch, { ...this.#shared(fetch, arrival, shared.found, this.#share(fetch, arrival.reply, undefined)), stored: false });
  }

  #landPrivate(fetch: Fetch, reply: Reply): void {
    const { flight, request } = fetch;
    const { notes, clock } = this.#parts;
    // what was asked for by one alone, or is older than a write, tells nothing of the next answer
    if (fetch.awaited && !flight.lease.dead) notes.noteUnshared(noteKey(flight.exchange.method, request.key), clock.now());
    flight.land({ kind: 'private', reply });
    fetch.over();
  }

  #landShared(fetch: Fetch, landing: Extract<Landing, { kind: 'shared' }>): void {
    this.#parts.notes.noteShared(noteKey(fetch.flight.exchange.method, fetch.request.key));
    fetch.flight.land(landing);
    landing.body.start();
  }

  #shared(fetch: Fetch, { reply }: Arrival, found: Storable | undefined, body: SharedBody): Extract<Landing, { kind: 'shared' }> {
    const vary = found?.vary ?? selectingFields(reply.headers) ?? [];
    const variant = variantOf(vary, fetch.fields, isCredential, this.#parts.identities.hash);
    this.#parts.notes.noteVary(fetch.request.key, vary);
    return {
      kind: 'shared',
      reply: found === undefined ? reply : aged(reply, found.initialAgeMs),
      stored: found !== undefined,
      body,
      isFor: this.#isFor(vary, variant),
    };
  }

  #isFor(vary: readonly string[], variant: string): (request: HeaderList) => boolean {
    if (vary.length === 0) return () => true;
    return (request) => variantOf(vary, request, isCredential, this.#parts.identities.hash) === variant;
  }

  /** How the answer is stored; undefined where it may not be, or a write has passed since it was asked for. */
  #storable({ request, flight }: Fetch, arrival: Arrival): Storable | undefined {
    return flight.lease.dead ? undefined : storable(this.#settings, request, arrival);
  }

  /** Stores what has come whole, and ends what nobody reads on. */
  #onEnd(fetch: Fetch, found: Storable | undefined): (end: BodyEnd) => void {
    return (end) => {
      if (end.how === 'left') fetch.flight.exchange.abort();
      const { lease } = fetch.flight;
      if (found !== undefined && end.how === 'complete' && end.bytes !== undefined && !lease.dead) this.#store(fetch, found, end.bytes);
      fetch.over();
    };
  }

  #store({ request, fields, tags }: Fetch, found: Storable, body: Uint8Array): void {
    const { upstream, route } = this.#settings;
    const variant = variantOf(found.vary, fields, isCredential, this.#parts.identities.hash);
    const entry = storedFrom(found, body, { variant, upstream, route, tags });
    if (entry !== undefined) void this.#parts.store.put(request.key, entry);
  }

  #share(fetch: Fetch, { body }: Reply, found: Storable | undefined): SharedBody {
    const { background } = fetch.flight;
    return new SharedBody(body, { limit: this.#settings.maxEntry, spool: this.#parts.spool, keeper: background }, this.#onEnd(fetch, found));
  }
}

const BUG = failure({
  code: 'proxy_internal_error',
  phase: 'queue',
  kind: 'protocol',
  replay: 'answered',
  detail: 'the cache failed',
  own: true,
});
