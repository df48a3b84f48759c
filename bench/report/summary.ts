import { median, ratios, type Spread, spread } from '../lib/stats.ts';
import type { CaseResult, Row } from './results.ts';

/** The row of a contender, where it was measured. */
export function rowOf(result: CaseResult, name: string): Row | undefined {
  return result.rows.find((row) => row.name === name && row.samples.length > 0);
}

/** A figure of every round; NaN where a round failed. JSON has no NaN, so that null stands for it in files. */
export function series(row: Pick<Row, 'samples'>, key: string): number[] {
  return row.samples.map((sample) => sample?.[key] ?? NaN);
}

/** The median of a figure over the rounds that have it. */
export function typical(row: Row, key: string): number {
  return median(series(row, key).filter((value) => !Number.isNaN(value)));
}

/** How many times the other contender's figure in each round that has both. Empty where either was not measured. */
export function ratiosOf(result: CaseResult, name: string, against: string, key = result.metric): readonly number[] {
  const row = rowOf(result, name);
  const base = rowOf(result, against);
  return row === undefined || base === undefined ? [] : ratios(series(row, key), series(base, key));
}

/** The same, in short. Undefined where either was not measured. */
export function ratio(result: CaseResult, name: string, against: string, key = result.metric): Spread | undefined {
  return inShort(ratiosOf(result, name, against, key));
}

/** Ratios in short; undefined where there are none. */
export function inShort(found: readonly number[]): Spread | undefined {
  return found.length === 0 ? undefined : spread(found);
}
