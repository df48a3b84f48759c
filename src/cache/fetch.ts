import { isCredential } from '../model/credential-field.ts';
import type { Clock } from '../model/clock.ts';
import type { Observer } from '../model/events.ts';
import type { Failure } from '../model/failure.ts';
import type { HeaderList } from '../model/headers.ts';
import { discard, type Reply } from '../model/outcome.ts';
import type { Service } from '../model/service.ts';
import type { Flight, Landing } from './coalesce/flight.ts';
import type { Leases } from './coalesce/leases.ts';
import type { KeyNotes } from './coalesce/key-notes.ts';
import { type BodyEnd, SharedBody } from './coalesce/shared-body.ts';
import type { Spool } from './coalesce/spool.ts';
import { aged, type Arrival, failureFields, freshened, lengthOf, selectingFields, shareable, storable, type Storable } from './entry.ts';
import type { Identities } from './identity.ts';
import { filling } from './fill.ts';
import { learnFromHead, noteKey, sharedHead } from './head.ts';
import { keep } from './keep.ts';
import type { Plan } from './plan.ts';
import type { CacheRequest } from './request.ts';
import { type Confirmed, confirmed } from './rules/conditions.ts';
import { troubleOf } from './rules/reuse.ts';
import { selectedAlike, variantOf } from './rules/vary.ts';
import type { Selection } from './select.ts';
import { CACHE_FAILED } from './serve.ts';
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
  readonly plan: Plan;
  readonly tags: readonly string[];
  /** The request's own fields, before ours were put in: what Vary is about. */
  readonly fields: HeaderList;
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
      fetch.flight.land({ kind: 'failed', failure: CACHE_FAILED, shared: undefined });
      fetch.over();
    }
  }

  async #fly(fetch: Fetch): Promise<void> {
    const { clock } = this.#parts;
    const { flight, request, plan } = fetch;
    for (let again = false; ; again = true) {
      const requestedAt = clock.wallNow();
      const outcome = await this.#next(flight.exchange);
      if (outcome.type === 'failure') return this.#failed(fetch, outcome, requestedAt);
      const arrival = { reply: outcome, requestedAt, respondedAt: clock.wallNow() };
      // an origin may do with HEADs as it likes: they tell nothing of what a GET will come to
      if (flight.exchange.method !== 'HEAD') this.#parts.notes.noteSuccess(request.key);
      if (again || this.#answers(fetch, arrival)) return this.#took(fetch, arrival);
      if (outcome.status === 304 && this.#confirms(fetch, arrival)) return;
      const filled = plan.gap === undefined ? undefined : filling(plan.gap, arrival);
      if (filled !== undefined) {
        flight.cameAs = outcome.status;
        return this.#took(fetch, { ...arrival, reply: filled });
      }
      // it confirms, or is a part of, something that we do not have: only what the client asked for helps
      outcome.body.abort();
      flight.exchange.headers = plan.otherwise;
      flight.exchange.attempt = 0;
    }
  }

  /** Whether what came is an answer to what the client asked, whatever was sent for it. */
  #answers({ plan }: Fetch, { reply }: Arrival): boolean {
    if (plan.gap !== undefined) return !RANGE_STATUSES.has(reply.status) && (reply.status !== 200 || plan.gap.whole);
    return reply.status !== 304 || !plan.validates;
  }

  #took(fetch: Fetch, arrival: Arrival): void {
    return fetch.flight.exchange.method === 'HEAD' ? this.#headArrived(fetch, arrival) : this.#arrived(fetch, arrival);
  }

  #confirms(fetch: Fetch, arrival: Arrival): boolean {
    const { selection } = fetch;
    const all = selection.stored?.range === undefined ? selection.all : [selection.stored];
    const found = confirmed({ headers: arrival.reply.headers, respondedAt: arrival.respondedAt }, selection.stored, all);
    if (found === undefined) return false;
    arrival.reply.body.abort();
    this.#confirmed(fetch, arrival, found);
    return true;
  }

  /** A stored answer is still good: it takes over the fields of the 304 and is fresh anew (RFC 9111 section 4.3.4). */
  #confirmed(fetch: Fetch, arrival: Arrival, { stored, updates }: Confirmed<Found>): void {
    const { flight, request, fields } = fetch;
    if (!updates) {
      flight.land({ kind: 'stored', stored, updated: false, isFor: this.#isFor(stored.vary, fields) });
      return fetch.over();
    }
    const fresh = freshened(this.#settings, request, stored, arrival);
    const selecting = selectingFields(fresh.headers);
    const vary = selecting ?? stored.vary;
    const variant = variantOf(vary, fields, isCredential, this.#parts.identities.hash);
    const fresher = { ...fresh, vary, variant };
    // several parts together may be more than one answer is allowed to be
    const fits = fresh.body.length <= this.#settings.maxEntry;
    const isStorable = selecting !== undefined && fresh.keepUntil > 0;
    const updated = isStorable && fits && !flight.lease.dead;
    if (updated) void this.#parts.store.put(request.key, fresher);
    else if (!isStorable) void this.#parts.store.remove(request.key);
    flight.land({ kind: 'stored', stored: { ...fresher, stale: false }, updated, isFor: this.#isFor(vary, fields) });
    fetch.over();
  }

  #failed(fetch: Fetch, failed: Failure, requestedAt: number): void {
    const { flight, request, selection } = fetch;
    const { clock } = this.#parts;
    const isHead = flight.exchange.method === 'HEAD';
    // who left says nothing of the upstream
    if (selection.stored !== undefined && !isHead && failed.kind !== 'aborted')
      this.#parts.notes.noteFailure(request.key, troubleOf(failed), clock.now(), clock.random());
    const { reply } = failed;
    if (flight.background || reply === undefined) {
      discard(failed);
      flight.land({ kind: 'failed', failure: failed, shared: undefined });
      return fetch.over();
    }
    const found = selection.stored === undefined && !isHead ? this.#storable(fetch, { reply, requestedAt, respondedAt: clock.wallNow() }) : undefined;
    const body = this.#share(fetch, reply, found);
    const vary = found?.vary ?? failureFields(this.#settings, request, reply);
    if (vary === undefined) this.#noteUnshared(fetch);
    flight.land({ kind: 'failed', failure: failed, shared: { body, isFor: vary === undefined ? () => false : this.#isFor(vary, fetch.fields) } });
    body.start();
  }

  #arrived(fetch: Fetch, arrival: Arrival): void {
    const { flight, request, selection } = fetch;
    const { reply } = arrival;
    const found = this.#storable(fetch, arrival);
    if (found === undefined && selection.stored !== undefined && reply.status !== 304 && !this.#isOfWhoAsks(reply)) {
      // something newer came that may not be kept: what is stored is no longer true
      void this.#parts.store.remove(request.key);
    }
    if (found === undefined && (flight.background || !shareable(this.#settings, request, reply))) return this.#landPrivate(fetch, reply);
    this.#landShared(fetch, this.#shared(fetch, arrival, found, this.#share(fetch, reply, found)));
  }

  /** Whether an answer tells of who asks alone, where all get the same: what is stored for the others is as good as before. */
  #isOfWhoAsks({ status }: Reply): boolean {
    return this.#settings.key.shared && (status === 401 || status === 403);
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
    this.#noteUnshared(fetch);
    fetch.flight.land({ kind: 'private', reply });
    fetch.over();
  }

  #noteUnshared({ flight, request, awaited }: Fetch): void {
    const { notes, clock } = this.#parts;
    // what was asked for by one alone, or is older than a write, tells nothing of the next answer
    if (awaited && !flight.lease.dead) notes.noteUnshared(noteKey(flight.exchange.method, request.key), clock.now());
  }

  #landShared(fetch: Fetch, landing: Extract<Landing, { kind: 'shared' }>): void {
    this.#parts.notes.noteShared(noteKey(fetch.flight.exchange.method, fetch.request.key));
    fetch.flight.land(landing);
    landing.body.start();
  }

  #shared(fetch: Fetch, { reply }: Arrival, found: Storable | undefined, body: SharedBody): Extract<Landing, { kind: 'shared' }> {
    const vary = found?.vary ?? selectingFields(reply.headers) ?? [];
    this.#parts.notes.noteVary(fetch.request.key, vary);
    return {
      kind: 'shared',
      reply: found === undefined ? reply : aged(reply, found.initialAgeMs),
      stored: found !== undefined && this.#parts.store.problem === undefined,
      timing: found,
      body,
      isFor: this.#isFor(vary, fetch.fields),
    };
  }

  /** Tells the requests that an answer to one with these fields is for too. */
  #isFor(vary: readonly string[], fields: HeaderList): (request: HeaderList) => boolean {
    return selectedAlike(vary, fields, isCredential, this.#parts.identities.hash);
  }

  /** How the answer is stored; undefined where it may not be, or a write has passed since it was asked for. */
  #storable({ request, flight }: Fetch, arrival: Arrival): Storable | undefined {
    return flight.lease.dead ? undefined : storable(this.#settings, request, arrival);
  }

  /** Stores what has come whole, and ends what nobody reads on. */
  #onEnd(fetch: Fetch, found: Storable | undefined): (end: BodyEnd) => void {
    return (end) => {
      const { flight, request, fields, tags, over } = fetch;
      const { exchange, lease } = flight;
      if (end.how === 'left') exchange.abort();
      if (found === undefined || end.how !== 'complete' || end.bytes === undefined || lease.dead) return over();
      keep(
        this.#settings,
        this.#parts,
        { key: request.key, found, body: end.bytes, fields, sent: exchange.headers, tags, lease, overtaken: flight.overtaken },
        over,
      );
    };
  }

  #share(fetch: Fetch, { body, headers }: Reply, found: Storable | undefined): SharedBody {
    const { background } = fetch.flight;
    const options = { limit: this.#settings.maxEntry, length: lengthOf(headers), spool: this.#parts.spool, keeper: background };
    return new SharedBody(body, options, this.#onEnd(fetch, found));
  }
}

/** Answers to Range, If-Range and the like that say nothing to who did not ask for that. */
const RANGE_STATUSES: ReadonlySet<number> = new Set([206, 304, 412, 416]);
