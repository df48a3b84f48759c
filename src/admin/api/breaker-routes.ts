import type { BreakerReading } from '../../model/status.ts';
import type { Log } from '../../telemetry/log.ts';
import { json, problem } from '../replies.ts';
import type { AdminRequest, AdminReply, AdminRoute } from '../route.ts';
import { type AdminView, BREAKER_ACTIONS, type BreakerAction } from '../view.ts';

/** Where the breakers stand, and acting on them by hand. */
export function breakerRoutes(view: AdminView, log: Log): AdminRoute[] {
  return [
    {
      method: 'GET',
      path: '/api/breakers',
      summary: 'Where each breaker stands',
      handle: () => json({ breakers: view.upstreams().flatMap(({ breakers }) => breakers.map(shown)) }),
    },
    ...BREAKER_ACTIONS.map((action): AdminRoute => {
      return {
        method: 'POST',
        path: `/api/breakers/{upstream}/{breaker}/${action}`,
        summary: `${SUMMARY[action]}; ?authority=HOST for one host alone`,
        handle: (request) => act(view, log, action, request),
      };
    }),
  ];
}

const SUMMARY = {
  trip: 'Opens a breaker as a failure would',
  reset: 'Closes a breaker',
  isolate: 'Holds a breaker open until it is reset',
} as const satisfies Record<BreakerAction, string>;

async function act(view: AdminView, log: Log, action: BreakerAction, { params, query }: AdminRequest): Promise<AdminReply> {
  const { upstream = '', breaker = '' } = params;
  const known = view.upstreams().map(({ name }) => name);
  if (!known.includes(upstream)) return problem(404, `No upstream is called ${JSON.stringify(upstream)}; there are: ${known.join(', ')}.`);
  const breakers = await view.actOnBreaker(upstream, breaker, action, query.get('authority') ?? undefined);
  if (breakers === undefined) return problem(404, `The upstream ${upstream} has no breaker called ${JSON.stringify(breaker)}.`);
  if (breakers.length === 0)
    return problem(
      409,
      `No request has gone through this breaker yet${query.has('authority') ? ' to that host' : ''}: there is nothing to ${action}.`,
    );
  log.warn({ upstream, breaker, action, breakers: breakers.length }, 'breaker changed over the admin API');
  return json({ breakers: breakers.map(shown) });
}

function shown({ upstream, breaker, authority, mode = 'enforce', state, retryAfterMs }: BreakerReading): BreakerReading {
  return { upstream, breaker, authority, mode, state, retryAfterMs: Math.ceil(retryAfterMs) };
}
