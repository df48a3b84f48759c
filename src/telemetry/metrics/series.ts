import type { DurationHistogram } from '../histogram.ts';

/** Gives one sample: its value and the values of the series' labels, in their order. */
export type Emit = (value: number, ...labels: readonly (string | number)[]) => void;

/** A family of counters or gauges that is read when it is scraped. Counters never go down. */
export interface Series {
  /** Begins with `breakwater_`; counters end in `_total`, others in their base unit. */
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge';
  readonly labels: readonly string[];
  read(emit: Emit): void;
}

/** A family of histograms of durations that is read when it is scraped. */
export interface HistogramSeries {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  read(emit: (histogram: DurationHistogram, ...labels: readonly string[]) => void): void;
}
