import { type Bucket, BUCKET_MS, keyOf, NOTHING, plus, SPAN_MS } from './bucket.ts';
import type { ExchangeAnswer, StatusAnswer } from './wire.ts';

/** Exchanges without an event of which the journal keeps no more in one second. */
const THINNED_AT = 100;
/** How far back a quantile looks. */
const WINDOW_MS = 300_000;

interface Dated {
  readonly at: number;
  readonly exchange: ExchangeAnswer;
}

/** The buckets before a reading, from the exchanges that the journal has, the newest first. Only those of which it has everything; `limit` exchanges were asked for. */
export function backfilled(exchanges: readonly ExchangeAnswer[], limit: number, status: StatusAnswer): Map<number, Bucket> {
  const now = Date.parse(status.time);
  const dated = exchanges.map((exchange) => ({ at: Date.parse(exchange.time), exchange })).filter(({ at }) => at <= now);
  const started = now - status.uptimeSeconds * 1000 - 1000;
  const since = Math.max(now - SPAN_MS, wholeSince(dated, exchanges.length < limit));
  // before a process there was nothing: its first bucket is whole although it began within it
  const first = since > started ? Math.ceil(since / BUCKET_MS) : Math.floor(started / BUCKET_MS);
  const buckets = new Map<number, Bucket>();
  for (let index = first; index <= Math.floor(now / BUCKET_MS); index++)
    buckets.set(index, { whole: true, from: Math.max(index * BUCKET_MS, started), counts: new Map(), p95: new Map() });
  for (const { at, exchange } of dated) {
    const { upstream, route, outcome, attempts } = exchange;
    const counts = buckets.get(Math.floor(at / BUCKET_MS))?.counts;
    const seen = { requests: 1, failed: outcome === 'failed' || outcome === 'unknown' ? 1 : 0, retries: Math.max(0, attempts.length - 1) };
    counts?.set(keyOf(upstream, route), plus(counts.get(keyOf(upstream, route)) ?? NOTHING, seen));
  }
  for (const upstream of Object.keys(status.dependencies)) quantiles(buckets, dated, upstream);
  return buckets;
}

/** Since when the journal has everything: it is a ring, and of a second with many exchanges it keeps only some. */
function wholeSince(dated: readonly Dated[], all: boolean): number {
  const perSecond = new Map<number, number>();
  for (const { at } of dated) perSecond.set(Math.floor(at / 1000), (perSecond.get(Math.floor(at / 1000)) ?? 0) + 1);
  const thinned = [...perSecond].filter(([, count]) => count >= THINNED_AT).map(([second]) => (second + 1) * 1000);
  return Math.max(all ? -Infinity : (dated.at(-1)?.at ?? Infinity), ...thinned);
}

function quantiles(buckets: ReadonlyMap<number, Bucket>, dated: readonly Dated[], upstream: string): void {
  const own = dated.filter(({ exchange }) => exchange.upstream === upstream && exchange.outcome !== 'client_closed');
  for (const [index, bucket] of buckets) {
    const end = (index + 1) * BUCKET_MS;
    const times = own
      .filter(({ at }) => at < end && at >= end - WINDOW_MS)
      .map(({ exchange }) => exchange.elapsedMs)
      .sort((a, b) => a - b);
    bucket.p95.set(upstream, times[Math.ceil(times.length * 0.95) - 1] ?? null);
  }
}
