import { withoutSecretValues } from '../../config/describe.ts';
import type { ExchangeSummary, JournalQuery } from '../../telemetry/journal.ts';
import { redactData } from '../../telemetry/redact.ts';
import { healthOf, type HealthParts } from '../health.ts';
import { json, problem } from '../replies.ts';
import type { AdminReply, AdminRequest, AdminRoute } from '../route.ts';
import { isSet } from './health-routes.ts';

/** Exchanges that one answer lists at most. */
const MAX_LIMIT = 1000;

/** Where the last exchanges are: a journal, or those of several processes. */
export interface ExchangeSource {
  list(query: JournalQuery): ExchangeSummary[] | Promise<ExchangeSummary[]>;
}

/** What stands and what has happened, for tools and the dashboard. */
export function stateRoutes(parts: HealthParts, journal: ExchangeSource): AdminRoute[] {
  const { view, clock } = parts;
  return [
    {
      method: 'GET',
      path: '/api/status',
      summary: 'Everything that /health?verbose says, with upstreams and listeners',
      // by whose clock its times are: that of a browser elsewhere may differ
      handle: () =>
        json({ time: new Date(clock.wallNow()).toISOString(), ...healthOf(parts, true), upstreams: view.upstreams(), listeners: view.listeners() }),
    },
    {
      method: 'GET',
      path: '/api/exchanges',
      summary: 'The last exchanges, newest first; ?limit=100&upstream=NAME&failed&trace=TRACE-ID',
      handle: (request) => exchanges(journal, request),
    },
    {
      method: 'GET',
      path: '/api/config',
      summary: 'The configuration at work, presets and defaults merged in, secrets redacted',
      // by where it stands, and by its looks in free texts
      handle: () => json({ file: view.config().file ?? null, config: redactData(withoutSecretValues(view.effectiveConfig())) }),
    },
  ];
}

async function exchanges(journal: ExchangeSource, { query }: AdminRequest): Promise<AdminReply> {
  const limit = query.get('limit') ?? '100';
  if (!/^\d{1,6}$/.test(limit)) return problem(400, `limit must be a whole number, not ${JSON.stringify(limit)}.`);
  const wanted = {
    limit: Math.min(Number(limit), MAX_LIMIT),
    upstream: query.get('upstream') ?? undefined,
    failed: isSet(query, 'failed'),
    trace: query.get('trace') ?? undefined,
  };
  return json({ exchanges: await journal.list(wanted) });
}
