import { join } from 'node:path';
import type { Endpoint } from '../contenders/contender.ts';
import { cpuUs } from '../lib/proc.ts';
import { LOAD_CORE, run } from '../lib/process.ts';
import { parseWrk } from '../lib/wrk.ts';
import type { LoadResult, LoadSpec } from '../load/spec.ts';
import { type Column, type Sample, targetOf, type Visit } from './scenario.ts';

const MIB = 1024 * 1024;
/** Errors come fast: a contender that fails more than this part of its requests has no figures. */
const MAX_ERRORS = 0.01;

/** Columns of a throughput table. */
export const THROUGHPUT: readonly Column[] = [
  { key: 'perSecond', label: 'req/s' },
  { key: 'p50Us', label: 'P50 us' },
  { key: 'p99Us', label: 'P99 us' },
  { key: 'cpuUs', label: 'CPU us/req', digits: 1 },
  { key: 'errors', label: 'errors' },
];

/** Columns of a table about streams. */
export const BYTES: readonly Column[] = [
  { key: 'mibPerSecond', label: 'MiB/s' },
  { key: 'cpuUs', label: 'CPU us/req', digits: 1 },
  { key: 'peakMib', label: 'peak RSS MiB' },
  { key: 'errors', label: 'errors' },
];

/** Plain HTTP at full speed, by wrk. */
export async function byWrk(endpoint: Endpoint, visit: Visit, path: string, connections: number): Promise<Sample> {
  const target = targetOf(endpoint, visit, path);
  const url = `${target.tls ? 'https' : 'http'}://127.0.0.1:${target.port}${target.path}`;
  const command = ['wrk', '-t1', `-c${connections}`, `-d${Math.max(1, Math.round(visit.seconds))}s`, '--timeout', '10s', '--latency', url];
  return metered(endpoint, async () => {
    const text = await run(command, LOAD_CORE);
    const found = parseWrk(text);
    if (found === undefined) throw new Error(`wrk said: ${text.slice(0, 500)}`);
    return { done: found.requests, perSecond: found.requestsPerSecond, p50Us: found.p50Us, p99Us: found.p99Us, errors: found.errors };
  });
}

/** The load generator of the benchmark, where wrk does not fit. */
export async function byLoad(endpoint: Endpoint, spec: LoadSpec): Promise<Sample> {
  return metered(endpoint, async () => {
    const result = await loadResult(spec);
    return { done: result.done, perSecond: result.done / result.seconds, p50Us: result.p50Us, p99Us: result.p99Us, errors: result.errors };
  });
}

/** Runs the load generator on its core. */
export async function loadResult(spec: LoadSpec): Promise<LoadResult> {
  const text = await run([process.execPath, join(import.meta.dirname, '../load/main.ts'), JSON.stringify(spec)], LOAD_CORE);
  return JSON.parse(text) as LoadResult;
}

/** Adds the CPU time that the contender spent per request meanwhile. */
async function metered(endpoint: Endpoint, measure: () => Promise<Sample>): Promise<Sample> {
  const pid = endpoint.program?.pid;
  const before = pid === undefined ? NaN : cpuUs(pid);
  const sample = await measure();
  const spent = pid === undefined ? NaN : cpuUs(pid) - before;
  const done = sample['done'] ?? 0;
  if (done === 0) throw new Error('nothing was served');
  const errors = sample['errors'] ?? 0;
  if (errors > done * MAX_ERRORS) throw new Error(`${errors} of ${done} failed`);
  return { ...sample, cpuUs: spent / done };
}

/** The same with the bytes that passed per second. */
export function withBytes(sample: Sample, size: number, peakBytes: number): Sample {
  return { ...sample, mibPerSecond: ((sample['perSecond'] ?? 0) * size) / MIB, peakMib: peakBytes / MIB };
}
