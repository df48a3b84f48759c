import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Machine } from '../lib/machine.ts';
import type { Column, Sample } from '../scenarios/scenario.ts';

/** One contender in one case. A round that failed is undefined (null in the file). */
export interface Row {
  readonly name: string;
  readonly title: string;
  readonly version: string;
  /** Why there are no figures: not installed, cannot take part, would not start. */
  readonly absent?: string | undefined;
  readonly samples: readonly (Sample | null)[];
}

/** One table of figures, as it was taken. */
export interface CaseResult {
  readonly name: string;
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

/** A scenario as it was run. */
export interface ScenarioResult {
  readonly scenario: string;
  readonly title: string;
  readonly text: string;
  readonly date: string;
  readonly machine: Machine;
  readonly origin: string;
  readonly rounds: number;
  readonly seconds: number;
  readonly warmUp: number;
  readonly cases: readonly CaseResult[];
}

const directory = join(import.meta.dirname, '../results');

/** Keeps a result, in place of an earlier one of the same scenario. */
export function save(result: ScenarioResult): void {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, `${result.scenario}.json`), `${JSON.stringify(result, null, 1)}\n`);
}

/** All results that are kept. */
export function loadAll(): ScenarioResult[] {
  mkdirSync(directory, { recursive: true });
  const files = readdirSync(directory).filter((name) => name.endsWith('.json'));
  return files.map((name) => JSON.parse(readFileSync(join(directory, name), 'utf8')) as ScenarioResult);
}
