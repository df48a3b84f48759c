import type { MatchConfig } from '../config/schema.ts';
import type { Exchange } from '../model/exchange.ts';
import type { PathTemplate } from '../model/path-template.ts';
import type { Service } from '../model/service.ts';
import { compileMatch, type Matcher, RouteView, templatesOf } from './matcher.ts';
import { PathIndex } from './path-index.ts';

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
  readonly templates: readonly PathTemplate[] | undefined;
  readonly matches: Matcher;
}

/** Routes of one upstream by method: a request looks only at those that its method could match. */
const ANY = '*';

/** Finds the route of an exchange: the first that it matches, in the order given. The last must take all. Its cost does not grow with the number of routes. */
export function routeFinder<T extends RoutePart>(routes: readonly T[]): (exchange: Exchange) => T {
  const entries = routes.map((route): Entry<T> => {
    const { match } = route;
    const templates = match === undefined ? undefined : templatesOf(match);
    return { route, match, templates, matches: match === undefined ? () => true : compileMatch(match, templates) };
  });
  const methods = new Set(entries.flatMap((entry) => entry.match?.method ?? []));
  const byMethod = new Map([...methods].map((method) => [method, candidates(entries, method)]));
  const others = candidates(entries, ANY);
  return (exchange) => (byMethod.get(exchange.method) ?? others)(exchange);
}

/** Finds among those that a method could match. */
function candidates<T>(entries: readonly Entry<T>[], method: string): (exchange: Exchange) => T {
  const fitting = entries.filter(({ match }) => match?.method === undefined || match.method.includes(method));
  const only = fitting[0];
  if (only !== undefined && only.match === undefined) return () => only.route;
  const index = new PathIndex<Entry<T>>();
  for (const entry of fitting) index.add(entry, entry.templates);
  return (exchange) => {
    const view = new RouteView(exchange);
    const found = index.find(view.path, ({ matches }) => matches(view));
    if (found === undefined) throw new Error(`no route of ${exchange.upstream} took the request: the last one must take all`);
    return found.route;
  };
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
