import type { BulkheadConfig, Config, PaceConfig, RouteConfig, UpstreamConfig } from '../../config/schema.ts';
import type { SeatNumbers } from './protocol.ts';

/**
 * The configuration of one worker: limits that hold for all of them together are divided, so that no unlucky spread of connections lets more through than was configured. Places and
 * connections are whole numbers: each worker has one at least.
 */
export function divided(config: Config, seat: SeatNumbers): Config {
  const upstreams = Object.entries(config.upstreams).map(([name, upstream]) => [name, upstreamPart(upstream, seat)] as const);
  // other stores are one for all workers
  const cache = config.cache.store === 'memory' ? { ...config.cache, maxBytes: Math.floor(config.cache.maxBytes / seat.count) } : config.cache;
  return { ...config, cache, upstreams: Object.fromEntries(upstreams) };
}

function upstreamPart(upstream: UpstreamConfig, seat: SeatNumbers): UpstreamConfig {
  const { pool, routes } = upstream;
  const connections = pool?.connections === undefined ? undefined : { pool: { ...pool, connections: share(pool.connections, seat) } };
  const own = routes === undefined ? undefined : { routes: routes.map((route) => routePart(route, seat)) };
  return { ...upstream, ...connections, ...own, ...policiesPart(upstream, seat) };
}

function routePart(route: RouteConfig, seat: SeatNumbers): RouteConfig {
  return { ...route, ...policiesPart(route, seat) };
}

interface Divided {
  readonly bulkhead?: BulkheadConfig | undefined;
  readonly pace?: readonly PaceConfig[] | undefined;
}

function policiesPart({ bulkhead, pace }: Divided, seat: SeatNumbers): { bulkhead?: BulkheadConfig; pace?: PaceConfig[] } {
  return {
    ...(bulkhead === undefined ? undefined : { bulkhead: bulkheadPart(bulkhead, seat) }),
    ...(pace === undefined ? undefined : { pace: pace.map((one) => pacePart(one, seat)) }),
  };
}

function bulkheadPart(bulkhead: BulkheadConfig, seat: SeatNumbers): BulkheadConfig {
  const { concurrent, queue, adaptive } = bulkhead;
  return {
    ...bulkhead,
    ...(concurrent === undefined ? undefined : { concurrent: share(concurrent, seat) }),
    ...(queue === undefined || queue === 0 ? undefined : { queue: share(queue, seat) }),
    ...(adaptive?.max === undefined ? undefined : { adaptive: { ...adaptive, max: share(adaptive.max, seat) } }),
  };
}

/** A rate is divided as it is; its burst stays whole where it is one request. */
function pacePart(pace: PaceConfig, seat: SeatNumbers): PaceConfig {
  const burst = pace.burst ?? Math.max(1, Math.round(pace.rate * 1000));
  return { ...pace, rate: pace.rate / seat.count, burst: share(burst, seat) };
}

/** The part of a whole number that one of several has; all parts together are the number, unless it is smaller than their count. */
export function share(whole: number, { index, count }: Pick<SeatNumbers, 'index' | 'count'>): number {
  return Math.max(1, Math.floor(whole / count) + (index < whole % count ? 1 : 0));
}
