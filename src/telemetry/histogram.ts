/** Upper bounds in seconds, from a cache hit to the longest Gemini answer: OpenTelemetry's for HTTP, longer at the end. */
export const SECONDS_BOUNDS: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 15, 20, 30, 60, 120];

/** What a histogram holds. */
export interface HistogramSnapshot {
  readonly counts: readonly number[];
  readonly sumSeconds: number;
}

/** Counts of durations per bucket since the start, as Prometheus wants them. An observation allocates nothing. */
export class DurationHistogram {
  /** Observations per bucket, not yet cumulative; the last is above every bound. */
  readonly counts = new Float64Array(SECONDS_BOUNDS.length + 1);
  sumSeconds = 0;

  /** Takes one duration in milliseconds. */
  observe(ms: number): void {
    const seconds = ms / 1000;
    let at = 0;
    while (at < SECONDS_BOUNDS.length && seconds > (SECONDS_BOUNDS[at] ?? 0)) at++;
    this.counts[at] = (this.counts[at] ?? 0) + 1;
    this.sumSeconds += seconds;
  }

  /** What it holds, as plain data. */
  export(): HistogramSnapshot {
    return { counts: [...this.counts], sumSeconds: this.sumSeconds };
  }

  /** Adds what another one holds. */
  absorb({ counts, sumSeconds }: HistogramSnapshot): void {
    for (const [i, count] of counts.entries()) this.counts[i] = (this.counts[i] ?? 0) + count;
    this.sumSeconds += sumSeconds;
  }

  /** Observations in all. */
  get count(): number {
    return this.counts.reduce((sum, count) => sum + count, 0);
  }
}
