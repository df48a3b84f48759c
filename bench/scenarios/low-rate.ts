import { FORWARDERS } from '../contenders/all.ts';
import { byLoad } from './measures.ts';
import { type Case, type Column, type Scenario, targetOf } from './scenario.ts';

const columns: readonly Column[] = [
  { key: 'p50Us', label: 'P50 us' },
  { key: 'p99Us', label: 'P99 us' },
  { key: 'cpuUs', label: 'CPU us/req' },
  { key: 'errors', label: 'errors' },
];

function at(perSecond: number): Case {
  return {
    name: `${perSecond} req/s`,
    contenders: FORWARDERS,
    baseline: 'forwarder',
    columns,
    metric: 'p50Us',
    better: 'lower',
    mode: 'reverse',
    behind: 'http',
    measure: (endpoint, visit) =>
      byLoad(endpoint, { kind: 'paced', target: targetOf(endpoint, visit, '/rest/v1/1k'), perSecond, seconds: visit.seconds }),
  };
}

/** The latency that users see: their rate is low. */
export const lowRate: Scenario = {
  name: 'low-rate',
  title: 'Latency at low rates, 1 KiB',
  text: 'A fixed rate of arrivals on keep-alive connections; latency counts from the intended time. What a proxy adds is its row less `direct`.',
  cases: [at(50), at(200)],
};
