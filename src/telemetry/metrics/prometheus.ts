import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { type DurationHistogram, SECONDS_BOUNDS } from '../histogram.ts';
import type { HistogramSeries, Series } from './series.ts';

type Labels = Record<string, string | number>;

/** Puts a series into a registry; it is read at each scrape. */
export function register(registry: Registry, series: Series): void {
  const options = { name: series.name, help: series.help, labelNames: [...series.labels], registers: [registry] };
  if (series.type === 'counter') {
    const counter = new Counter({
      ...options,
      collect: () => {
        counter.reset();
        series.read((value, ...values) => counter.inc(labelled(series.labels, values), value));
      },
    });
  } else {
    const gauge = new Gauge({
      ...options,
      collect: () => {
        gauge.reset();
        series.read((value, ...values) => gauge.set(labelled(series.labels, values), value));
      },
    });
  }
}

/** Puts a histogram series into a registry. */
export function registerHistogram(registry: Registry, series: HistogramSeries): void {
  registry.registerMetric(new ReadHistogram(series));
}

/** prom-client's types say that a type is a number, its code that it is this word. */
const HISTOGRAM = 'histogram' as unknown as Values['type'];

type Values = Awaited<ReturnType<Histogram['get']>>;

/** A histogram whose buckets are counted elsewhere: prom-client's own can only be observed, one label lookup each. */
class ReadHistogram extends Histogram {
  readonly #series: HistogramSeries;

  constructor(series: HistogramSeries) {
    super({ name: series.name, help: series.help, labelNames: [...series.labels], buckets: [...SECONDS_BOUNDS], registers: [] });
    this.#series = series;
  }

  override get(): Promise<Values> {
    const { name, help, labels } = this.#series;
    const values: Values['values'] = [];
    this.#series.read((histogram, ...own) => addSamples(values, name, labelled(labels, own), histogram));
    return Promise.resolve({ name, help, type: HISTOGRAM, aggregator: 'sum', collect: () => undefined, values });
  }

  /** What the registry asks for when it writes text. */
  getForPromString(): Promise<Values> {
    return this.get();
  }
}

function addSamples(values: Values['values'], name: string, labels: Labels, { counts, sumSeconds }: DurationHistogram): void {
  let below = 0;
  for (const [i, bound] of SECONDS_BOUNDS.entries()) {
    below += counts[i] ?? 0;
    values.push({ metricName: `${name}_bucket`, labels: { ...labels, le: bound }, value: below });
  }
  below += counts[SECONDS_BOUNDS.length] ?? 0;
  values.push({ metricName: `${name}_bucket`, labels: { ...labels, le: '+Inf' }, value: below });
  values.push({ metricName: `${name}_sum`, labels, value: sumSeconds }, { metricName: `${name}_count`, labels, value: below });
}

function labelled(names: readonly string[], values: readonly (string | number)[]): Labels {
  return Object.fromEntries(names.map((name, i) => [name, values[i] ?? '']));
}
