import { parseArgs } from 'node:util';
import { type Bench, openBench } from './lib/bench.ts';
import { thisMachine } from './lib/machine.ts';
import { measureCase } from './lib/measure.ts';
import { scenarioText } from './report/markdown.ts';
import { save, type ScenarioResult } from './report/results.ts';
import { writeReport } from './report/write.ts';
import { SCENARIOS } from './scenarios/all.ts';
import type { Scenario } from './scenarios/scenario.ts';

const HELP = `npm run bench -- [options]
  --scenario a,b     ${SCENARIOS.map(({ name }) => name).join(' ')}
  --case text        only cases whose name contains it
  --contenders x,y   only these, and the baseline
  --rounds N         5 unless said
  --seconds S        length of a measurement, 5 unless said
  --warmup S         4 unless said
  --report           writes RESULTS.md from the kept results, measures nothing
  --dry              prints the tables, keeps nothing`;

const { values } = parseArgs({
  options: {
    scenario: { type: 'string' },
    case: { type: 'string' },
    contenders: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '5' },
    warmup: { type: 'string', default: '4' },
    report: { type: 'boolean', default: false },
    dry: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const say = (line: string): void => void process.stderr.write(`${line}\n`);

async function runScenario(bench: Bench, scenario: Scenario): Promise<ScenarioResult> {
  const wanted = values.contenders?.split(',');
  const cases = [];
  for (const one of scenario.cases.filter(({ name }) => name.includes(values.case ?? ''))) {
    say(`\n${scenario.name}: ${one.name}`);
    const contenders = one.contenders.filter(({ name }) => wanted === undefined || wanted.includes(name) || name === one.baseline);
    cases.push(await measureCase(bench, one, contenders, say));
  }
  const { name, title, text } = scenario;
  return { scenario: name, title, text, date: new Date().toISOString(), machine: thisMachine(), origin: bench.origin.kind, ...bench.effort, cases };
}

async function measureAll(scenarios: readonly Scenario[]): Promise<void> {
  const bench = await openBench({ rounds: Number(values.rounds), seconds: Number(values.seconds), warmUp: Number(values.warmup) });
  try {
    for (const scenario of scenarios) {
      const result = await runScenario(bench, scenario);
      process.stdout.write(`\n${scenarioText(result, () => undefined)}\n`);
      if (!values.dry) save(result);
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
  if (!values.report) await measureAll(SCENARIOS.filter(({ name }) => names.includes(name)));
  if (!values.dry) writeReport();
}
