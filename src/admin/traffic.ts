import { CACHE_RESULTS, DECISIONS } from '../telemetry/codes.ts';
import { LatencyWindow, type Quantiles } from '../telemetry/quantiles.ts';
import { requestLabels, type RouteStats, WINDOW_MS } from '../telemetry/route-stats.ts';

/** What a route has done since the start. Whoever wants a rate takes the difference of two readings. */
export interface Traffic {
  readonly requests: number;
  /** Failed, or with an unknown outcome; a failure that a retry, the cache or a fallback covered for is none. */
  readonly failed: number;
  /** Whose client did not wait for the end. */
  readonly departed: number;
  readonly retries: number;
  /** Lookups that needed no full answer of the upstream, and those that did. */
  readonly cacheHits: number;
  readonly cacheMisses: number;
}

/** Milliseconds below which shares of requests stay, with how many they come from. */
export interface LatencyOnPage {
  readonly samples: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

/** The counts of a route since the start; noughts where nothing was counted yet. */
export function trafficOf(route: RouteStats | undefined): Traffic {
  const counts = { requests: 0, failed: 0, departed: 0 };
  for (const [key, count] of route?.requests.entries() ?? []) {
    const { outcome } = requestLabels(key);
    counts.requests += count;
    if (outcome === 'failed' || outcome === 'unknown') counts.failed += count;
    if (outcome === 'client_closed') counts.departed += count;
  }
  const cacheMisses = route?.cache[CACHE_RESULTS.indexOf('miss')] ?? 0;
  const looked = route?.cache.reduce((sum, count, i) => sum + (CACHE_RESULTS[i] === 'bypass' ? 0 : count), 0) ?? 0;
  return { ...counts, retries: retriesOf(route), cacheHits: looked - cacheMisses, cacheMisses };
}

/** The latencies of all routes of an upstream together, over the window; null where there were none. */
export function latencyOf(routes: readonly RouteStats[], now: number): LatencyOnPage | null {
  const together = new LatencyWindow(WINDOW_MS);
  for (const { latency } of routes) together.absorb(latency.export(now), now);
  return shownLatency(together.read(now));
}

/** Quantiles as answers say them; null where there are none. */
export function shownLatency(quantiles: Quantiles | undefined): LatencyOnPage | null {
  return quantiles === undefined
    ? null
    : { samples: quantiles.samples, p50: rounded(quantiles.p50Ms), p95: rounded(quantiles.p95Ms), p99: rounded(quantiles.p99Ms) };
}

function retriesOf(route: RouteStats | undefined): number {
  const made = `${DECISIONS.indexOf('retried')} `;
  let sum = 0;
  for (const [key, count] of route?.retries.entries() ?? []) if (key.startsWith(made)) sum += count;
  return sum;
}

function rounded(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}
