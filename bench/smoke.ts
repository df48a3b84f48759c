import { breakwater } from './contenders/breakwater.ts';
import { forwarder } from './contenders/node.ts';
import { openBench } from './lib/bench.ts';
import type { Effort } from './lib/effort.ts';
import { measureCase } from './lib/measure.ts';
import { installed } from './lib/installed.ts';
import { spread } from './lib/stats.ts';
import type { CaseResult } from './report/results.ts';
import { ratio } from './report/summary.ts';
import { byLoad, byWrk } from './scenarios/measures.ts';
import { type Case, targetOf } from './scenarios/scenario.ts';
import { isSettled, performanceOf, pooled, verdictOf } from './report/smoke-verdict.ts';

/**
 * The guard of continuous integration: Breakwater with the whole preset against the bare forwarder, in under a minute on a quiet machine. Ends with 1 where it does
 * less than 0.7 of the forwarder's requests for the same CPU time, and where the machine is too restless to tell. CPU time, since both have one core to
 * themselves and are bound by it, and neighbours of the machine disturb it least.
 */
const EFFORT: Effort = { rounds: 5, seconds: 1, warmUp: 3 };
/** Runs until the verdict is settled over all of them. */
const MAX_RUNS = 4;
const CONNECTIONS = 32;
const PATH = '/rest/v1/1k';
const wrk = installed('wrk') !== undefined;

const pair: Case = {
  name: 'smoke',
  contenders: [forwarder, breakwater],
  baseline: 'forwarder',
  columns: [],
  metric: 'cpuUs',
  better: 'lower',
  mode: 'reverse',
  behind: 'http',
  measure: (endpoint, visit) => {
    if (wrk) return byWrk(endpoint, visit, PATH, CONNECTIONS);
    return byLoad(endpoint, { kind: 'closed', target: targetOf(endpoint, visit, PATH), connections: CONNECTIONS, seconds: visit.seconds });
  },
};

const say = (line: string): void => void process.stdout.write(`${line}\n`);

function explain(result: CaseResult): void {
  const found = performanceOf(result);
  const rate = ratio(result, 'breakwater', 'forwarder', 'perSecond');
  const aa = spread(result.aa);
  const absent = result.rows.find(({ absent: reason }) => reason !== undefined);
  say(`A/A ${aa.median.toFixed(2)} [${aa.min.toFixed(2)}..${aa.max.toFixed(2)}]`);
  if (absent?.absent !== undefined) say(`${absent.name}: ${absent.absent}`);
  if (found !== undefined)
    say(`requests for the same CPU time: ${found.median.toFixed(2)} [${found.min.toFixed(2)}..${found.max.toFixed(2)}] of the bare forwarder`);
  if (rate !== undefined) say(`requests a second: ${rate.median.toFixed(2)} [${rate.min.toFixed(2)}..${rate.max.toFixed(2)}] of it`);
}

const bench = await openBench();
try {
  const runs: CaseResult[] = [];
  do runs.push(await measureCase(bench, pair, pair.contenders, EFFORT, say));
  while (!isSettled(pooled(runs)) && runs.length < MAX_RUNS);
  const result = pooled(runs);
  explain(result);
  const verdict = verdictOf(result);
  say(verdict.text);
  process.exitCode = verdict.passed ? 0 : 1;
} finally {
  await bench.close();
}
