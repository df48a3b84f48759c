import { breakwater } from './contenders/breakwater.ts';
import { forwarder } from './contenders/node.ts';
import { type Effort, openBench } from './lib/bench.ts';
import { measureCase } from './lib/measure.ts';
import { installed } from './lib/installed.ts';
import { spread } from './lib/stats.ts';
import type { CaseResult } from './report/results.ts';
import { ratio } from './report/summary.ts';
import { byLoad, byWrk } from './scenarios/measures.ts';
import { type Case, targetOf } from './scenarios/scenario.ts';
import { verdictOf } from './report/smoke-verdict.ts';

/**
 * The guard of continuous integration: Breakwater with the whole preset against the bare forwarder, in under a minute. Ends with 1 where it falls
 * below 0.7 of it, and where the machine is too restless to tell.
 */
const EFFORT: Effort = { rounds: 5, seconds: 1, warmUp: 2, aaRounds: 3 };
const CONNECTIONS = 32;
const PATH = '/rest/v1/1k';
const wrk = installed('wrk') !== undefined;

const pair: Case = {
  name: 'smoke',
  contenders: [forwarder, breakwater],
  baseline: 'forwarder',
  columns: [],
  metric: 'perSecond',
  better: 'higher',
  mode: 'reverse',
  behind: 'http',
  measure: (endpoint, visit) => {
    if (wrk) return byWrk(endpoint, visit, PATH, CONNECTIONS);
    return byLoad(endpoint, { kind: 'closed', target: targetOf(endpoint, visit, PATH), connections: CONNECTIONS, seconds: visit.seconds });
  },
};

const say = (line: string): void => void process.stdout.write(`${line}\n`);

function explain(result: CaseResult): void {
  const found = ratio(result, 'breakwater', 'forwarder');
  const aa = spread(result.aa);
  const absent = result.rows.find(({ absent: reason }) => reason !== undefined);
  say(`A/A ${aa.median.toFixed(2)} [${aa.min.toFixed(2)}..${aa.max.toFixed(2)}]`);
  if (absent?.absent !== undefined) say(`${absent.name}: ${absent.absent}`);
  if (found !== undefined) say(`Breakwater is ${found.median.toFixed(2)} [${found.min.toFixed(2)}..${found.max.toFixed(2)}] of the bare forwarder`);
}

const bench = await openBench(EFFORT);
try {
  const result = await measureCase(bench, pair, pair.contenders, say);
  explain(result);
  const verdict = verdictOf(result);
  say(verdict.text);
  process.exitCode = verdict.passed ? 0 : 1;
} finally {
  await bench.close();
}
