import type { QuotaReading } from '../../model/status.ts';
import type { Log } from '../../telemetry/log.ts';
import { json, problem } from '../replies.ts';
import type { AdminReply, AdminRequest, AdminRoute } from '../route.ts';
import type { AdminView } from '../view.ts';

/** Which quotas are used up, and opening their gates by hand: an upstream may have raised a limit, or a rule have been wrong. */
export function quotaRoutes(view: AdminView, log: Log): AdminRoute[] {
  return [
    {
      method: 'GET',
      path: '/api/quotas',
      summary: 'Quotas that are used up, and until when',
      handle: () => json({ quotas: listed(view) }),
    },
    {
      method: 'POST',
      path: '/api/quotas/{upstream}/open',
      summary: 'Lets requests through again whose quota is used up; ?scope=SCOPE for one scope alone',
      handle: (request) => open(view, log, request),
    },
  ];
}

function listed(view: AdminView, upstream?: string): (QuotaReading & { readonly upstream: string })[] {
  const all = view.upstreams().filter(({ name }) => upstream === undefined || name === upstream);
  return all.flatMap(({ name, quotas }) => quotas.map((quota) => ({ upstream: name, ...quota, retryAfterMs: Math.ceil(quota.retryAfterMs) })));
}

async function open(view: AdminView, log: Log, { params, query }: AdminRequest): Promise<AdminReply> {
  const { upstream = '' } = params;
  const known = view.upstreams().map(({ name }) => name);
  if (!known.includes(upstream)) return problem(404, `No upstream is called ${JSON.stringify(upstream)}; there are: ${known.join(', ')}.`);
  const scope = query.get('scope') ?? undefined;
  const opened = await view.openQuotas(upstream, scope);
  if (opened === 0)
    return problem(409, `No quota of ${upstream} is used up${scope === undefined ? '' : ' in that scope'}: there is nothing to open.`);
  log.warn({ upstream, ...(scope === undefined ? undefined : { scope }), opened }, 'quotas opened over the admin API');
  return json({ opened, quotas: listed(view, upstream) });
}
