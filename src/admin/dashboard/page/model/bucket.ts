/** How much time a point of a chart stands for. */
export const BUCKET_MS = 10_000;
/** How far back the charts go. */
export const SPAN_MS = 1_800_000;
/** Points of a chart. */
export const BUCKETS = SPAN_MS / BUCKET_MS;

/** What is counted in a bucket. */
export interface Seen {
  readonly requests: number;
  readonly failed: number;
  readonly retries: number;
}

/** Ten seconds. */
export interface Bucket {
  /** Whether it holds all that happened in its time; false in a gap. */
  whole: boolean;
  /** Since when it holds what happened, in milliseconds since the epoch. */
  from: number;
  /** By upstream and route (`keyOf`). */
  readonly counts: Map<string, Seen>;
  /** By upstream, in milliseconds, over the five minutes before. */
  readonly p95: Map<string, number | null>;
}

export const NOTHING: Seen = { requests: 0, failed: 0, retries: 0 };

/** A route of an upstream as one text; the upstream and a line feed are a prefix of all its routes. */
export function keyOf(upstream: string, route: string): string {
  return `${upstream}\n${route}`;
}

/** Both together. */
export function plus(a: Seen, b: Seen): Seen {
  return { requests: a.requests + b.requests, failed: a.failed + b.failed, retries: a.retries + b.retries };
}
