import type { Clock } from '../model/clock.ts';
import type { Observer } from '../model/events.ts';
import { type Failure, failure } from '../model/failure.ts';
import { headerValue, type HeaderList, withHeader, withoutHeaders } from '../model/headers.ts';
import { discard, type Reply } from '../model/outcome.ts';
import type { Service } from '../model/service.ts';
import type { Flight, Landing } from './coalesce/flight.ts';
import type { Leases } from './coalesce/leases.ts';
import type { KeyNotes } from './coalesce/memory-of-keys.ts';
import { type BodyEnd, SharedBody } from './coalesce/shared-body.ts';
import { type Identities, isCredential } from './identity.ts';
import type { CacheRequest } from './request.ts';
import { initialAgeMs } from './rules/age.ts';
import { CONDITIONS, confirmed, merged } from './rules/conditions.ts';
import { contentRange } from './rules/range.ts';
import { mayBeShared, type Storing, storing, usefulMs } from './rules/storing.ts';
import { variantOf, varyOf } from './rules/vary.ts';
import type { Selection } from './select.ts';
import type { RouteCacheSettings } from './settings.ts';
import type { CacheStore, Found, Freshness, StoredResponse } from './store.ts';

/** What the routes of a cache share. */
export interface CacheParts {
  readonly store: CacheStore;
  readonly leases: Leases;
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
  /** Told once, when nothing more can join or be stored. */
  readonly over: () => void;
}

interface Arrival {
  readonly reply: Reply;
  readonly requestedAt: number;
  readonly respondedAt: number;
}

/** Fetches from the upstream, says what the answer means for the cache, and stores it as it passes. */
export class Fetcher {
  readonly #settings: RouteCacheSettings;
  readonly #parts: CacheParts;
  readonly #notes: KeyNotes;
  readonly #next: Service;

