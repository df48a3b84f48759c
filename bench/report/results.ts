import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Machine } from '../lib/machine.ts';
import type { Column, Sample, Scenario } from '../scenarios/scenario.ts';

/** One contender in one case. A round that failed is undefined (null in the file). */
export interface Row {
  readonly name: string;
  readonly title: string;
  readonly version: string;
  /** Why there are no figures: not installed, cannot take part, would not start. */
  readonly absent?: string | undefined;
  readonly samples: readonly (Sample | null)[];
}

/** When, on what and how long a case was measured. Seconds. */
export interface Taken {
  readonly date: string;
  readonly machine: Machine;
  /** What served plain requests: `nginx` or `node`. */
  readonly origin: string;
  readonly rounds: number;
  readonly seconds: number;
  readonly warmUp: number;
}

/** One table of figures, as it was taken. */
export interface CaseResult {
  readonly name: string;
  readonly taken: Taken;
  readonly columns: readonly Column[];
  readonly metric: string;
  readonly better: 'higher' | 'lower';
  readonly baseline: string;
  /** Ratios of the baseline against itself; empty where that says nothing. */
  readonly aa: readonly number[];
  /** True where the machine was not quiet enough: the figures stand, but nothing follows from them. */
  readonly void: boolean;
  readonly rows: readonly Row[];
}

/** A scenario with those of its cases that were run. */
export interface ScenarioResult {
  readonly scenario: string;
  readonly title: string;
  readonly text: string;
  readonly cases: readonly CaseResult[];
}

const directory = join(import.meta.dirname, '../results');

/** What is kept of a scenario, with this case new or in place of an earlier one. Cases that the scenario no longer has are dropped. */
export function withCase(scenario: Scenario, kept: ScenarioResult | undefined, result: CaseResult): ScenarioResult {
  const { name, title, text } = scenario;
  const found = [...(kept?.cases ?? []).filter((one) => one.name !== result.name), result];
  return { scenario: name, title, text, cases: scenario.cases.flatMap((one) => found.filter((measured) => measured.name === one.name)) };
}

/** Keeps the result of one case, beside those of the other cases. */
export function save(scenario: Scenario, result: CaseResult): void {
  const kept = loadAll().find((one) => one.scenario === scenario.name);
  writeFileSync(join(directory, `${scenario.name}.json`), `${JSON.stringify(withCase(scenario, kept, result), null, 1)}\n`);
}

/** All results that are kept. */
export function loadAll(): ScenarioResult[] {
  mkdirSync(directory, { recursive: true });
  const files = readdirSync(directory).filter((name) => name.endsWith('.json'));
  return files.map((name) => JSON.parse(readFileSync(join(directory, name), 'utf8')) as ScenarioResult);
}
