import { collectDefaultMetrics, Registry } from 'prom-client';
import type { Clock } from '../../model/clock.ts';
import type { AppReadings } from '../../model/status.ts';
import { LONGEST_MS } from '../../model/timer.ts';
import type { Stats } from '../stats.ts';
import { alarmSeries } from './alarm-series.ts';
import { exchangeHistograms, exchangeSeries } from './exchange-series.ts';
import { OPENMETRICS_TYPE, PROMETHEUS_TYPE, toOpenMetrics, wantsOpenMetrics } from './exposition.ts';
import { processSeries } from './process-series.ts';
import { register, registerHistogram } from './prometheus.ts';
import { readingSeries } from './reading-series.ts';
import type { Series } from './series.ts';
import { upstreamHistograms, upstreamSeries } from './upstream-series.ts';

/** What metrics are made with. */
export interface MetricsOptions {
  readonly clock: Clock;
  readonly version: string;
  readonly processMetrics?: boolean | undefined;
}

/** A scrape's answer. */
export interface Exposition {
  readonly contentType: string;
  readonly body: string;
}

/** One family, for those who document it. */
export interface Family {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
  readonly help: string;
}

/** The metrics of one process in a registry of its own. Nothing is computed until it is scraped. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #families: Family[] = [];
  #readings: AppReadings | undefined;

  constructor(stats: Stats, { clock, version, processMetrics }: MetricsOptions) {
    const now = (): number => clock.now();
    const readings = (): AppReadings | undefined => this.#readings;
    const series = [
      ...exchangeSeries(stats, now),
      ...alarmSeries(stats, readings),
      ...upstreamSeries(stats, clock),
      ...readingSeries(readings),
      ...processSeries(stats, version, readings),
    ];
    for (const each of series) this.add(each);
    for (const each of [...exchangeHistograms(stats), ...upstreamHistograms(stats)]) {
      registerHistogram(this.#registry, each);
      this.#families.push({ ...each, type: 'histogram' });
    }
    if (processMetrics !== false) collectProcessMetrics(this.#registry);
  }

  /** Adds a family of another part of the app. Throws where its name is taken. */
  add(series: Series): void {
    register(this.#registry, series);
    this.#families.push(series);
  }

  /** Where gauges are read from, once there is an app. */
  readFrom(readings: AppReadings): void {
    this.#readings = readings;
  }

  /** Our own families, by name. */
  get families(): Family[] {
    const plain = this.#families.map(({ name, type, labels, help }) => ({ name, type, labels, help }));
    return plain.toSorted((a, b) => a.name.localeCompare(b.name));
  }

  /** Everything as text: OpenMetrics where the Accept header asks for it, else Prometheus. */
  async expose(accept: string | undefined): Promise<Exposition> {
    const body = await this.#registry.metrics();
    return wantsOpenMetrics(accept) ? { contentType: OPENMETRICS_TYPE, body: toOpenMetrics(body) } : { contentType: PROMETHEUS_TYPE, body };
  }
}

/** What Node's event loop has had to do. */
const LOOP_ACTIVE: Series = {
  name: 'nodejs_eventloop_active_seconds_total',
  help: 'Time in which the event loop had work: its rate is the part in use of the one core that a process can use.',
  type: 'counter',
  labels: [],
  read: (emit) => emit(performance.eventLoopUtilization().active / 1000),
};

/**
 * prom-client's metrics of the process, but for those that it finds by waking it up fifty times a second: a sidecar at rest should rest. What they would tell, the part of the event loop that is in use
 * tells better.
 */
function collectProcessMetrics(registry: Registry): void {
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LONGEST_MS });
  for (const part of ['min', 'max', 'mean', 'stddev', 'p50', 'p90', 'p99']) registry.removeSingleMetric(`nodejs_eventloop_lag_${part}_seconds`);
  register(registry, LOOP_ACTIVE);
}
