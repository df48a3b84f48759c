import { FORWARDERS } from '../contenders/all.ts';
import type { Endpoint } from '../contenders/contender.ts';
import { squid } from '../contenders/squid.ts';
import { forgetPeak, residentBytes } from '../lib/proc.ts';
import { SIZES } from '../programs/payloads.ts';
import { cpuMeter, failureOf, loadResult, wrkResult } from './measures.ts';
import { type Case, type Column, type Sample, type Scenario, targetOf, type Visit } from './scenario.ts';

const MIB = 1024 * 1024;

const COLUMNS: readonly Column[] = [
  { key: 'mibPerSecond', label: 'MiB/s' },
  { key: 'cpuUs', label: 'CPU us/MiB' },
  { key: 'beforeMib', label: 'RSS before, MiB' },
  { key: 'peakMib', label: 'peak RSS, MiB' },
  { key: 'errors', label: 'errors' },
];

type Transfer = (
  endpoint: Endpoint,
  visit: Visit,
) => Promise<{ readonly bytes: number; readonly seconds: number; readonly errors: number; readonly done: number }>;

const down =
  (name: string, connections: number): Transfer =>
  async (endpoint, visit) => {
    const { bytes, seconds, errors, requests } = await wrkResult(endpoint, visit, `/rest/v1/${name}`, connections);
    // slow contenders may end no answer of 10 MiB in the time; what they have passed counts
    return { bytes, seconds, errors, done: Math.max(requests, bytes / (SIZES[name] ?? NaN)) };
  };

const up =
  (name: string, connections: number): Transfer =>
  async (endpoint, visit) => {
    const size = SIZES[name] ?? 0;
    const target = { ...targetOf(endpoint, visit, '/rest/v1/upload'), upload: size };
    const result = await loadResult({ kind: 'closed', target, connections, seconds: visit.seconds });
    return { ...result, bytes: result.done * size };
  };

/** Rate and cost by the bytes that passed, and the memory that it took: resident before, and the most meanwhile. */
async function streamed(endpoint: Endpoint, visit: Visit, transfer: Transfer): Promise<Sample> {
  const resident = (peak: boolean): number => (endpoint.program === undefined ? NaN : residentBytes(endpoint.program.pid, peak) / MIB);
  if (endpoint.program !== undefined) forgetPeak(endpoint.program.pid);
  const beforeMib = resident(false);
  const spent = cpuMeter(endpoint);
  const { bytes, seconds, errors, done } = await transfer(endpoint, visit);
  const failure = failureOf({ done, errors });
  if (failure !== undefined) throw failure;
  const mib = bytes / MIB;
  return { done, mibPerSecond: mib / seconds, cpuUs: spent() / mib, beforeMib, peakMib: resident(true), errors };
}

function transferCase(name: '100k' | '10m', direction: 'down' | 'up', connections: number): Case {
  const leaving = name === '10m' && direction === 'up';
  const transfer = direction === 'down' ? down(name, connections) : up(name, connections);
  return {
    name: `${name === '100k' ? '100 KiB' : '10 MiB'} ${direction}, ${connections} connections`,
    contenders: leaving ? FORWARDERS.filter((one) => one !== squid) : FORWARDERS,
    excluded: leaving ? { squid: 'leaves connections in the midst of uploads of this size' } : {},
    baseline: 'forwarder',
    columns: COLUMNS,
    metric: 'mibPerSecond',
    better: 'higher',
    mode: 'reverse',
    // nginx answers an upload before it has read it
    behind: direction === 'down' ? 'http' : 'streams',
    measure: (endpoint, visit) => streamed(endpoint, visit, transfer),
  };
}

/** Large bodies, both ways. */
export const streams: Scenario = {
  name: 'streams',
  title: 'Large bodies, both ways',
  text:
    'Down is a GET by wrk from nginx; up is a POST of known length by a Node program to a Node origin that reads it whole. Memory is resident, of all processes: ' +
    'before a measurement, and the most meanwhile. A proxy that kept whole bodies would need 40 MiB more for four of 10 MiB.',
  cases: [transferCase('100k', 'down', 8), transferCase('10m', 'down', 4), transferCase('100k', 'up', 8), transferCase('10m', 'up', 4)],
};
