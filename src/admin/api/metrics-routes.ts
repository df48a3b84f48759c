import type { Metrics } from '../../telemetry/metrics/metrics.ts';
import type { AdminRoute } from '../route.ts';

/** The metrics, for a scraper. */
export function metricsRoutes(metrics: Metrics): AdminRoute[] {
  return [
    {
      method: 'GET',
      path: '/metrics',
      summary: 'Metrics for Prometheus; OpenMetrics where Accept asks for it',
      handle: async ({ accept }) => ({ status: 200, ...(await metrics.expose(accept)), headers: { vary: 'accept' } }),
    },
  ];
}
