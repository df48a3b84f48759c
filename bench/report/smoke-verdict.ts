import type { CaseResult, Row } from './results.ts';
import { isQuiet, quantile, type Spread } from '../lib/stats.ts';
import { inShort, ratiosOf } from './summary.ts';

/** Below this part of the bare forwarder the build fails. */
export const FLOOR = 0.7;

/** How Breakwater does beside the bare forwarder, round by round: its share of the rate, or, where the case measures cost, the forwarder's share of its cost. */
function shares(result: CaseResult): readonly number[] {
  return result.better === 'higher' ? ratiosOf(result, 'breakwater', 'forwarder') : ratiosOf(result, 'forwarder', 'breakwater');
}

/** How Breakwater does beside the bare forwarder, in short. */
export function performanceOf(result: CaseResult): Spread | undefined {
  return inShort(shares(result));
}

/**
 * True where more rounds would hardly change the verdict: the baseline is equal to itself, and three in four rounds are on one side of the floor. The middle
 * of five rounds of a restless machine may be anywhere.
 */
export function isSettled(result: CaseResult): boolean {
  const found = shares(result);
  return !result.void && (quantile(found, 0.25) >= FLOOR || quantile(found, 0.75) < FLOOR);
}

/** Several runs of one case as one: a restless machine needs more rounds, and each counts. At least one run. */
export function pooled(runs: readonly CaseResult[]): CaseResult {
  const [first] = runs;
  if (first === undefined) throw new Error('nothing was run');
  const aa = runs.flatMap((run) => run.aa);
  const samplesOf = (name: string): Row['samples'] => runs.flatMap(({ rows }) => rows.find((row) => row.name === name)?.samples ?? []);
  return { ...first, aa, void: aa.length > 0 && !isQuiet(aa), rows: first.rows.map((row) => ({ ...row, samples: samplesOf(row.name) })) };
}

/** What the guard says of a run of Breakwater against the bare forwarder. */
export function verdictOf(result: CaseResult): { readonly passed: boolean; readonly text: string } {
  const found = performanceOf(result)?.median;
  if (found === undefined) return { passed: false, text: 'failed: not measured' };
  if (result.void) return { passed: false, text: 'inconclusive: the bare forwarder is not equal to itself (A/A outside 0.9 to 1.1 over all runs)' };
  if (found < FLOOR) return { passed: false, text: `failed: ${found.toFixed(2)} is below ${FLOOR}` };
  return { passed: true, text: `passed: ${found.toFixed(2)} is at least ${FLOOR}` };
}