  constructor(settings: RouteCacheSettings, parts: CacheParts, notes: KeyNotes, next: Service) {
    this.#settings = settings;
    this.#parts = parts;
    this.#notes = notes;
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
    for (let unconditional = false; ; unconditional = true) {
      const requestedAt = clock.wallNow();
      const outcome = await this.#next(flight.exchange);
      if (outcome.type === 'failure') return this.#failed(fetch, outcome, requestedAt);
      const arrival = { reply: outcome, requestedAt, respondedAt: clock.wallNow() };
      this.#notes.noteSuccess(request.key);
      if (outcome.status !== 304 || !fetch.validates || unconditional) return this.#arrived(fetch, arrival);
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
    const names = varyOf(arrival.reply.headers) ?? [];
    const vary = names.length > 0 ? names : stored.vary;
    const variant = variantOf(vary, fields, isCredential, this.#parts.identities.hash);
    const fresher = { ...this.freshened(request, stored, arrival), vary, variant };
    if (fresher.keepUntil > 0 && !flight.lease.dead) void this.#parts.store.put(request.key, fresher);
    flight.land({ kind: 'stored', stored: { ...fresher, stale: false }, isFor: this.#isFor(vary, variant) });
    fetch.over();
  }

  /** A stored answer with the newer fields of a 304 or a HEAD and the freshness that follows from both; `keepUntil` 0 where it may no longer be stored. */
  freshened(request: CacheRequest, stored: Found, { reply, requestedAt, respondedAt }: Arrival): StoredResponse {
    const headers = merged(stored.headers, reply.headers);
    const times = { requestedAt, respondedAt };
    const found = storing({ status: stored.status, headers, respondedAt, authorized: request.authorized }, this.#settings.overrides);
    const ageMs = initialAgeMs(reply.headers, times);
    const { vary, variant, status, body, range, upstream, route, tags } = stored;
    const kept = { vary, variant, status, body, range, upstream, route, tags, respondedAt, initialAgeMs: ageMs };
    if (found === undefined)
      return { ...kept, headers: withoutHeaders(headers, (name) => name === 'age'), freshness: stored.freshness, keepUntil: 0 };
    const freshness = sinceArrival(found, ageMs);
    return { ...kept, headers: found.headers, freshness, keepUntil: respondedAt + usefulMs(freshness, found.headers) };
  }

  #failed(fetch: Fetch, failed: Failure, requestedAt: number): void {
    const { flight, request, selection } = fetch;
    const { clock } = this.#parts;
    if (selection.stored !== undefined) this.#notes.noteFailure(request.key, clock.now(), clock.random());
    const { reply } = failed;
    if (flight.background || reply === undefined) {
      discard(failed);
      flight.land({ kind: 'failed', failure: failed, body: undefined });
      return fetch.over();
    }
    const found = selection.stored === undefined ? this.#storing(fetch, { reply, requestedAt, respondedAt: clock.wallNow() }) : undefined;
    const body = new SharedBody(reply.body, this.#settings.maxEntry, false, this.#onEnd(fetch, found));
    flight.land({ kind: 'failed', failure: failed, body });
    body.start();
  }

  #arrived(fetch: Fetch, arrival: Arrival): void {
    const { flight, request, selection } = fetch;
    const { reply } = arrival;
    const found = this.#storing(fetch, arrival);
    if (found === undefined && selection.stored !== undefined && reply.status !== 304) {
      // something newer came that may not be kept: what is stored is no longer true
      void this.#parts.store.remove(request.key);
    }
    if (found === undefined && (flight.background || !this.#isShareable(request, reply))) {
      this.#notes.noteUnshared(request.key, this.#parts.clock.now());
      flight.land({ kind: 'private', reply });
      return fetch.over();
    }
    this.#notes.noteShared(request.key);
    const landing = this.#shared(fetch, arrival, found);
    flight.land(landing);
    landing.body.start();
  }

  #shared(fetch: Fetch, arrival: Arrival, found: Storable | undefined): Extract<Landing, { kind: 'shared' }> {
    const { reply } = arrival;
    const vary = found?.vary ?? varyOf(reply.headers) ?? [];
    const variant = variantOf(vary, fetch.fields, isCredential, this.#parts.identities.hash);
    this.#notes.noteVary(fetch.request.key, vary);
    const body = new SharedBody(reply.body, this.#settings.maxEntry, fetch.flight.background, this.#onEnd(fetch, found));
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

  #isShareable(request: CacheRequest, { status, headers }: Reply): boolean {
    const { shareUnstored, key } = this.#settings;
    if (!shareUnstored || request.ranged || (key.shared && request.authorized)) return false;
    return varyOf(headers) !== undefined && !this.#isTooLarge(headers) && mayBeShared(status, headers);
  }

  #isTooLarge(headers: HeaderList): boolean {
    return Number(headerValue(headers, 'content-length') ?? 0) > this.#settings.maxEntry;
  }

  /** How the answer is stored; undefined where it may not be. */
  #storing(fetch: Fetch, { reply, requestedAt, respondedAt }: Arrival): Storable | undefined {
    const { request, flight } = fetch;
    const { status, headers } = reply;
    const vary = varyOf(headers);
    if (vary === undefined || this.#isTooLarge(headers) || flight.lease.dead) return undefined;
    const isPart = status === 206 && !this.#ranges(request);
    if (isPart && contentRange(headers) === undefined) return undefined;
    const found = storing({ status, headers, respondedAt, authorized: request.authorized }, this.#settings.overrides);
    if (found === undefined) return undefined;
    const ageMs = initialAgeMs(headers, { requestedAt, respondedAt });
    return { ...found, freshness: sinceArrival(found, ageMs), status, vary, isPart, respondedAt, initialAgeMs: ageMs };
  }

  /** Whether a 206 is a whole answer under this key: its Range is part of it. */
  #ranges(request: CacheRequest): boolean {
    const { tablesPrefix, rangeInKey } = this.#settings.key;
    return rangeInKey || (tablesPrefix !== undefined && !request.ranged);
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
    const { status, vary, freshness, respondedAt } = found;
    const range = found.isPart ? contentRange(found.headers) : undefined;
    if (range !== undefined && range.last - range.first + 1 !== body.length) return;
    const bodiless = status === 204 || status === 205 || headerValue(found.headers, 'content-length') === String(body.length);
    const headers = bodiless ? found.headers : withHeader(found.headers, 'content-length', String(body.length));
    void this.#parts.store.put(request.key, {
      vary,
      variant: variantOf(vary, fields, isCredential, this.#parts.identities.hash),
      status,
      headers,
      body,
      range,
      freshness,
      respondedAt,
      initialAgeMs: found.initialAgeMs,
      keepUntil: respondedAt + usefulMs(freshness, headers),
      upstream: this.#settings.upstream,
      route: this.#settings.route,
      tags,
    });
  }
}

interface Storable extends Storing {
  readonly status: number;
  readonly vary: readonly string[];
  readonly isPart: boolean;
  readonly respondedAt: number;
  readonly initialAgeMs: number;
}

/** A lifetime as it is stored: the operator's begins when the answer comes, so what the answer is old by then is added to it. */
function sinceArrival({ freshness, own }: Storing, ageMs: number): Freshness {
  return own && ageMs > 0 ? { ...freshness, freshMs: freshness.freshMs + ageMs } : freshness;
}

/** An answer that was a second or more under way is that old (RFC 9111 section 4.2.3). */
function aged(reply: Reply, ageMs: number): Reply {
  const seconds = Math.floor(ageMs / 1000);
  return seconds < 1 ? reply : { ...reply, headers: withHeader(reply.headers, 'age', String(seconds)) };
}

const BUG = failure({
  code: 'proxy_internal_error',
  phase: 'queue',
  kind: 'protocol',
  replay: 'answered',
  detail: 'the cache failed',
  own: true,
});
