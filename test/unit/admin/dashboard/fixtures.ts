import type { Counts, Dependency, ExchangeAnswer, Route, StatusAnswer } from '../../../../src/admin/dashboard/page/model/wire.ts';

/** The moment at which statuses are made unless they say another. */
export const NOW = Date.parse('2026-01-02T03:04:05Z');

/** A status of one dependency, `api`, with one route, `messages`. */
export function status(parts: Partial<StatusAnswer> = {}): StatusAnswer {
  return {
    time: new Date(NOW).toISOString(),
    status: 'ok',
    version: '1.2.3',
    readiness: 'ready',
    uptimeSeconds: 86_400,
    dependencies: { api: dependency() },
    interception: null,
    config: { file: 'proxy.yaml', loadedAt: new Date(NOW - 60_000).toISOString(), lastReloadOk: true, problems: [] },
    warnings: [],
    internalErrors: 0,
    upstreams: [{ name: 'api', hosts: ['api.example'] }],
    ...parts,
  };
}

/** A status at a time, with counts of the route `messages` of `api`. */
export function counted(at: number, counts: Partial<Counts>, parts: Partial<StatusAnswer> = {}): StatusAnswer {
  return status({ time: new Date(at).toISOString(), dependencies: { api: dependency({ routes: { messages: route(counts) } }) }, ...parts });
}

/** A dependency at rest. */
export function dependency(parts: Partial<Dependency> = {}): Dependency {
  return {
    status: 'ok',
    evidence: '0 of 12 failed',
    lastError: null,
    lastSuccessAt: null,
    errorRate: { ratio: null, failed: 0, samples: 0, windowSeconds: 300, interval: null },
    breakers: [],
    quotas: [],
    patience: [],
    faults: [],
    probe: null,
    cacheHitRatio: null,
    connections: { open: 1, busy: 0, queued: 0 },
    latencyMs: null,
    routes: { messages: route() },
    ...parts,
  };
}

/** A route that nobody has taken. */
export function route(parts: Partial<Route> = {}): Route {
  return { latencyMs: null, cacheHitRatio: null, requests: 0, failed: 0, departed: 0, retries: 0, cacheHits: 0, cacheMisses: 0, ...parts };
}

/** An exchange that went well. */
export function exchange(parts: Partial<ExchangeAnswer> = {}): ExchangeAnswer {
  const attempt = { number: 1, status: 200, elapsedMs: 30, connectMs: 0, firstByteMs: 20, reused: true };
  return {
    time: new Date(NOW).toISOString(),
    id: 'x-1',
    entry: 'prefix',
    method: 'GET',
    upstream: 'api',
    route: 'messages',
    authority: 'api.example',
    path: '/messages',
    status: 200,
    outcome: 'ok',
    source: 'upstream',
    attempts: [attempt],
    waitedMs: 0,
    elapsedMs: 30,
    bytesIn: 0,
    bytesOut: 2048,
    aborted: false,
    ...parts,
  };
}
