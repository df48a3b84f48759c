import { backfilled } from './backfill.ts';
import { type Bucket, BUCKET_MS, BUCKETS, keyOf, NOTHING, plus, type Seen, SPAN_MS } from './bucket.ts';
import type { ExchangeAnswer, StatusAnswer } from './wire.ts';

/** Readings further apart than this leave a gap: what came in between cannot be said to have come at any one time. */
const MAX_STEP_MS = 15_000;

/** Buckets of the five minutes that are called recent. */
const RECENT = 30;
/** Points of a chart, however little is known: five minutes. */
const LEAST = 30;

/** What a chart of one upstream is drawn from: completed buckets, oldest first. Null where nothing is known. */
export interface Series {
  /** The end of each bucket, in seconds since the epoch. */
  readonly times: readonly number[];
  readonly requests: readonly (number | null)[];
  readonly failed: readonly (number | null)[];
  /** P95 over the five minutes before, in milliseconds. */
  readonly p95: readonly (number | null)[];
}

/** What has happened lately, by what it was read from. */
export interface Recent extends Seen {
  /** How far back it looks: five minutes, or less where less is known. */
  readonly spanMs: number;
}

/**
 * What the page has seen of the last half hour. The server counts since its start and keeps no course of time, so that a page that nobody opens costs nothing: the page takes the
 * differences, and what was before it from the journal, as far as that is whole.
 */
export class History {
  readonly #buckets = new Map<number, Bucket>();
  #last: { readonly at: number; readonly uptime: number; readonly counts: ReadonlyMap<string, Seen> } | undefined;

  /** Whether the readings have come close enough for this one to go on with them; where not, `backfill` can close the gap. */
  follows(status: StatusAnswer): boolean {
    const at = Date.parse(status.time);
    return this.#last !== undefined && at - this.#last.at <= MAX_STEP_MS && status.uptimeSeconds >= this.#last.uptime - 1;
  }

  /** Takes a reading. */
  take(status: StatusAnswer): void {
    const at = Date.parse(status.time);
    const counts = countsOf(status);
    if (this.#last !== undefined && this.follows(status)) this.#goOn(this.#last, at, counts);
    else this.#breakOff(at, status);
    const bucket = this.#bucket(Math.floor(at / BUCKET_MS));
    for (const [name, { latencyMs }] of Object.entries(status.dependencies)) bucket.p95.set(name, latencyMs?.p95 ?? null);
    this.#last = { at, uptime: status.uptimeSeconds, counts };
    for (const index of this.#buckets.keys()) if (index <= Math.floor((at - SPAN_MS) / BUCKET_MS) - 1) this.#buckets.delete(index);
  }

  /** Fills what is before the reading just taken from the exchanges that the journal has (the newest first, `limit` of them asked for). */
  backfill(exchanges: readonly ExchangeAnswer[], limit: number, status: StatusAnswer): void {
    for (const [index, bucket] of backfilled(exchanges, limit, status)) {
      const known = this.#buckets.get(index);
      // what was counted is surer than what was written down
      if (known?.whole !== true) this.#buckets.set(index, { ...bucket, p95: known?.p95 ?? bucket.p95 });
    }
  }

  /** The course of an upstream up to the last completed bucket. */
  series(upstream: string, now: number): Series {
    const end = Math.floor(now / BUCKET_MS);
    const first = Math.min(...this.#buckets.keys());
    const length = Math.min(BUCKETS, Math.max(LEAST, end - first));
    const indexes = Array.from({ length }, (_, i) => end - length + i);
    const buckets = indexes.map((index) => this.#buckets.get(index));
    const perSecond = (pick: (seen: Seen) => number): (number | null)[] =>
      buckets.map((bucket) => (bucket?.whole === true ? (pick(sumOf(bucket, `${upstream}\n`)) * 1000) / BUCKET_MS : null));
    return {
      times: indexes.map((index) => ((index + 1) * BUCKET_MS) / 1000),
      requests: perSecond((seen) => seen.requests),
      failed: perSecond((seen) => seen.failed),
      p95: buckets.map((bucket) => bucket?.p95.get(upstream) ?? null),
    };
  }

  /** What has happened in the last five minutes, as far as it is known without a gap: of an upstream, or of one route of it. */
  recent(now: number, upstream: string, route?: string): Recent {
    const end = Math.floor(now / BUCKET_MS);
    const wanted = route === undefined ? `${upstream}\n` : keyOf(upstream, route);
    let sum = NOTHING;
    let first = end + 1;
    for (let index = end; index > end - RECENT; index--) {
      const bucket = this.#buckets.get(index);
      if (bucket === undefined) break;
      sum = plus(sum, route === undefined ? sumOf(bucket, wanted) : (bucket.counts.get(wanted) ?? NOTHING));
      first = index;
      if (!bucket.whole) break;
    }
    const from = Math.max(first * BUCKET_MS, this.#buckets.get(first)?.from ?? 0);
    return { ...sum, spanMs: first > end ? 0 : Math.max(0, now - from) };
  }

  #bucket(index: number): Bucket {
    const known = this.#buckets.get(index);
    if (known !== undefined) return known;
    const made: Bucket = { whole: true, from: index * BUCKET_MS, counts: new Map(), p95: new Map() };
    this.#buckets.set(index, made);
    return made;
  }

  /** Puts what has come since the last reading into the bucket of this one: between the two there are two seconds, as a rule. */
  #goOn(last: { readonly at: number; readonly counts: ReadonlyMap<string, Seen> }, at: number, counts: ReadonlyMap<string, Seen>): void {
    const end = Math.floor(at / BUCKET_MS);
    for (let index = Math.floor(last.at / BUCKET_MS); index < end; index++) this.#bucket(index);
    const bucket = this.#bucket(end);
    for (const [key, seen] of counts) {
      const old = last.counts.get(key) ?? NOTHING;
      const grown = {
        requests: Math.max(0, seen.requests - old.requests),
        failed: Math.max(0, seen.failed - old.failed),
        retries: Math.max(0, seen.retries - old.retries),
      };
      if (grown.requests + grown.failed + grown.retries > 0) bucket.counts.set(key, plus(bucket.counts.get(key) ?? NOTHING, grown));
    }
  }

  /** A reading that goes on with none: its bucket knows only what comes after it. What was counted by a process that is gone is no more. */
  #breakOff(at: number, { uptimeSeconds }: StatusAnswer): void {
    if (this.#last !== undefined) {
      if (uptimeSeconds < this.#last.uptime - 1) this.#buckets.clear();
      const broken = this.#buckets.get(Math.floor(this.#last.at / BUCKET_MS));
      if (broken !== undefined) broken.whole = false;
    }
    this.#buckets.set(Math.floor(at / BUCKET_MS), { whole: false, from: at, counts: new Map(), p95: new Map() });
  }
}

function countsOf(status: StatusAnswer): Map<string, Seen> {
  const counts = new Map<string, Seen>();
  for (const [upstream, { routes }] of Object.entries(status.dependencies))
    for (const [route, { requests, failed, retries }] of Object.entries(routes)) counts.set(keyOf(upstream, route), { requests, failed, retries });
  return counts;
}

function sumOf({ counts }: Bucket, prefix: string): Seen {
  let sum = NOTHING;
  for (const [key, seen] of counts) if (key.startsWith(prefix)) sum = plus(sum, seen);
  return sum;
}
