import type { Exchange } from '../model/exchange.ts';
import type { Service } from '../model/service.ts';
import { Flight, refreshOf } from './coalesce/flight.ts';
import { isNewEnough } from './coalesce/new-enough.ts';
import { type CacheParts, Fetcher } from './fetch.ts';
import { headKey, noteKey } from './head.ts';
import type { Plan } from './plan.ts';
import type { CacheRequest } from './request.ts';
import type { RequestDirectives } from './rules/directives.ts';
import type { Selection } from './select.ts';
import type { RouteCacheSettings } from './settings.ts';
import type { Tagger } from './tag-names.ts';

/** Starts the fetches of a route, and knows those under way that others may wait for. */
export class Launcher {
  readonly #parts: CacheParts;
  readonly #tagsOf: Tagger;
  readonly #fetcher: Fetcher;
  readonly #flights = new Map<string, Flight>();

  constructor(settings: RouteCacheSettings, parts: CacheParts, tagsOf: Tagger, next: Service) {
    this.#parts = parts;
    this.#tagsOf = tagsOf;
    this.#fetcher = new Fetcher(settings, parts, next);
  }

  /** The fetch under way that one more request may wait for: a HEAD for a GET too, since both have the same head. */
  joinable(method: string, flightKey: string | undefined, directives: RequestDirectives): Flight | undefined {
    const heads = method === 'HEAD' && flightKey !== undefined ? this.#inTime(headKey(flightKey), directives) : undefined;
    return heads ?? this.#inTime(flightKey, directives);
  }

  #inTime(flightKey: string | undefined, directives: RequestDirectives): Flight | undefined {
    const { clock } = this.#parts;
    const flight = this.underWay(flightKey);
    if (flight === undefined || flight.isLate(clock.now())) return undefined;
    return isNewEnough(flight, directives, clock) ? flight : undefined;
  }

  /** The fetch under way, however long it has been. */
  underWay(flightKey: string | undefined): Flight | undefined {
    const flight = flightKey === undefined ? undefined : this.#flights.get(flightKey);
    return flight?.joinable === true ? flight : undefined;
  }

  /** Starts a fetch for a client, or in the background. `flightKey` is where others find it; undefined where none may. */
  launch(exchange: Exchange, request: CacheRequest, selection: Selection, plan: Plan, flightKey: string | undefined, background = false): Flight {
    const { clock, leases } = this.#parts;
    const own = background ? refreshOf(exchange, plan.headers, clock.now()) : exchange.branch({ headers: plan.headers, detached: true });
    const tags = this.#tagsOf(exchange, request.url);
    const lease = leases.open(watched(tags, selection));
    const flight = new Flight({ exchange: own, lease, leader: background ? undefined : exchange, since: clock.now() });
    const place = flightKey === undefined ? undefined : noteKey(own.method, flightKey);
    if (place !== undefined) this.#takePlace(place, flight);
    const over = (): void => {
      leases.close(lease);
      if (place !== undefined && this.#flights.get(place) === flight) this.#flights.delete(place);
    };
    void this.#fetcher.run({ flight, request, selection, plan, tags, fields: exchange.headers, awaited: flightKey !== undefined, over });
    return flight;
  }

  #takePlace(place: string, flight: Flight): void {
    const before = this.#flights.get(place);
    if (before !== undefined) before.overtaken = true;
    this.#flights.set(place, flight);
  }
}

/** Tags whose drop makes what comes too old to be stored: its own, and those of stored answers that it may confirm, which another route may have given others. */
function watched(tags: readonly string[], { parts, all }: Selection): readonly string[] {
  if (all.length === 0 && parts.length === 0) return tags;
  return [...new Set([...tags, ...all.flatMap((stored) => stored.tags), ...parts.flatMap((stored) => stored.tags)])];
}
