import { CACHE_RESULTS, DECISIONS } from '../codes.ts';
import { attemptLabels, requestLabels, type RouteStats } from '../route-stats.ts';
import type { Stats } from '../stats.ts';
import type { HistogramSeries, Series } from './series.ts';

const ROUTE = ['upstream', 'route'] as const;

/** What is counted per route. `now` gives monotonic milliseconds, for the windows. */
export function exchangeSeries(stats: Stats, now: () => number): Series[] {
  return [...requestSeries(stats), ...attemptSeries(stats), ...policySeries(stats), quantileSeries(stats, now), ...cacheSeries(stats, now)];
}

/** Durations per route. */
export function exchangeHistograms(stats: Stats): HistogramSeries[] {
  return [
    {
      name: 'breakwater_request_duration_seconds',
      help: 'From the head of a request being read to the last byte of its answer, with all attempts and waits.',
      labels: ROUTE,
      read: (emit) => each(stats, (route) => emit(route.durations, route.upstream, route.route)),
    },
  ];
}

function requestSeries(stats: Stats): Series[] {
  return [
    {
      name: 'breakwater_requests_total',
      help: 'Requests answered, by the status that the client got, who made the answer (upstream, cache, proxy) and how it ended (ok, failed, client_closed, unknown).',
      type: 'counter',
      labels: [...ROUTE, 'method', 'code', 'source', 'outcome'],
      read: (emit) =>
        each(stats, ({ upstream, route, requests }) => {
          for (const [key, count] of requests.entries()) {
            const { method, code, source, outcome } = requestLabels(key);
            emit(count, upstream, route, method, code, source, outcome);
          }
        }),
    },
    {
      name: 'breakwater_failures_total',
      help: 'Requests that failed in the end, by the error type of RFC 9209 and the phase.',
      type: 'counter',
      labels: [...ROUTE, 'reason', 'phase'],
      read: (emit) =>
        each(stats, ({ upstream, route, failures }) =>
          words(failures.entries(), (count, reason, phase) => emit(count, upstream, route, reason, phase)),
        ),
    },
  ];
}

function attemptSeries(stats: Stats): Series[] {
  return [
    {
      name: 'breakwater_attempts_total',
      help: 'Attempts at the upstream, by how the policies judged them (ok, failed, refused, abandoned), in which phase and how.',
      type: 'counter',
      labels: [...ROUTE, 'outcome', 'phase', 'kind'],
      read: (emit) =>
        each(stats, ({ upstream, route, attempts }) => {
          for (const [key, count] of attempts.entries()) {
            const { outcome, phase, kind } = attemptLabels(key);
            emit(count, upstream, route, outcome, phase, kind);
          }
        }),
    },
    {
      name: 'breakwater_retries_total',
      help: 'Failures looked at for a retry, by what had failed and by what was decided: retried, or why not.',
      type: 'counter',
      labels: [...ROUTE, 'reason', 'decision'],
      read: (emit) =>
        each(stats, ({ upstream, route, retries }) =>
          words(retries.entries(), (count, decision, reason) => emit(count, upstream, route, reason, DECISIONS[Number(decision)] ?? decision)),
        ),
    },
  ];
}

function policySeries(stats: Stats): Series[] {
  return [
    {
      name: 'breakwater_policy_actions_total',
      help: 'What policies did: a hedge sent or won, a body resumed, a fallback answered.',
      type: 'counter',
      labels: [...ROUTE, 'policy', 'action'],
      read: (emit) =>
        each(stats, ({ upstream, route, acts }) => words(acts.entries(), (count, policy, action) => emit(count, upstream, route, policy, action))),
    },
    {
      name: 'breakwater_observed_actions_total',
      help: 'What policies with `mode: observe` would have done.',
      type: 'counter',
      labels: [...ROUTE, 'policy', 'action'],
      read: (emit) =>
        each(stats, ({ upstream, route, observed }) =>
          words(observed.entries(), (count, policy, action) => emit(count, upstream, route, policy, action)),
        ),
    },
    {
      name: 'breakwater_duplicate_sends_prevented_total',
      help: 'Requests that were not sent a second time, by how: joined the first, replayed its answer, held back.',
      type: 'counter',
      labels: [...ROUTE, 'how'],
      read: (emit) =>
        each(stats, ({ upstream, route, duplicates }) => words(duplicates.entries(), (count, how) => emit(count, upstream, route, how))),
    },
  ];
}

function quantileSeries(stats: Stats, now: () => number): Series {
  return {
    name: 'breakwater_request_duration_quantile_seconds',
    help: 'P50, P95 and P99 of the requests of the last 5 minutes; absent where there were none.',
    type: 'gauge',
    labels: [...ROUTE, 'quantile'],
    read: (emit) =>
      each(stats, ({ upstream, route, latency }) => {
        const quantiles = latency.read(now());
        if (quantiles === undefined) return;
        emit(seconds(quantiles.p50Ms), upstream, route, '0.5');
        emit(seconds(quantiles.p95Ms), upstream, route, '0.95');
        emit(seconds(quantiles.p99Ms), upstream, route, '0.99');
      }),
  };
}

function cacheSeries(stats: Stats, now: () => number): Series[] {
  return [
    {
      name: 'breakwater_cache_requests_total',
      help: 'Cache lookups, by what they came to.',
      type: 'counter',
      labels: [...ROUTE, 'result'],
      read: (emit) =>
        each(stats, ({ upstream, route, cache }) => {
          for (const [i, result] of CACHE_RESULTS.entries()) if ((cache[i] ?? 0) > 0) emit(cache[i] ?? 0, upstream, route, result);
        }),
    },
    {
      name: 'breakwater_cache_hit_ratio',
      help: 'Share of the lookups of the last 5 minutes that needed no full answer of the upstream; absent where there were none.',
      type: 'gauge',
      labels: ROUTE,
      read: (emit) =>
        each(stats, (route) => {
          const ratio = route.hitRatio(now());
          if (ratio !== undefined) emit(ratio, route.upstream, route.route);
        }),
    },
  ];
}

/** Without the noise of the division: `0.000784`. */
function seconds(ms: number): number {
  return Math.round(ms * 1000) / 1_000_000;
}

function each(stats: Stats, visit: (route: RouteStats) => void): void {
  for (const route of stats.routes()) visit(route);
}

/** Counts whose key is two words. */
function words(counts: Iterable<[string, number]>, visit: (count: number, first: string, second: string) => void): void {
  for (const [key, count] of counts) {
    const space = key.indexOf(' ');
    visit(count, space < 0 ? key : key.slice(0, space), space < 0 ? '' : key.slice(space + 1));
  }
}
