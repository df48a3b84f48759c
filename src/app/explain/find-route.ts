import { hostsOf, type RouteSettings, routesOf } from '../../config/effective.ts';
import type { Config, MatchConfig, UpstreamConfig } from '../../config/schema.ts';
import { systemClock } from '../../model/clock.ts';
import { Exchange } from '../../model/exchange.ts';
import { HostMap } from '../../route/hosts.ts';
import { compileMatch, RouteView } from '../../route/matcher.ts';

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

interface Destination {
  readonly upstream: string;
  readonly because: string;
  readonly scheme: 'http' | 'https';
  readonly authority: string;
  readonly path: string;
}

/** Finds the upstream and the route of a request, with the reasons; a sentence where there is none. */
export function findRoute(config: Config, request: ExplainedRequest): FoundRoute | string {
  const destination = destinationOf(config, request.url);
  if (typeof destination === 'string') return destination;
  const upstream = config.upstreams[destination.upstream];
  if (upstream === undefined) return `there is no upstream ${destination.upstream}`;
  const exchange = exchangeOf(request, destination);
  const view = new RouteView(exchange);
  const tried: RouteTried[] = [];
  for (const settings of routesOf(destination.upstream, upstream)) {
    const verdict = tryRoute(settings, view);
    tried.push(verdict);
    if (!verdict.matched) continue;
    exchange.route = settings.name;
    exchange.streaming = settings.streaming;
    return { upstream: destination.upstream, config: upstream, because: destination.because, exchange, settings, tried };
  }
  return `no route of ${destination.upstream} takes it`;
}

function exchangeOf({ method, headers, body }: ExplainedRequest, { upstream, scheme, authority, path }: Destination): Exchange {
  const fields = headers.flatMap(([name, value]) => [name.toLowerCase(), value]);
  const exchange = new Exchange({
    id: 'explain',
    entry: 'prefix',
    method: method.toUpperCase(),
    scheme,
    authority,
    path,
    headers: fields,
    startedAt: systemClock.now(),
  });
  exchange.upstream = upstream;
  if (body !== undefined) exchange.body = { kind: 'bytes', bytes: Buffer.from(body) };
  return exchange;
}

function destinationOf(config: Config, text: string): Destination | string {
  if (text.startsWith('/')) return byPrefix(config, text);
  if (!URL.canParse(text)) return `${text} is neither a URL nor a path`;
  const url = new URL(text);
  const path = `${url.pathname}${url.search}`;
  const found = byHost(config, url, path);
  if (found !== undefined) return found;
  const isLocal = /^(127\.|localhost$|\[::1\]$)/.test(url.hostname);
  if (isLocal && url.port === String(config.listen.port)) return byPrefix(config, path);
  const [own] = Object.entries(config.upstreams).filter(([, { listen }]) => isLocal && String(listen?.port) === url.port);
  if (own !== undefined) return toOrigin(config, own[0], path, `port ${url.port} is its own`);
  const hosts = Object.values(config.upstreams).flatMap((upstream) => hostsOf(upstream));
  return `${url.host} belongs to no upstream: the proxy answers 403. Known hosts: ${hosts.join(', ')}`;
}

function byHost(config: Config, url: URL, path: string): Destination | undefined {
  const map = new HostMap<string>();
  for (const [name, upstream] of Object.entries(config.upstreams)) for (const host of hostsOf(upstream)) map.set(host, name);
  const upstream = map.get(url.host);
  if (upstream === undefined) return undefined;
  const scheme = url.protocol === 'http:' ? 'http' : 'https';
  return { upstream, because: `host ${url.host}`, scheme, authority: url.host, path };
}

function byPrefix(config: Config, path: string): Destination | string {
  const [, name = '', rest = ''] = /^\/([^/?]*)(.*)$/s.exec(path) ?? [];
  if (config.upstreams[name] === undefined) return `/${name} is the prefix of no upstream. There are: ${Object.keys(config.upstreams).join(', ')}`;
  return toOrigin(config, name, rest.startsWith('/') ? rest : `/${rest}`, `prefix /${name}`);
}

function toOrigin(config: Config, upstream: string, path: string, because: string): Destination | string {
  const origin = config.upstreams[upstream]?.origin;
  if (origin === undefined) return `the upstream ${upstream} has no origin: it is reached by its hosts alone`;
  const { protocol, host } = new URL(origin);
  return { upstream, because, scheme: protocol === 'http:' ? 'http' : 'https', authority: host, path };
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
