import type { CacheAdmin, ListFilter, PurgeRequest } from '../../cache/admin.ts';
import type { ChainView } from '../../cache/prefetch/prefetcher.ts';
import type { Log } from '../../telemetry/log.ts';
import { json, problem } from '../replies.ts';
import type { AdminReply, AdminRequest, AdminRoute } from '../route.ts';
import { type CacheNames, resolved } from './cache-names.ts';

/** Entries that one answer lists at most. */
const MAX_LIMIT = 10_000;
/** What a purge may name, and the types of the values. */
const PURGE_KEYS = {
  url: 'string',
  prefix: 'string',
  tag: 'string',
  route: 'string',
  upstream: 'string',
  all: 'boolean',
  soft: 'boolean',
} as const satisfies Record<keyof PurgeRequest, 'string' | 'boolean'>;
const TARGETS = ['url', 'prefix', 'tag', 'route', 'upstream', 'all'] as const;

/** The cache, as these endpoints use it. */
export type CacheControl = Pick<CacheAdmin, 'list' | 'inspect' | 'purge' | 'stats'> & {
  chains(): readonly ChainView[] | Promise<readonly ChainView[]>;
};

/** Looking into the cache and purging it. */
export function cacheRoutes(cache: CacheControl, names: CacheNames, log: Log): AdminRoute[] {
  return [
    {
      method: 'GET',
      path: '/api/prefetch',
      summary: 'Which requests are made ahead of clients, after which, and how often they came',
      handle: async () => json({ chains: await cache.chains() }),
    },
    {
      method: 'GET',
      path: '/api/cache',
      summary: 'Stored answers and where the store stands; ?limit=100&upstream=NAME&route=NAME&prefix=URL, or ?url=URL for one',
      handle: (request) => list(cache, names, request),
    },
    {
      method: 'POST',
      path: '/api/cache/purge',
      summary:
        'Drops stored answers: {"url": URL}, or prefix, tag, route, upstream, all; "soft": true serves them as stale while they are fetched anew',
      handle: (request) => purge(cache, names, log, request),
    },
  ];
}

async function list(cache: CacheControl, names: CacheNames, { query }: AdminRequest): Promise<AdminReply> {
  const asked = Object.fromEntries(
    ['url', 'upstream', 'route', 'prefix'].flatMap((name) => (query.has(name) ? [[name, query.get(name) ?? '']] : [])),
  );
  const named = resolved<ListFilter & { readonly url?: string }>(asked, names);
  if (typeof named === 'string') return problem(400, named);
  const { url, ...filter } = named;
  if (url !== undefined) return json({ store: cache.stats, entries: await cache.inspect(url) });
  const limit = query.get('limit') ?? '100';
  if (!/^\d{1,6}$/.test(limit)) return problem(400, `limit must be a whole number, not ${JSON.stringify(limit)}.`);
  return json({ store: cache.stats, entries: await cache.list(Math.min(Number(limit), MAX_LIMIT), filter) });
}

async function purge(cache: CacheControl, names: CacheNames, log: Log, { body }: AdminRequest): Promise<AdminReply> {
  const asked = purgeRequest(body);
  const request = typeof asked === 'string' ? asked : resolved(asked, names);
  if (typeof request === 'string') return problem(400, request);
  const purged = await cache.purge(request);
  log.info({ purged, by: TARGETS.filter((name) => name in request), soft: request.soft === true }, 'cache purged over the admin API');
  const { problem: trouble } = cache.stats;
  if (trouble !== undefined) return problem(503, `${trouble}. Nothing is found in it until it can be used again: purge once more then.`);
  return json({ purged });
}

/** The request in a body, or what is wrong with it. */
function purgeRequest(body: unknown): PurgeRequest | string {
  const example = 'expected a JSON object such as {"url": "https://api.example.com/x"} or {"tag": "bots", "soft": true}';
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return `${example}.`;
  for (const [name, value] of Object.entries(body)) {
    const type = Object.hasOwn(PURGE_KEYS, name) ? PURGE_KEYS[name as keyof PurgeRequest] : undefined;
    if (type === undefined) return `${JSON.stringify(name)} is not known: ${example}.`;
    if (typeof value !== type) return `${name} must be a ${type}.`;
  }
  const request = body as PurgeRequest;
  if (!TARGETS.some((name) => request[name] !== undefined && request[name] !== false)) return `nothing is named: ${example}, or {"all": true}.`;
  return request;
}
