import { egressOf, isOn, type RouteSettings } from '../../config/effective.ts';
import type { Config, UpstreamConfig } from '../../config/schema.ts';
import { systemClock } from '../../model/clock.ts';
import { isCredential } from '../../model/credential-field.ts';
import type { Observer } from '../../model/events.ts';
import type { Exchange } from '../../model/exchange.ts';
import { isLoopbackOnly } from '../../model/loopback.ts';
import type { Layer } from '../../model/service.ts';
import { pathOf, queryOf } from '../../model/target.ts';
import { isRepeatable } from '../../policy/repeatable.ts';
import { layersOf } from '../../policy/pipeline.ts';
import { Addresses } from '../../upstream/addresses.ts';
import { hostPort } from '../../upstream/parent-proxy.ts';
import { droppedBy } from './dropped-by.ts';
import { type ExplainedRequest, findRoute, type FoundRoute, type RouteTried, type Untouched } from './find-route.ts';
import { inertParts } from './inert-parts.ts';
import { attemptWords, layerWords } from './layer-words.ts';
import { SCENARIOS } from './scenarios.ts';
import { type Effect, simulate } from './simulate.ts';

/** A layer of a route, outermost first, with its settings in words. */
export interface ExplainedLayer {
  readonly name: string;
  readonly words: string;
}

/** Everything that Breakwater would do with one request. */
export interface Explanation {
  readonly upstream: string;
  readonly because: string;
  /** `POST https://graph.facebook.com/...`, as it goes upstream; secrets in the query are not shown. */
  readonly request: string;
  /** Where the connection goes, and through which proxy. */
  readonly way: string;
  readonly route: string;
  readonly tried: readonly RouteTried[];
  readonly repeatable: boolean;
  readonly layers: readonly ExplainedLayer[];
  /** The longest that a request could take if every attempt used all its time; milliseconds. */
  readonly worstCaseMs: number;
  readonly totalMs: number | undefined;
  readonly effects: readonly Effect[];
  /** Names of what makes up the cache key; undefined where the request is not answered from a cache. */
  readonly cacheKey: readonly string[] | undefined;
  /** Which writes drop what is stored, where paths name tables. */
  readonly droppedBy: string | undefined;
  readonly breaker: { readonly group: string; readonly scope: readonly string[] } | undefined;
}

/** Explains a request in a configuration, without sending anything. A sentence where the request goes nowhere. */
export async function explain(config: Config, request: ExplainedRequest): Promise<Explanation | Untouched | string> {
  const found = findRoute(config, request);
  if (typeof found === 'string' || 'passthrough' in found) return found;
  const { settings, exchange } = found;
  const effects: Effect[] = [];
  for (const scenario of SCENARIOS) {
    if (scenario.guardedOnly === true && (settings.guard === undefined || settings.guard.enabled === false)) continue;
    if (scenario.breakerOpen === true && (settings.breaker === undefined || settings.breaker.enabled === false)) continue;
    effects.push(await simulate(found.config, settings, exchange, scenario));
  }
  return {
    upstream: found.upstream,
    because: found.because,
    request: `${exchange.method} ${exchange.scheme}://${exchange.authority}${withoutQuery(exchange.path)}`,
    way: wayOf(config, found),
    route: settings.name,
    tried: found.tried,
    repeatable: isRepeatable(exchange, settings.repeatable),
    layers: explainedLayers(found.config, settings),
    worstCaseMs: worstCaseMs(settings),
    totalMs: settings.timeouts.total,
    effects,
    cacheKey: cacheKeyOf(settings, exchange),
    droppedBy: droppedBy(found.config, settings, exchange),
    breaker: breakerOf(settings),
  };
}

function wayOf({ egress }: Config, { config, exchange }: FoundRoute): string {
  const { authority, scheme } = exchange;
  const path = egressOf(egress, config.proxy);
  const { name, host, port, parent } = new Addresses({ resolve: config.resolve, egress: path }).find(authority, scheme);
  const to = `${hostPort(host, port)}${host === name ? '' : ', as resolve says'}`;
  if (parent !== undefined) return `CONNECT ${to}, by the proxy ${parent.name} (${path?.own === true ? 'its own' : 'egress.proxy'})`;
  const past = path === undefined ? '' : isLoopbackOnly(host) ? ' (an address of this machine)' : ' (noProxy)';
  return `${to}${past}`;
}

/** Queries can hold keys and telephone numbers: only the names of their parameters are shown. */
function withoutQuery(path: string): string {
  if (!path.includes('?')) return path;
  const names = [...new URLSearchParams(queryOf(path)).keys()];
  return `${pathOf(path)}?${names.map((name) => `${name}=...`).join('&')}`;
}

const PASS: Layer = (next) => next;

function explainedLayers(config: UpstreamConfig, settings: RouteSettings): ExplainedLayer[] {
  const parts = inertParts(config, settings, systemClock, SILENT, caches(settings) ? PASS : undefined);
  const layers = layersOf(settings, { ...parts, prefetch: isOn(config.prefetch) ? PASS : undefined });
  return [...layers.map(({ name }) => ({ name, words: layerWords(name, settings, config) })), { name: 'attempt', words: attemptWords(settings) }];
}

function caches({ cache }: RouteSettings): boolean {
  return isOn(cache);
}

function worstCaseMs({ timeouts, retry }: RouteSettings): number {
  const { queue = 0, connect = 0, tls = 0, send = 0, headers = Infinity, attempt = Infinity } = timeouts;
  const attempts = retry?.attempts ?? (retry === undefined ? 1 : 3);
  const { base = 100, max = 2000 } = retry?.backoff ?? {};
  let waits = 0;
  for (let n = 0; n < attempts - 1; n++) waits += Math.min(max, base * 2 ** n);
  return attempts * Math.min(attempt, queue + connect + tls + send + headers) + waits;
}

function cacheKeyOf(settings: RouteSettings, { method, headers }: Exchange): string[] | undefined {
  const { cache } = settings;
  if (cache === undefined || !caches(settings) || (method !== 'GET' && method !== 'HEAD')) return undefined;
  const carried = [...new Set(headers.filter((text, at) => at % 2 === 0 && isCredential(text)))];
  const identity = cache.shared === true ? [] : carried.length > 0 ? carried.map((name) => `${name} (hashed)`) : ['any credential header (hashed)'];
  const more = cache.keyHeaders ?? [];
  return [
    'method',
    'scheme',
    'authority',
    cache.sortQuery === true ? 'path and sorted query' : 'path and query',
    ...identity,
    ...more,
    "what the answer's Vary names",
  ];
}

function breakerOf({ breaker }: RouteSettings): Explanation['breaker'] {
  if (breaker === undefined || breaker.enabled === false) return undefined;
  return { group: breaker.group ?? 'default', scope: breaker.scope ?? ['authority'] };
}

const nothing = (): void => undefined;
/** Explaining counts nothing. */
const SILENT: Observer = {
  attemptEnded: nothing,
  retryDecided: nothing,
  breakerChanged: nothing,
  wouldHave: nothing,
  cacheLooked: nothing,
  acted: nothing,
  duplicatePrevented: nothing,
  warned: nothing,
  usageTold: nothing,
  exchangeEnded: nothing,
  rejected: nothing,
  internalError: nothing,
};
