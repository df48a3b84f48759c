import type { MatchConfig } from '../config/schema.ts';
import type { Exchange } from '../model/exchange.ts';
import type { Service } from '../model/service.ts';
import { compileMatch, type Matcher, RouteView } from './matcher.ts';

/** A route with its layers composed. `match` is undefined for the upstream's own settings, which take what no route does. */
export interface RoutedService {
  readonly name: string;
  readonly match: MatchConfig | undefined;
  readonly streaming: boolean;
  readonly service: Service;
}

interface Entry extends RoutedService {
  readonly matches: Matcher;
}

/** Routes of one upstream by method: a request looks only at those that its method could match. */
const ANY = '*';

/** Sends each exchange to the first route that it matches, in the order given, and notes the route's name. */
export function router(routes: readonly RoutedService[]): Service {
  const entries = routes.map((route): Entry => ({ ...route, matches: route.match === undefined ? () => true : compileMatch(route.match) }));
  const byMethod = new Map<string, Entry[]>();
  const candidates = (method: string): Entry[] => {
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
  return (exchange) => {
    const entry = find(candidates(exchange.method), exchange);
    exchange.route = entry.name;
    exchange.streaming = entry.streaming;
    return entry.service(exchange);
  };
}

function find(entries: readonly Entry[], exchange: Exchange): Entry {
  const only = entries[0];
  if (only !== undefined && only.match === undefined) return only;
  const view = new RouteView(exchange);
  for (const entry of entries) if (entry.matches(view)) return entry;
  throw new Error(`no route of ${exchange.upstream} took the request: the last one must take all`);
}
