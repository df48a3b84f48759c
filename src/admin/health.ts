import type { Clock } from '../model/clock.ts';
import type { AuthorityReading, BreakerReading, PatienceReading, UpstreamReading } from '../model/status.ts';
import type { Stats } from '../telemetry/stats.ts';
import { type DependencyReading, DependencyWindow, type LastError } from '../telemetry/upstream-stats.ts';
import { wilson } from '../telemetry/wilson.ts';
import { latencyOf, shownLatency, trafficOf } from './traffic.ts';
import { overall, verdictOf } from './verdict.ts';
import type { AdminView } from './view.ts';

/** What the health page is made from. */
export interface HealthParts {
  readonly view: AdminView;
  readonly stats: Stats;
  readonly clock: Clock;
}

/** A bug of ours this recent is a reason to look. */
const BUG_MS = 60_000;

/** The whole of `/health`; with `verbose` hosts and routes too. Computed from memory: asking costs no upstream a call. */
export function healthOf(parts: HealthParts, verbose: boolean): { readonly status: string } & Record<string, unknown> {
  const { view, stats, clock } = parts;
  const now = clock.wallNow();
  const config = view.config();
  const authority = view.authority?.();
  const dependencies = view.upstreams().map((upstream) => [upstream.name, dependencyOf(parts, upstream, verbose)] as const);
  return {
    status: overall(
      dependencies.map(([, { status }]) => status),
      config.lastReloadOk && now - stats.lastInternalErrorAt > BUG_MS && authority?.missed !== true,
    ),
    version: view.version,
    readiness: view.readiness(),
    uptimeSeconds: Math.max(0, Math.floor((now - view.startedAt) / 1000)),
    dependencies: Object.fromEntries(dependencies),
    config: { file: config.file, loadedAt: iso(config.loadedAt), lastReloadOk: config.lastReloadOk, problems: config.problems },
    interception: authority === undefined ? null : interceptionOf(authority),
    warnings: [...stats.warnings.map(({ at, ...warning }) => ({ ...warning, at: iso(at) })), ...storeWarnings(view, now)],
    internalErrors: stats.internalErrors,
  };
}

const NO_INTERCEPTION =
  'let intercept.ca name a directory that can be read and written; it is tried again every 30 s. Until then HTTPS_PROXY cannot be used, base URLs can';

/** Whether the tunnels of clients can be intercepted. */
function interceptionOf({ directory, problem, warning }: AuthorityReading): Record<string, unknown> {
  const told = problem ?? warning;
  return {
    status: told === undefined ? 'ok' : 'warn',
    ca: directory,
    problem: told ?? null,
    advice: problem === undefined ? null : NO_INTERCEPTION,
  };
}

/** A store that cannot be used stops no request, but all of them go to the upstreams. */
function storeWarnings(view: AdminView, now: number): Record<string, unknown>[] {
  const problem = view.cache?.().problem;
  return problem === undefined ? [] : [{ upstream: '', route: '', policy: 'cache', text: problem, at: iso(now) }];
}

function dependencyOf({ stats, clock }: HealthParts, upstream: UpstreamReading, verbose: boolean) {
  const { breakers, probe, pool, bulkhead, quotas, patience, faults } = upstream;
  const counted = stats.upstreams.get(upstream.name);
  const recent = (counted?.all ?? new DependencyWindow()).read(clock.now());
  const usage = counted?.usage.read(clock.wallNow()) ?? [];
  const verdict = verdictOf({ breakers, recent, probe, usage, now: clock.wallNow() });
  const detail = verbose ? detailOf(stats, upstream, clock.now()) : undefined;
  return {
    ...verdict,
    lastError: errorOf(recent.lastError),
    lastSuccessAt: iso(recent.lastSuccessAt),
    errorRate: errorRate(recent),
    breakers: breakers.map(breakerOf),
    quotas: quotas.map(({ scope, rule, retryAfterMs }) => ({ scope, rule, retryAfterMs: Math.ceil(retryAfterMs) })),
    usage: usage.map(({ kind, ratio, at }) => ({ kind, ratio: rounded(ratio), at: iso(at) })),
    patience: patience.map(patienceOf),
    faults: faults.map(({ route, text }) => ({ route, text })),
    probe: probe === undefined ? null : { ok: probe.ok, latencyMs: rounded(probe.latencyMs), at: iso(probe.at) },
    cacheHitRatio: hitRatio(stats, upstream.name, clock.now()),
    connections: pool,
    ...(bulkhead === undefined ? undefined : { bulkhead }),
    ...detail,
  };
}

function breakerOf({ breaker, authority, mode = 'enforce', state, retryAfterMs }: BreakerReading): Record<string, unknown> {
  return { breaker, authority, mode, state, retryAfterMs: Math.ceil(retryAfterMs) };
}

function detailOf(stats: Stats, upstream: UpstreamReading, now: number): Record<string, unknown> {
  const latencyMs = latencyOf(stats.routesOf(upstream.name), now);
  return { latencyMs, hosts: hostsOf(stats, upstream, now), routes: routesOf(stats, upstream, now) };
}

/** Without a `total` nothing bounds what clients wait for: null. */
function patienceOf({ route, patienceMs, totalMs, departures }: PatienceReading): Record<string, unknown> {
  return { route, patienceMs: rounded(patienceMs), totalMs: Number.isFinite(totalMs) ? totalMs : null, departures };
}

/** The share of failed attempts with how many it stands on and its 95 % Wilson interval; nulls where there were none. */
export function errorRate({ ok, failed, windowMs }: DependencyReading): Record<string, unknown> {
  const interval = wilson(failed, ok + failed);
  const bounds = interval === undefined ? null : { low: rounded(interval.low), high: rounded(interval.high), confidence: 0.95 };
  return {
    ratio: interval === undefined ? null : rounded(interval.ratio),
    failed,
    samples: ok + failed,
    windowSeconds: windowMs / 1000,
    interval: bounds,
  };
}

/** The last error as plain data; null where there was none. */
export function errorOf(error: LastError | undefined): Record<string, unknown> | null {
  return error === undefined ? null : { ...error, at: iso(error.at) };
}

function hostsOf(stats: Stats, { name }: UpstreamReading, now: number): Record<string, unknown> {
  const hosts = [...(stats.upstreams.get(name)?.hosts ?? [])];
  return Object.fromEntries(
    hosts.map(([host, window]) => {
      const recent = window.read(now);
      return [host, { errorRate: errorRate(recent), lastError: errorOf(recent.lastError), lastSuccessAt: iso(recent.lastSuccessAt) }];
    }),
  );
}

function routesOf(stats: Stats, { name, routes }: UpstreamReading, now: number): Record<string, unknown> {
  const counted = new Map(stats.routesOf(name).map((route) => [route.route, route]));
  return Object.fromEntries(
    routes.map((route) => {
      const own = counted.get(route);
      return [route, { latencyMs: shownLatency(own?.latency.read(now)), cacheHitRatio: own?.hitRatio(now) ?? null, ...trafficOf(own) }];
    }),
  );
}

/** Over all routes of an upstream; null where no cache was asked. */
function hitRatio(stats: Stats, upstream: string, now: number): number | null {
  const counts = stats.routesOf(upstream).map((route) => route.cacheWindow.counts(now));
  const hits = counts.reduce((sum, { ok }) => sum + ok, 0);
  const all = counts.reduce((sum, { ok, failed }) => sum + ok + failed, 0);
  return all === 0 ? null : rounded(hits / all);
}

function iso(at: number | undefined): string | null {
  return at === undefined ? null : new Date(at).toISOString();
}

function rounded(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}
