import { parseArgs } from 'node:util';
import { type Bench, openBench } from './lib/bench.ts';
import { effortOf } from './lib/effort.ts';
import { messageOf } from './lib/entrant.ts';
import { measureCase } from './lib/measure.ts';
import { scenarioText } from './report/markdown.ts';
import { save, withCase } from './report/results.ts';
import { writeReport } from './report/write.ts';
import { SCENARIOS } from './scenarios/all.ts';
import type { Case, Scenario } from './scenarios/scenario.ts';

const HELP = `npm run bench -- [options]
  --scenario a,b     ${SCENARIOS.map(({ name }) => name).join(' ')}
  --case text        only cases whose name contains it
  --contenders x,y   only these, and the baseline
  --rounds N         5 or as many as the case asks for, and up to half as many again while the baseline is not equal to itself
  --seconds S        length of a measurement: 1, or as the case asks for
  --warmup S         the same
  --report           writes RESULTS.md from the kept results, measures nothing
  --dry              prints the tables, keeps nothing`;

const { values } = parseArgs({
  options: {
    scenario: { type: 'string' },
    case: { type: 'string' },
    contenders: { type: 'string' },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    warmup: { type: 'string' },
    report: { type: 'boolean', default: false },
    dry: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const say = (line: string): void => void process.stderr.write(`${line}\n`);

const asked = { rounds: Number(values.rounds), seconds: Number(values.seconds), warmUp: Number(values.warmup) };

/** Measures a case, shows it and keeps it at once, so that a run that is broken off keeps what it has. */
async function runCase(bench: Bench, scenario: Scenario, one: Case): Promise<void> {
  const wanted = values.contenders?.split(',');
  const needed = new Set([one.baseline, ...(one.together === undefined ? [] : ['direct'])]);
  const contenders = one.contenders.filter(({ name }) => wanted === undefined || wanted.includes(name) || needed.has(name));
  const startedAt = performance.now();
  say(`\n${scenario.name}: ${one.name}`);
  const result = await measureCase(bench, one, contenders, effortOf(one.effort, asked), say);
  process.stdout.write(`\n${scenarioText(withCase(scenario, undefined, result), () => undefined)}\n`);
  say(`${scenario.name}: ${one.name}: ${Math.round((performance.now() - startedAt) / 1000)} s`);
  if (values.dry) return;
  save(scenario, result);
  writeReport();
}

async function measureAll(scenarios: readonly Scenario[]): Promise<void> {
  const bench = await openBench();
  try {
    for (const scenario of scenarios) {
      for (const one of scenario.cases.filter(({ name }) => name.includes(values.case ?? ''))) {
        try {
          await runCase(bench, scenario, one);
        } catch (error) {
          // the others can still be measured
          say(`${scenario.name}: ${one.name}: ${messageOf(error)}`);
          process.exitCode = 1;
        }
      }
    }
  } finally {
    await bench.close();
  }
}

const names = values.scenario?.split(',') ?? SCENARIOS.map(({ name }) => name);
const unknown = names.filter((name) => !SCENARIOS.some((scenario) => scenario.name === name));
if (values.help || unknown.length > 0) {
  say(unknown.length > 0 ? `no scenario ${unknown.join(', ')}\n${HELP}` : HELP);
  process.exitCode = values.help ? 0 : 2;
} else {
  if (values.report) writeReport();
  else await measureAll(SCENARIOS.filter(({ name }) => names.includes(name)));
}
