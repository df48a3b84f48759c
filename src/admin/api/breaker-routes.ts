import { hostOfScope, matchesHost } from '../../model/hosts.ts';
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
  const authority = query.get('authority') ?? undefined;
  const unknown = unknownPart(view, upstream, breaker, authority);
  if (unknown !== undefined) return problem(404, unknown);
  const breakers = await view.actOnBreaker(upstream, breaker, action, authority);
  // what is held or released has its effect on those that come later too
  if (breakers.length === 0 && action === 'trip')
    return problem(
      409,
      `No request has gone through this breaker yet${authority !== undefined ? ' to that host' : ''}: there is nothing to ${action}.`,
    );
  log.warn({ upstream, breaker, action, breakers: breakers.length }, 'breaker changed over the admin API');
  return json({ breakers: breakers.map(shown) });
}

/** What of a breaker's place there is not, with what there is; a breaker that was made for a mistyped host would be held against nobody, and seen as a failure. */
function unknownPart(view: AdminView, upstream: string, breaker: string, authority: string | undefined): string | undefined {
  const upstreams = view.upstreams();
  const found = upstreams.find(({ name }) => name === upstream);
  if (found === undefined) return `No upstream is called ${JSON.stringify(upstream)}; there are: ${upstreams.map(({ name }) => name).join(', ')}.`;
  const names = view.breakerNames(upstream);
  if (!names.includes(breaker)) {
    const there = names.length === 0 ? 'it has none' : `there are: ${names.join(', ')}`;
    return `The upstream ${upstream} has no breaker called ${JSON.stringify(breaker)}; ${there}.`;
  }
  if (authority === undefined) return undefined;
  const used = found.breakers.filter((one) => one.breaker === breaker).map((one) => one.authority);
  if (used.includes(authority) || found.hosts.some((host) => matchesHost(host, hostOfScope(authority)))) return undefined;
  const there = [...new Set([...found.hosts, ...used])].join(', ');
  return `The breaker ${breaker} of the upstream ${upstream} has no host ${JSON.stringify(authority)}; there are: ${there}.`;
}

function shown({ upstream, breaker, authority, mode = 'enforce', state, retryAfterMs }: BreakerReading): BreakerReading {
  return { upstream, breaker, authority, mode, state, retryAfterMs: Math.ceil(retryAfterMs) };
}
