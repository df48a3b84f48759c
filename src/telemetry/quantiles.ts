/** Latencies that stand for a route, in milliseconds, with how many they come from. */
export interface Quantiles {
  readonly samples: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
}

/** Buckets per power of two: 16 keep the width of a bucket below a sixteenth of its value. */
const STEPS = 16;
/** The longest latency told apart, in microseconds: 2^30, about 18 minutes. Longer ones count as this. */
const MAX_US = 2 ** 30 - 1;
const BUCKETS = (30 - 4 + 1) * STEPS;
const SLICES = 5;

/** The bucket of a latency: one per microsecond below 16, then 16 in each power of two (as HdrHistogram has them). */
export function bucketOf(us: number): number {
  if (us < STEPS) return us;
  const shift = 27 - Math.clz32(us);
  return shift * STEPS + (us >>> shift);
}

/** The smallest latency of a bucket, in microseconds. */
export function lowerBound(bucket: number): number {
  if (bucket < STEPS) return bucket;
  const shift = Math.floor(bucket / STEPS) - 1;
  return (STEPS + (bucket % STEPS)) * 2 ** shift;
}

/**
 * Quantiles of the latencies of the last minutes, within 6 % of the exact ones: log-linear buckets in slices that are written over as they age. About 9 KB; an observation
 * allocates nothing.
 */
export class LatencyWindow {
  readonly #sliceMs: number;
  readonly #counts = new Uint32Array(SLICES * BUCKETS);
  readonly #totals = new Uint32Array(SLICES);
  #slice = 0;

  constructor(windowMs: number) {
    this.#sliceMs = windowMs / SLICES;
  }

  /** Takes one latency in milliseconds. `now`: monotonic milliseconds. */
  add(ms: number, now: number): void {
    const slot = this.#advance(now) % SLICES;
    const us = ms > 0 ? Math.min(MAX_US, Math.round(ms * 1000)) : 0;
    const at = slot * BUCKETS + bucketOf(us);
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.#totals[slot] = (this.#totals[slot] ?? 0) + 1;
  }

  /** P50, P95 and P99 of what the window holds at `now`; undefined where it is empty. */
  read(now: number): Quantiles | undefined {
    this.#advance(now);
    const samples = this.#totals.reduce((sum, total) => sum + total, 0);
    if (samples === 0) return undefined;
    const merged = this.#merge();
    return { samples, p50Ms: quantile(merged, samples, 0.5), p95Ms: quantile(merged, samples, 0.95), p99Ms: quantile(merged, samples, 0.99) };
  }

  /** What it holds at `now`: age of the slice, bucket and count in turn. */
  export(now: number): number[] {
    const youngest = this.#advance(now);
    const held: number[] = [];
    for (let age = 0; age < SLICES; age++) {
      const slot = (((youngest - age) % SLICES) + SLICES) % SLICES;
      if (this.#totals[slot] === 0) continue;
      for (let i = 0; i < BUCKETS; i++) {
        const count = this.#counts[slot * BUCKETS + i] ?? 0;
        if (count > 0) held.push(age, i, count);
      }
    }
    return held;
  }

  /** Adds what another one of the same length held at about `now`. */
  absorb(held: readonly number[], now: number): void {
    const youngest = this.#advance(now);
    for (let i = 0; i < held.length; i += 3) {
      const slot = (((youngest - (held[i] ?? 0)) % SLICES) + SLICES) % SLICES;
      const at = slot * BUCKETS + (held[i + 1] ?? 0);
      const count = held[i + 2] ?? 0;
      this.#counts[at] = (this.#counts[at] ?? 0) + count;
      this.#totals[slot] = (this.#totals[slot] ?? 0) + count;
    }
  }

  #merge(): Uint32Array {
    const merged = new Uint32Array(BUCKETS);
    for (let slice = 0; slice < SLICES; slice++) {
      if (this.#totals[slice] === 0) continue;
      for (let i = 0; i < BUCKETS; i++) merged[i] = (merged[i] ?? 0) + (this.#counts[slice * BUCKETS + i] ?? 0);
    }
    return merged;
  }

  #advance(now: number): number {
    const slice = Math.floor(now / this.#sliceMs);
    if (slice <= this.#slice) return this.#slice;
    const passed = Math.min(SLICES, slice - this.#slice);
    for (let i = 0; i < passed; i++) {
      const slot = (slice - i) % SLICES;
      if (this.#totals[slot] !== 0) this.#counts.fill(0, slot * BUCKETS, (slot + 1) * BUCKETS);
      this.#totals[slot] = 0;
    }
    this.#slice = slice;
    return slice;
  }
}

/** By nearest rank, spread evenly within the bucket that holds it. */
function quantile(counts: Uint32Array, samples: number, share: number): number {
  const rank = Math.max(1, Math.ceil(share * samples));
  let below = 0;
  for (let bucket = 0; bucket < counts.length; bucket++) {
    const here = counts[bucket] ?? 0;
    if (below + here >= rank) {
      const from = lowerBound(bucket);
      const width = lowerBound(bucket + 1) - from;
      return Math.round(from + (width * (rank - below - 0.5)) / here) / 1000;
    }
    below += here;
  }
  return MAX_US / 1000;
}
