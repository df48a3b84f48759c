import type { UpstreamConfig } from '../../../src/config/schema.ts';
import type { Simulators } from '../../simulators/start.ts';
import type { UpstreamName } from './routes.ts';

/** Limits that no case is about are out of the way; the one that it is about is long enough for a healthy attempt on a busy machine. Milliseconds. */
const LONG_MS = 20_000;
const SHORT_MS = 400;

const PRESETS = { whatsapp: 'whatsapp-cloud', gemini: 'gemini', supabase: 'supabase' } as const;

/** A preset as a user would take it, in front of a simulator. */
export function written(sim: Simulators, name: UpstreamName): object {
  const upstream = { preset: PRESETS[name], resolve: sim[name].resolve, tls: { ca: sim.caFile } };
  return {
    version: 1,
    listen: { port: 0 },
    admin: { port: 0 },
    intercept: { ca: './ca' },
    dns: { ttl: '0', negativeTtl: '0' },
    log: { level: 'silent', access: false },
    upstreams: { [name]: name === 'supabase' ? { ...upstream, origin: `https://${sim.supabase.hosts[0] ?? ''}` } : upstream },
  };
}

/** The same preset with waits that cost no time; `limit` is the one limit that is short. */
export function hurried(one: UpstreamConfig, resolve: string, limit: string | undefined): UpstreamConfig {
  const times = { connect: LONG_MS, tls: LONG_MS, headers: LONG_MS, idle: LONG_MS, ...(limit !== undefined && { [limit]: SHORT_MS }) };
  const timeouts = { ...times, attempt: 3 * LONG_MS, total: 3 * LONG_MS };
  const backoff = { base: 1, max: 4 };
  const routes = one.routes?.map((route) => ({
    ...route,
    timeouts: { ...route.timeouts, ...timeouts },
    ...(route.retry !== undefined && { retry: { ...route.retry, backoff } }),
    ...(route.pace !== undefined && {
      pace: route.pace.map((pace) => ({ ...pace, hold: { ...pace.hold, codes: pace.hold?.codes ?? [], base: 1, max: 2 } })),
    }),
  }));
  return {
    ...one,
    resolve,
    timeouts: { ...one.timeouts, ...timeouts },
    retry: { ...one.retry, backoff, budget: { minPerSecond: 1000 } },
    // in its place, and never in the way of the next case
    breaker: { ...one.breaker, consecutive: 1_000_000 },
    ...(routes !== undefined && { routes }),
  };
}
