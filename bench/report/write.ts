import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Machine } from '../lib/machine.ts';
import { SCENARIOS } from '../scenarios/all.ts';
import { barChart } from './chart.ts';
import { scenarioText, targetsText } from './markdown.ts';
import { printedText } from './printed.ts';
import { type CaseResult, loadAll, type ScenarioResult } from './results.ts';

const bench = join(import.meta.dirname, '..');

/** Writes RESULTS.md and the charts anew from all results that are kept. */
export function writeReport(): void {
  const kept = loadAll();
  const ordered = SCENARIOS.flatMap(({ name }) => kept.filter(({ scenario }) => scenario === name));
  mkdirSync(join(bench, 'charts'), { recursive: true });
  const parts = ordered.map((result) => scenarioText(result, (one) => drawn(result, one)));
  writeFileSync(
    join(bench, 'RESULTS.md'),
    `${[headText(ordered), targetsText(ordered), ...parts, ...printedText(join(bench, 'results'))].join('\n\n')}\n`,
  );
}

function drawn(result: ScenarioResult, one: CaseResult): string | undefined {
  const svg = barChart(`${result.title}, ${one.name}`, one);
  if (svg === undefined) return undefined;
  const file = `charts/${result.scenario}-${one.name.replaceAll(/[^a-z0-9]+/gi, '-').toLowerCase()}.svg`;
  writeFileSync(join(bench, file), svg);
  return file;
}

function headText(results: readonly ScenarioResult[]): string {
  const machines = [...new Set(results.flatMap(({ cases }) => cases.map(({ taken }) => machineText(taken.machine))))];
  return `# Benchmark results

Written by \`npm run bench\` from results/*.json; \`npm run bench -- --report\` writes it again without measuring.

The program under test is pinned to core 0; origin and load share core 1. In every round all contenders are measured one after the other, so that they
meet the same machine; the figures are medians over the rounds, the ratios are medians of the ratios of each round, with the least and the greatest.
The baseline takes part twice, as two processes (A/A): where the two do not come out within 0.9 to 1.1 of each other, the table is void. Differences under
a tenth mean nothing. CPU time per request, user and system, all processes of a contender, is nearly free of noise. Access logs are off for all.

${machines.map((text) => `- ${text}`).join('\n')}`;
}

function machineText({ cpu, cores, memoryGib, system, node }: Machine): string {
  return `${cores} cores of ${cpu}, ${memoryGib} GiB, ${system}, Node ${node}`;
}
