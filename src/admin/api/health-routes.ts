import { healthOf, type HealthParts } from '../health.ts';
import { json, text } from '../replies.ts';
import type { AdminRoute } from '../route.ts';

/**
 * How it is doing. `/health` answers 200 whatever the dependencies do, `/health/live` as long as the loop turns, `/health/ready` while it takes requests: an open breaker must not have an
 * orchestrator restart or unplug what still answers.
 */
export function healthRoutes(parts: HealthParts): AdminRoute[] {
  return [
    {
      method: 'GET',
      path: '/health',
      summary: 'Status of each dependency with its evidence; ?verbose adds hosts and routes',
      handle: ({ query }) => json(healthOf(parts, isSet(query, 'verbose'))),
    },
    { method: 'GET', path: '/health/live', summary: '200 while the process runs', handle: () => text('live') },
    {
      method: 'GET',
      path: '/health/ready',
      summary: '200 while it takes requests, 503 while it starts or drains',
      handle: () => {
        const readiness = parts.view.readiness();
        return text(readiness, readiness === 'ready' ? 200 : 503);
      },
    },
  ];
}

/** `?verbose`, `?verbose=1` and `?verbose=true` are set, `?verbose=0` and `=false` are not. */
export function isSet(query: URLSearchParams, name: string): boolean {
  const value = query.get(name);
  return value !== null && value !== '0' && value !== 'false';
}
