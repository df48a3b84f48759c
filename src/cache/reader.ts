import { isCredential } from '../model/credential-field.ts';
import type { CacheResult } from '../model/events.ts';
import { BytesBody } from '../model/body.ts';
import type { Exchange } from '../model/exchange.ts';
import { clientClosed, type Failure } from '../model/failure.ts';
import { discard, type Outcome, reply, type Reply } from '../model/outcome.ts';
import type { Answered, Service } from '../model/service.ts';
import type { Landed } from './coalesce/flight.ts';
import { aged } from './entry.ts';
import type { CacheParts } from './fetch.ts';
import { headsOf, noteKey } from './head.ts';
import { Launcher } from './launch.ts';
import { type Plan, planFetch, planRefresh } from './plan.ts';
import { type CacheRequest, readRequest } from './request.ts';
import { isNotModified, notModifiedHeaders } from './rules/conditions.ts';
import { ageMs, reuse, standsIn, troubleOf } from './rules/reuse.ts';
import { variantOf } from './rules/vary.ts';
import { pieced, type Pieced, select, type Selection } from './select.ts';
import { NOTHING_STALE, NOT_CACHED, storedReply } from './serve.ts';
import type { RouteCacheSettings } from './settings.ts';
import { type Forward, forwardStatus, hitStatus } from './status.ts';
import type { Found } from './store.ts';
import type { Tagger } from './tag-names.ts';

/** Times that a request waits for a fetch that turns out not to be for it, before it goes alone. */
const MAX_WAITS = 2;

/** Answers GET and HEAD on one route: from the store where it may, else by one fetch for all who ask for the same. */
export class Reader {
  readonly #settings: RouteCacheSettings;
  readonly #parts: CacheParts;
  readonly #next: Service;
  readonly #launcher: Launcher;

  constructor(settings: RouteCacheSettings, parts: CacheParts, tagsOf: Tagger, next: Service) {
    this.#settings = settings;
    this.#parts = parts;
    this.#next = next;
    this.#launcher = new Launcher(settings, parts, tagsOf, next);
  }

