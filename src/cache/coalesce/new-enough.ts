import type { Clock } from '../../model/clock.ts';
import type { RequestDirectives } from '../rules/directives.ts';
import { reuse } from '../rules/reuse.ts';
import type { Flight } from './flight.ts';

/** How long after it was sent a request still is at the same moment, where nothing says how long its answer is good for. Milliseconds. */
const MOMENT_MS = 2000;

/** Whether what a fetch brings that is under way is as new as a request wants it that comes now: what began before it is nothing for one that asks for what is newer. */
export function isNewEnough({ since, headed }: Flight, request: RequestDirectives, clock: Clock): boolean {
  const maxAgeMs = request.maxAge === undefined ? Infinity : request.maxAge === 'invalid' ? 0 : request.maxAge * 1000;
  if (request.noCache || maxAgeMs === 0) return false;
  const underWayMs = clock.now() - since;
  if (headed === undefined) return underWayMs <= maxAgeMs;
  if (headed.timing === undefined) return underWayMs <= Math.min(MOMENT_MS, maxAgeMs);
  const verdict = reuse({ ...headed.timing, stale: false }, request, clock.wallNow());
  return verdict === 'fresh' || verdict === 'stale';
}
