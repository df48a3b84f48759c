import { join } from 'node:path';
import type { Endpoint } from '../contenders/contender.ts';
import { cpuUs } from '../lib/proc.ts';
import { LOAD_CORE, run } from '../lib/process.ts';
import { parseWrk, type WrkResult } from '../lib/wrk.ts';
import type { JointSpec, LoadResult, LoadSpec, Target } from '../load/spec.ts';
import { type Column, type Sample, targetOf, type Visit } from './scenario.ts';

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

/** Plain HTTP at full speed, by wrk. */
export async function byWrk(endpoint: Endpoint, visit: Visit, path: string, connections: number): Promise<Sample> {
  return metered(endpoint, async () => {
    const found = await wrkResult(endpoint, visit, path, connections);
    return { done: found.requests, perSecond: found.requestsPerSecond, p50Us: found.p50Us, p99Us: found.p99Us, errors: found.errors };
  });
}

/** What wrk finds on its core. */
export async function wrkResult(endpoint: Endpoint, visit: Visit, path: string, connections: number): Promise<WrkResult> {
  const target = targetOf(endpoint, visit, path);
  const url = `${target.tls ? 'https' : 'http'}://127.0.0.1:${target.port}${target.path}`;
  const seconds = Math.max(1, Math.round(visit.seconds));
  const text = await run(['wrk', '-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '10s', '--latency', url], LOAD_CORE, limitMs(seconds));
  const found = parseWrk(text);
  if (found === undefined) throw new Error(`wrk said: ${text.slice(0, 500)}`);
  return found;
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
  return (await loaded(spec)) as LoadResult;
}

/** Requests to several targets in turn: a result for each. */
export async function resultsInTurn(spec: JointSpec & { kind: 'turns' }): Promise<readonly LoadResult[]> {
  return (await loaded(spec)) as readonly LoadResult[];
}

/** Warms several targets up, as much as goes for so many seconds each. */
export async function warmEach(targets: readonly Target[], seconds: number): Promise<void> {
  if (seconds > 0) await loaded({ kind: 'each', targets, connections: 8, seconds });
}

async function loaded(spec: LoadSpec | JointSpec): Promise<unknown> {
  const seconds = 'seconds' in spec ? spec.seconds * ('targets' in spec ? spec.targets.length : 1) : 0;
  const command = [process.execPath, join(import.meta.dirname, '../load/main.ts'), JSON.stringify(spec)];
  return JSON.parse(await run(command, LOAD_CORE, limitMs(seconds)));
}

/** What takes so much longer than it was asked to hangs. */
const limitMs = (seconds: number): number => (seconds + 60) * 1000;

/** Adds the CPU time that the contender spent on each of what was done meanwhile. */
async function metered(endpoint: Endpoint, measure: () => Promise<Sample>): Promise<Sample> {
  const spent = cpuMeter(endpoint);
  const sample = await measure();
  const failure = failureOf(sample);
  if (failure !== undefined) throw failure;
  return { ...sample, cpuUs: spent() / (sample['done'] ?? 0) };
}

/** CPU time in microseconds that the contender has spent since; NaN where there is none. */
export function cpuMeter({ program }: Endpoint): () => number {
  const before = program === undefined ? NaN : cpuUs(program.pid);
  return () => (program === undefined ? NaN : cpuUs(program.pid) - before);
}

/** Why a sample says nothing: nothing was done, or too much of it failed. */
export function failureOf(sample: Sample): Error | undefined {
  const { done = 0, errors = 0 } = sample;
  if (!(done > 0)) return new Error('nothing was served');
  return errors > done * MAX_ERRORS ? new Error(`${errors} of ${done} failed`) : undefined;
}
