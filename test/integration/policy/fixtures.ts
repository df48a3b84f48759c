import { routesOf } from '../../../src/config/effective.ts';
import type { UpstreamConfig } from '../../../src/config/schema.ts';
import { upstream } from '../../../src/config/schema/upstream.ts';
import { systemClock } from '../../../src/model/clock.ts';
import { Exchange } from '../../../src/model/exchange.ts';
import { Notices } from '../../../src/policy/notices.ts';
import { pseudonyms } from '../../../src/policy/pseudonym.ts';
import { pipeline } from '../../../src/policy/pipeline.ts';
import { UpstreamState } from '../../../src/policy/upstream-state.ts';
import { Resolver } from '../../../src/upstream/dns.ts';
import { attemptLimits, UpstreamPools } from '../../../src/upstream/pools.ts';
import { transport } from '../../../src/upstream/transport.ts';
import { Records } from '../upstream/fixtures.ts';

/** The settings of an upstream as a file has them; durations and sizes are texts. */
export type Written = Record<string, unknown>;

/** The whole pipeline of an upstream's own settings over real sockets, without listener and cache. */
export function chain(authority: string, written: Written, resolver = new Resolver(systemClock)) {
  const config: UpstreamConfig = upstream.parse({ origin: `http://${authority}`, ...written });
  const observer = new Records();
  const clock = systemClock;
  const pools = new UpstreamPools(config, resolver, clock);
  const notices = new Notices();
  const [settings] = routesOf('api', config);
  if (settings === undefined) throw new Error('an upstream without routes');
  const { breakers, budget, gates, clientRetries, places } = new UpstreamState('api', config, clock, observer);
  const { leastMs } = pools;
  const pseudonymOf = pseudonyms(Buffer.from('secret'));
  const shared = { breakers, budget, gates, clientRetries, places, leastMs, pseudonymOf, clock, observer, notices, cache: undefined };
  const context = { limits: attemptLimits(settings.timeouts), clock, observer };
  const service = pipeline(settings, shared, transport(pools.poolFor, context));
  notices.warn(observer);
  return { service, pools, observer, notices, breakers, budget, gates, places, [Symbol.asyncDispose]: () => pools.destroy() };
}

/** A request to an authority, as the listener hands it on. */
export function request(authority: string, parts: { method?: string; path?: string; headers?: string[]; body?: string } = {}): Exchange {
  const { method = 'GET', path = '/', headers = [], body } = parts;
  const exchange = new Exchange({ id: '1', entry: 'port', method, scheme: 'http', authority, path, headers, startedAt: systemClock.now() });
  exchange.upstream = 'api';
  exchange.route = 'default';
  if (body !== undefined) exchange.body = { kind: 'bytes', bytes: Buffer.from(body) };
  return exchange;
}

/** A JSON answer with its length. */
export function json(text: string, status = '200 OK'): string {
  return `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
}
