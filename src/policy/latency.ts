/** Latencies that are kept: enough to name a P99, few enough to forget yesterday. */
const KEPT = 128;
/** New latencies after which a percentile is worked out again. */
const STALE_AFTER = 8;

/** The last latencies of a route and their percentiles. By number and not by time, so that a request a minute is enough. */
export class Latencies {
  readonly #kept = new Float64Array(KEPT);
  readonly #share: number;
  #count = 0;
  #worked = 0;
  #value = Infinity;

  /** `percentile`: 95 for the P95. */
  constructor(percentile: number) {
    this.#share = percentile / 100;
  }

  /** Latencies that are known, at most as many as are kept. */
  get known(): number {
    return Math.min(this.#count, KEPT);
  }

  /** Notes a latency in milliseconds. */
  add(ms: number): void {
    this.#kept[this.#count % KEPT] = ms;
    this.#count++;
  }

  /** The percentile in milliseconds, a few latencies old at most; Infinity where none is known. */
  get value(): number {
    if (this.#count === 0) return Infinity;
    if (this.#worked === 0 || this.#count - this.#worked >= STALE_AFTER) {
      this.#worked = this.#count;
      const sorted = this.#kept.slice(0, this.known).sort();
      this.#value = sorted[Math.min(sorted.length - 1, Math.ceil(this.#share * sorted.length) - 1)] ?? Infinity;
    }
    return this.#value;
  }
}
