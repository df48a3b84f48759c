import { hostsOf, originOf, type RouteSettings, routesOf } from '../../config/effective.ts';
import type { Config, MatchConfig, UpstreamConfig } from '../../config/schema.ts';
import { type HostPort, tunnelName } from '../../listen/authority.ts';
import { type Destination, destinationOf, parseAbsolute } from '../../listen/destination.ts';
import type { Door } from '../../listen/door.ts';
import { leadsTo, type ListenAddress } from '../../listen/ports.ts';
import { systemClock } from '../../model/clock.ts';
import { Exchange } from '../../model/exchange.ts';
import { clientClosed } from '../../model/failure.ts';
import type { Service } from '../../model/service.ts';
import { compileMatch, RouteView } from '../../route/matcher.ts';
import { gatewayOf, type Reached } from '../gateway.ts';

/** A request to be explained, as one would type it for curl. */
export interface ExplainedRequest {
  readonly method: string;
  /** `https://host/path`, `http://127.0.0.1:8080/prefix/path`, or `/prefix/path`. */
  readonly url: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string | undefined;
}

/** A route that was looked at, and what decided. */
export interface RouteTried {
  readonly route: string;
  readonly matched: boolean;
  readonly because: string;
}

/** Where a request goes in a configuration. */
export interface FoundRoute {
  readonly upstream: string;
  readonly config: UpstreamConfig;
  /** How the upstream was found. */
  readonly because: string;
  readonly exchange: Exchange;
  readonly settings: RouteSettings;
  readonly tried: readonly RouteTried[];
}

/** The request is in a tunnel that nobody looks into: no policy holds for it. */
export interface Untouched {
  /** Its host, that `passthrough` names. */
  readonly passthrough: string;
}

/** Finds the upstream and the route of a request, with the reasons; a sentence where there is none. */
export function findRoute(config: Config, request: ExplainedRequest): FoundRoute | Untouched | string {
  const method = request.method.toUpperCase();
  const found = find(config, method, request.url);
  if (typeof found === 'string' || 'passthrough' in found) return found;
  const { destination, because } = found;
  const { name } = destination.target;
  const upstream = config.upstreams[name];
  if (upstream === undefined) return `there is no upstream ${name}`;
  const exchange = exchangeOf(request, method, destination);
  const view = new RouteView(exchange);
  const tried: RouteTried[] = [];
  for (const settings of routesOf(name, upstream)) {
    const verdict = tryRoute(settings, view);
    tried.push(verdict);
    if (!verdict.matched) continue;
    exchange.route = settings.name;
    exchange.streaming = settings.streaming;
    return { upstream: name, config: upstream, because, exchange, settings, tried };
  }
  return `no route of ${name} takes it`;
}

/** Where a request for a URL goes, as the listener finds it; a sentence where nowhere. */
export function placeOf(config: Config, url: string): Destination | string {
  const found = find(config, 'GET', url);
  if (typeof found === 'string') return found;
  return 'destination' in found ? found.destination : 'a host in passthrough is tunnelled untouched: nothing of it is stored';
}

function exchangeOf({ headers: given, body }: ExplainedRequest, method: string, { target, entry, scheme, authority, path }: Destination): Exchange {
  const headers = given.flatMap(([name, value]) => [name.toLowerCase(), value]);
  const exchange = new Exchange({ id: 'explain', entry, method, scheme, authority, path, headers, startedAt: systemClock.now() });
  exchange.upstream = target.name;
  if (body !== undefined) exchange.body = { kind: 'bytes', bytes: Buffer.from(body) };
  return exchange;
}

/** Explaining serves nothing. */
const unserved: Service = () => Promise.resolve(clientClosed('queue'));

/** The destination of a request, and how it was found. */
interface Found {
  readonly destination: Destination;
  readonly because: string;
}

/** The destination as the listener finds it; a sentence where it refuses the request. A URL of the proxy's own is taken as sent there. */
function find(config: Config, method: string, text: string): Found | Untouched | string {
  const url = text.replace(/#.*$/s, ''); // clients keep the fragment to themselves
  const upstreams = Object.entries(config.upstreams);
  const absolute = parseAbsolute(url);
  const to = absolute?.to;
  const isAt = (address: ListenAddress | undefined): boolean => address !== undefined && to !== undefined && leadsTo(address, to);
  const [own] = upstreams.find(([, { listen }]) => isAt(listen)) ?? [];
  const door: Door = own === undefined ? { kind: 'main' } : { kind: 'port', upstream: own };
  const isOwn = (): boolean => own !== undefined || isAt(config.listen);
  const gateway = gatewayOf(upstreams.map(reached), config.passthrough);
  const destination = destinationOf({ door, method, url, host: undefined, isOwn }, gateway);
  if (destination.type === 'destination') return { destination, because: becauseOf(destination, to) };
  if (to !== undefined && absolute?.scheme === 'https' && gateway.isPassthrough(tunnelName(to))) return { passthrough: tunnelName(to) };
  const hosts = destination.reason === 'unknown_host' ? `. Known hosts: ${upstreams.flatMap(([, upstream]) => hostsOf(upstream)).join(', ')}` : '';
  return `the proxy answers ${destination.status}: ${destination.detail}${hosts}`;
}

function reached([name, upstream]: [string, UpstreamConfig]): Reached {
  return { name, hosts: hostsOf(upstream), target: { name, origin: originOf(upstream), bufferLimit: Infinity, serve: unserved } };
}

function becauseOf({ entry, target, authority }: Destination, to: HostPort | undefined): string {
  if (entry === 'prefix') return `prefix /${target.name}`;
  return entry === 'port' && to !== undefined ? `port ${to.port} is its own` : `host ${authority}`;
}

/** One condition of a route by itself, with its words. */
function conditionsOf(match: MatchConfig): { readonly words: string; readonly match: MatchConfig }[] {
  const each = (kind: 'header' | 'query' | 'json') =>
    Object.entries(match[kind] ?? {}).map(([name, wanted]) => ({
      words: `${kind} ${name}: ${String(wanted)}`,
      match: { [kind]: { [name]: wanted } },
    }));
  return [
    ...(match.method === undefined ? [] : [{ words: `method ${match.method.join(' or ')}`, match: { method: match.method } }]),
    ...(match.path === undefined ? [] : [{ words: `path ${match.path.join(' or ')}`, match: { path: match.path } }]),
    ...(match.host === undefined ? [] : [{ words: `host ${match.host.join(' or ')}`, match: { host: match.host } }]),
    ...each('header'),
    ...each('query'),
    ...each('json'),
  ];
}

function tryRoute({ name, match }: RouteSettings, view: RouteView): RouteTried {
  if (match === undefined) return { route: name, matched: true, because: 'it takes what no route does' };
  const conditions = conditionsOf(match);
  const missed = conditions.find((condition) => !compileMatch(condition.match)(view));
  if (missed !== undefined) return { route: name, matched: false, because: `not ${missed.words}` };
  return { route: name, matched: true, because: conditions.map(({ words }) => words).join(', ') };
}