  /** The service of GET and HEAD. */
  readonly serve: Service = (exchange) => {
    const request = readRequest(exchange, this.#settings.key, this.#parts.identities);
    if (exchange.staleUse !== 'only' && (request.precondition || request.directives.noStore)) return this.#bypass(exchange, 'request');
    // a token that has ended gets no answer from here, not even an old one: the upstream says what it is worth
    if (exchange.body.kind !== 'none' || request.disguised || (request.expiresAt !== Infinity && request.expiresAt <= this.#parts.clock.wallNow())) {
      return exchange.staleUse === 'only' ? NOTHING_STALE : this.#bypass(exchange, 'bypass');
    }
    return this.#lookup(exchange, request, 0);
  };

  #lookup(exchange: Exchange, request: CacheRequest, waits: number): Answered {
    const found = this.#parts.store.lookup(request.key);
    return found instanceof Promise
      ? found.then((late) => this.#decide(exchange, request, late, waits))
      : this.#decide(exchange, request, found, waits);
  }

  #decide(exchange: Exchange, request: CacheRequest, found: readonly Found[], waits: number): Answered {
    const selection = select(found, exchange.headers, this.#parts.identities.hash);
    return this.#fromStore(exchange, request, selection) ?? this.#missed(exchange, request, selection, waits);
  }

  #missed(exchange: Exchange, request: CacheRequest, looked: Selection, waits: number): Answered {
    const found = pieced(looked, exchange, request);
    const { selection } = found;
    const served = found.together ? this.#fromStore(exchange, request, selection) : undefined;
    if (served !== undefined) return served;
    if (exchange.staleUse === 'only') return this.#standIn(exchange, request, selection.stored, NOTHING_STALE) ?? NOTHING_STALE;
    if (request.directives.onlyIfCached) {
      this.#tell(exchange, 'miss', 'detail=only-if-cached');
      return NOT_CACHED;
    }
    return this.#fetch(exchange, request, found, waits);
  }

  /** The stored answer, where it may be sent without asking. */
  #fromStore(exchange: Exchange, request: CacheRequest, { stored, parts, all }: Selection): Reply | undefined {
    const now = this.#parts.clock.wallNow();
    for (const one of stored === undefined ? parts : [...parts, stored]) {
      const verdict = reuse(one, request.directives, now, one.stale && this.#parts.notes.isFailing(request.key));
      const held = verdict === 'validate' && this.#isHeldBack(exchange, request, one, now);
      if (verdict === 'validate' && !held) continue;
      const found = storedReply(one, request, exchange, now);
      if (found === undefined) continue;
      if (verdict === 'refresh') this.#refresh(exchange, request, { stored: one, parts, all: one.range === undefined ? all : [one] });
      exchange.cacheStatus = hitStatus(one, now, held ? 'stale-if-error' : undefined);
      this.#parts.observer.cacheLooked(exchange, verdict === 'fresh' ? 'hit' : 'stale');
      return found;
    }
    return undefined;
  }

  /** The upstream failed a moment ago, and the stored answer may stand in for that. */
  #isHeldBack(exchange: Exchange, request: CacheRequest, stored: Found, now: number): boolean {
    if (exchange.staleUse === 'withheld') return false;
    const trouble = this.#parts.notes.troubleWith(request.key, this.#parts.clock.now());
    return trouble !== undefined && standsIn(stored, request.directives, now, trouble, this.#settings.overrides.staleIfErrorMs !== undefined);
  }

  // Fetching

  async #fetch(exchange: Exchange, request: CacheRequest, found: Pieced, waits: number): Promise<Outcome> {
    const { selection } = found;
    const plan = planFetch(exchange, request, found, this.#parts.clock.wallNow());
    const flightKey = this.#isAlone(exchange, request, plan, waits) ? undefined : this.#flightKey(exchange, request, selection);
    const under = this.#launcher.joinable(exchange.method, flightKey, request.directives);
    const collapsed = under !== undefined;
    const flight = under ?? this.#launcher.launch(exchange, request, selection, plan, flightKey);
    const landed = await flight.join(exchange, this.#parts.clock.now());
    if (landed.kind === 'again') return this.#lookup(exchange, request, waits + 1);
    const headOnly = exchange.method !== flight.exchange.method;
    return this.#answer(exchange, request, selection, { landed: headOnly ? headsOf(landed) : landed, plan, collapsed, cameAs: flight.cameAs });
  }

  /** Whether the request neither waits for another's fetch nor lets others wait for its own. */
  #isAlone({ method }: Exchange, { key }: CacheRequest, plan: Plan, waits: number): boolean {
    if (plan.alone || !this.#settings.coalesce || waits >= MAX_WAITS) return true;
    return this.#parts.notes.isUnshared(noteKey(method, key), this.#parts.clock.now());
  }

  #flightKey(exchange: Exchange, request: CacheRequest, selection: Selection): string {
    const names = selection.stored?.vary ?? selection.all[0]?.vary ?? this.#parts.notes.varyOf(request.key);
    if (names === undefined || names.length === 0) return request.key;
    return `${request.key}\n\n${variantOf(names, exchange.headers, isCredential, this.#parts.identities.hash)}`;
  }

  /** Fetches a stale answer anew, once for all who come upon it, and not while the upstream is failing. */
  #refresh(exchange: Exchange, request: CacheRequest, selection: Selection): void {
    const { stored } = selection;
    const key = this.#flightKey(exchange, request, selection);
    const flightKey = stored?.range === undefined ? key : `${key}\n${stored.range.first}-${stored.range.last}`;
    if (this.#launcher.underWay(flightKey) !== undefined || this.#parts.notes.troubleWith(request.key, this.#parts.clock.now()) !== undefined) return;
    this.#launcher.launch(exchange, request, selection, planRefresh(exchange.headers, selection), flightKey, true);
  }

  // Answering

  #answer(exchange: Exchange, request: CacheRequest, selection: Selection, came: Came): Outcome {
    const { landed, plan, collapsed, cameAs } = came;
    switch (landed.kind) {
      case 'left':
        return clientClosed('headers');
      case 'failure':
        return (
          this.#standIn(exchange, request, selection.stored, landed.failure) ?? this.#passFailure(exchange, plan.forward, collapsed, landed.failure)
        );
      case 'stored': {
        this.#tell(
          exchange,
          collapsed ? 'coalesced' : 'revalidated',
          forwardStatus(plan.forward, { status: 304, stored: landed.updated, collapsed }),
        );
        const now = this.#parts.clock.wallNow();
        return (
          storedReply(landed.stored, request, exchange, now) ??
          reply(landed.stored.status, landed.stored.headers, 'cache', new BytesBody(landed.stored.body))
        );
      }
      case 'reply':
        this.#tell(
          exchange,
          collapsed ? 'coalesced' : 'miss',
          forwardStatus(plan.forward, { status: cameAs ?? landed.reply.status, stored: landed.stored, collapsed }),
        );
        return this.#received(exchange, landed, { plan, collapsed });
    }
  }

  /** An answer from the upstream, with the age that it has for who came late. */
  #received(exchange: Exchange, { reply: came, timing }: Extract<Landed, { kind: 'reply' }>, how: Pick<Came, 'plan' | 'collapsed'>): Reply {
    const answer = how.collapsed && timing !== undefined ? aged(came, ageMs(timing, this.#parts.clock.wallNow())) : came;
    return how.plan.answersConditions ? this.#conditioned(exchange, answer) : answer;
  }

  /** A new answer for a client that asked whether its own is still good. */
  #conditioned(exchange: Exchange, answer: Reply): Reply {
    if (!isNotModified(exchange.headers, { ...answer, respondedAt: this.#parts.clock.wallNow() })) return answer;
    answer.body.abort();
    return reply(304, notModifiedHeaders(answer.headers), answer.source, new BytesBody());
  }

  /** An old answer in the place of a failure, where that is allowed (RFC 5861 section 4). */
  #standIn(exchange: Exchange, request: CacheRequest, stored: Found | undefined, failed: Failure): Reply | undefined {
    if (stored === undefined || failed.kind === 'aborted' || exchange.staleUse === 'withheld') return undefined;
    const now = this.#parts.clock.wallNow();
    if (!standsIn(stored, request.directives, now, troubleOf(failed), this.#settings.overrides.staleIfErrorMs !== undefined)) return undefined;
    const found = storedReply(stored, request, exchange, now);
    if (found === undefined) return undefined;
    discard(failed);
    this.#tell(exchange, 'stale', hitStatus(stored, now, 'stale-if-error'));
    return found;
  }

  #passFailure(exchange: Exchange, forward: Forward, collapsed: boolean, failed: Failure): Failure {
    const status = failed.reply?.status;
    this.#tell(exchange, collapsed ? 'coalesced' : 'miss', forwardStatus(forward, status === undefined ? { collapsed } : { status, collapsed }));
    return failed;
  }

  // What does not come from a fetch of ours

  #bypass(exchange: Exchange, forward: Forward): Answered {
    this.#tell(exchange, 'bypass', forwardStatus(forward));
    return this.#next(exchange);
  }

  #tell(exchange: Exchange, result: CacheResult, status: string): void {
    exchange.cacheStatus = status;
    this.#parts.observer.cacheLooked(exchange, result);
  }
}

interface Came {
  readonly landed: Exclude<Landed, { kind: 'again' }>;
  readonly plan: Plan;
  readonly collapsed: boolean;
  readonly cameAs: number | undefined;
}
