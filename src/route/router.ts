import type { MatchConfig } from '../config/schema.ts';
import type { Exchange } from '../model/exchange.ts';
import type { Service } from '../model/service.ts';
import { compileMatch, type Matcher, RouteView } from './matcher.ts';

/** What a route is found by. `match` is undefined for the upstream's own settings, which take what no route does. */
interface RoutePart {
  readonly match: MatchConfig | undefined;
}

/** A route with its layers composed. */
export interface RoutedService extends RoutePart {
  readonly name: string;
  readonly streaming: boolean;
  readonly service: Service;
}

interface Entry<T> extends RoutePart {
  readonly route: T;
  readonly matches: Matcher;
}

/** Routes of one upstream by method: a request looks only at those that its method could match. */
const ANY = '*';

/** Finds the route of an exchange: the first that it matches, in the order given. The last must take all. */
export function routeFinder<T extends RoutePart>(routes: readonly T[]): (exchange: Exchange) => T {
  const entries = routes.map((route): Entry<T> => ({
    route,
    match: route.match,
    matches: route.match === undefined ? () => true : compileMatch(route.match),
  }));
  const byMethod = new Map<string, Entry<T>[]>();
  const candidates = (method: string): Entry<T>[] => {
    const known = byMethod.get(method) ?? byMethod.get(ANY);
    return known ?? entries;
  };
  for (const method of new Set(entries.flatMap((entry) => entry.match?.method ?? []))) {
    byMethod.set(
      method,
      entries.filter((entry) => entry.match?.method === undefined || entry.match.method.includes(method)),
    );
  }
  byMethod.set(
    ANY,
    entries.filter((entry) => entry.match?.method === undefined),
  );
  return (exchange) => find(candidates(exchange.method), exchange);
}

/** Sends each exchange to its route, and notes the route's name. */
export function router(routes: readonly RoutedService[], routeOf = routeFinder(routes)): Service {
  return (exchange) => {
    const route = routeOf(exchange);
    exchange.route = route.name;
    exchange.streaming = route.streaming;
    return route.service(exchange);
  };
}

function find<T>(entries: readonly Entry<T>[], exchange: Exchange): T {
  const only = entries[0];
  if (only !== undefined && only.match === undefined) return only.route;
  const view = new RouteView(exchange);
  for (const entry of entries) if (entry.matches(view)) return entry.route;
  throw new Error(`no route of ${exchange.upstream} took the request: the last one must take all`);
}
