import { FORWARDERS } from '../contenders/all.ts';
import type { Contender } from '../contenders/contender.ts';
import { probe, until } from '../lib/process.ts';
import type { LoadResult, Target } from '../load/spec.ts';
import { cpuMeter, failureOf, resultsInTurn, warmEach } from './measures.ts';
import { type Case, type Column, type Running, type Sample, type Scenario, targetOf } from './scenario.ts';

const PATH = '/rest/v1/1k';

const COLUMNS: readonly Column[] = [
  { key: 'perSecond', label: 'req/s', digits: 1 },
  { key: 'p50Us', label: 'P50 us' },
  { key: 'p99Us', label: 'P99 us' },
  { key: 'addedP50Us', label: 'added P50 us' },
  { key: 'cpuUs', label: 'CPU us/req' },
  { key: 'errors', label: 'errors' },
];

/** Ready and warm, or what keeps it from that. */
async function ready({ endpoint: { program, port, prefix } }: Running): Promise<Error | undefined> {
  try {
    if (program !== undefined) await until(program, () => probe(port, prefix + PATH));
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

async function inTurn(running: readonly Running[], perSecond: number, warmUpSeconds: number): Promise<readonly (Sample | Error)[]> {
  const late = await Promise.all(running.map(ready));
  const able = running.filter((_, n) => late[n] === undefined);
  const targets = able.map(({ endpoint, visit }): Target => targetOf(endpoint, visit, PATH));
  await warmEach(targets, warmUpSeconds);
  const meters = able.map(({ endpoint }) => cpuMeter(endpoint));
  const results = await resultsInTurn({ kind: 'turns', targets, perSecond, seconds: able[0]?.visit.seconds ?? 0 });
  const direct = results[able.findIndex(({ visit }) => visit.contender.name === 'direct')]?.p50Us ?? NaN;
  const samples = results.map((result, n) => sampleOf(result, meters[n]?.() ?? NaN, able[n]?.endpoint.program === undefined ? NaN : direct));
  let next = 0;
  return late.map((failure) => failure ?? samples[next++] ?? new Error('not measured'));
}

function sampleOf({ done, seconds, p50Us, p99Us, errors }: LoadResult, spentUs: number, directUs: number): Sample | Error {
  const sample = { done, perSecond: done / seconds, p50Us, p99Us, addedP50Us: p50Us - directUs, cpuUs: spentUs / done, errors };
  return failureOf(sample) ?? sample;
}

function at(perSecond: number, seconds: number, contenders: readonly Contender[], excluded: Case['excluded'] = {}): Case {
  return {
    name: `${perSecond} req/s`,
    contenders,
    excluded,
    baseline: 'forwarder',
    columns: COLUMNS,
    metric: 'addedP50Us',
    better: 'lower',
    mode: 'reverse',
    behind: 'http',
    effort: { seconds, warmUp: 1 },
    together: (running, warmUpSeconds) => inTurn(running, perSecond, warmUpSeconds),
  };
}

/** All but these would fill the five milliseconds of a period and more, so that none would come to rest before its next request. */
const OF_200 = new Set(['direct', 'forwarder', 'breakwater-bare', 'breakwater', 'byte-pipe', 'nginx', 'haproxy']);
const [quick, slow] = [FORWARDERS.filter(({ name }) => OF_200.has(name)), FORWARDERS.filter(({ name }) => !OF_200.has(name))];

/** The latency that users see: their rate is low. */
export const lowRate: Scenario = {
  name: 'low-rate',
  title: 'Latency at low rates, 1 KiB',
  text:
    'All contenders run at once on the one core, and each is asked at the rate, evenly, on a keep-alive connection of its own. Their requests take turns, in an order that ' +
    'changes twice a second, and none is sent while another is under way: so all of them meet the same machine within milliseconds. Each round is a start of all of them, ' +
    'each warm from a second at full load. Latency is from the sending to the end of the answer; what a proxy adds is its P50 less that of `direct`. CPU is what a request costs a process whose caches others have used since.',
  cases: [at(50, 8, FORWARDERS), at(200, 8, quick, Object.fromEntries(slow.map(({ name }) => [name, 'no room for all within 5 ms: see 50 req/s'])))],
};
