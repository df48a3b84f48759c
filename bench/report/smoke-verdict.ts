import type { CaseResult } from './results.ts';
import { ratio } from './summary.ts';

/** Below this part of the bare forwarder the build fails. */
export const FLOOR = 0.7;

/** What the guard says of a run of Breakwater against the bare forwarder. */
export function verdictOf(result: CaseResult): { readonly passed: boolean; readonly text: string } {
  const found = ratio(result, 'breakwater', 'forwarder')?.median;
  if (found === undefined) return { passed: false, text: 'failed: not measured' };
  if (result.void) return { passed: false, text: 'inconclusive: the bare forwarder is not equal to itself (A/A outside 0.9 to 1.1, twice)' };
  if (found < FLOOR) return { passed: false, text: `failed: ${found.toFixed(2)} is below ${FLOOR}` };
  return { passed: true, text: `passed: ${found.toFixed(2)} is at least ${FLOOR}` };
}
