import type { AppReadings } from '../../model/status.ts';
import { DECISIONS } from '../codes.ts';
import { requestLabels, type RouteStats } from '../route-stats.ts';
import type { Stats } from '../stats.ts';
import type { Series } from './series.ts';

const OUT_OF_BUDGET = `${DECISIONS.indexOf('budget')} `;

/**
 * What alerts wait for. There for every route from the start, at 0: `increase()` sees nothing in a series that comes to be with its first event, and at low traffic nearly every one is the first
 * of its labels.
 */
export function alarmSeries(stats: Stats, readings: () => AppReadings | undefined): Series[] {
  const counter = (name: string, help: string, count: (route: RouteStats) => number): Series => ({
    name,
    help,
    type: 'counter',
    labels: ['upstream', 'route'],
    read: (emit) => {
      const silent = new Map((readings()?.upstreams() ?? []).map(({ name: upstream, routes }) => [upstream, new Set(routes)]));
      for (const route of stats.routes()) {
        silent.get(route.upstream)?.delete(route.route);
        emit(count(route), route.upstream, route.route);
      }
      for (const [upstream, routes] of silent) for (const route of routes) emit(0, upstream, route);
    },
  });
  return [
    counter(
      'breakwater_unknown_outcomes_total',
      'Requests that were sent and not sent again, and of which nobody knows what became; 0 from the start for every route.',
      ({ requests }) => total(requests.entries(), (key) => requestLabels(key).outcome === 'unknown'),
    ),
    counter(
      'breakwater_retry_budget_refusals_total',
      'Failures that were not retried since the budget of the upstream was used up; 0 from the start for every route.',
      ({ retries }) => total(retries.entries(), (key) => key.startsWith(OUT_OF_BUDGET)),
    ),
  ];
}

function total<K>(counts: Iterable<[K, number]>, holds: (key: K) => boolean): number {
  let sum = 0;
  for (const [key, count] of counts) if (holds(key)) sum += count;
  return sum;
}
