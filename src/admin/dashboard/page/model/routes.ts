import { count, latency, NONE, percent } from './format.ts';
import type { History } from './history.ts';
import type { Route, StatusAnswer } from './wire.ts';

/** A row of the table of routes: texts alone. */
export interface RouteRow {
  readonly key: string;
  readonly upstream: string;
  readonly route: string;
  /** Lately, and since the start. */
  readonly requests: string;
  readonly total: string;
  readonly failed: string;
  readonly errorRate: string;
  /** Something failed lately: the row is marked. */
  readonly troubled: boolean;
  readonly p50: string;
  readonly p95: string;
  readonly p99: string;
  readonly retries: string;
  readonly cacheHits: string;
}

/** The table with the span that its counts are of. */
export interface RouteTable {
  readonly spanMs: number;
  readonly rows: readonly RouteRow[];
  /** Routes that no request has taken. */
  readonly unused: number;
}

/** Every route that was ever taken, always in the order of the configuration. */
export function routeTable(status: StatusAnswer, history: History): RouteTable {
  const now = Date.parse(status.time);
  const all = Object.entries(status.dependencies).flatMap(([upstream, { routes }]) =>
    Object.entries(routes).map(([name, route]) => ({ upstream, name, route })),
  );
  const used = all.filter(({ route }) => route.requests > 0);
  const rows = used.map(({ upstream, name, route }) => rowOf(upstream, name, route, history, now));
  return { spanMs: history.recent(now, '').spanMs, rows, unused: all.length - used.length };
}

function rowOf(upstream: string, name: string, route: Route, history: History, now: number): RouteRow {
  const recent = history.recent(now, upstream, name);
  const { latencyMs } = route;
  return {
    key: `${upstream}\n${name}`,
    upstream,
    route: name,
    requests: count(recent.requests),
    total: count(route.requests),
    failed: count(recent.failed),
    errorRate: recent.requests === 0 ? NONE : percent(recent.failed / recent.requests),
    troubled: recent.failed > 0,
    p50: latency(latencyMs?.p50),
    p95: latency(latencyMs?.p95),
    p99: latency(latencyMs?.p99),
    retries: count(recent.retries),
    cacheHits: percent(route.cacheHitRatio),
  };
}
