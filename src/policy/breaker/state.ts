import type { HalfOpen } from './half-open.ts';
import type { BreakerPosition } from './parts.ts';
import type { Ramp } from './ramp.ts';

/** A breaker's state with what belongs to it. Times are monotonic milliseconds. */
export type State =
  { readonly name: 'closed'; readonly ramp: Ramp | undefined } | { readonly name: 'open'; until: number } | HalfOpen | { readonly name: 'isolated' };

/** Whether an attempt may be let through now; while traffic is let back gradually, whether it might. */
export function admits(state: State, now: number): boolean {
  switch (state.name) {
    case 'closed':
      return true;
    case 'isolated':
      return false;
    case 'open':
      return now >= state.until;
    case 'half-open':
      return state.admits;
  }
}

/** Whether it waits for a request: its time is over, and none is tried. */
export function isResting(state: State, now: number): boolean {
  return state.name === 'half-open' ? state.idle : state.name === 'open' && now >= state.until;
}

/** Has an open one stay so until then, at least. Whether that is longer. */
export function prolong(state: State, until: number): boolean {
  if (state.name !== 'open' || state.until >= until) return false;
  state.until = until;
  return true;
}

/** Milliseconds until a probe is let through, or, while traffic is let back, everything; 0 where it admits. `isolatedMs`: what is said where nobody knows. */
export function waitOf(state: State, now: number, isolatedMs: number): number {
  switch (state.name) {
    case 'isolated':
      return isolatedMs;
    case 'open':
      return Math.max(0, state.until - now);
    case 'closed':
      return Math.max(0, (state.ramp?.until ?? 0) - now);
    case 'half-open':
      return 0;
  }
}

/** The state of a breaker elsewhere as one of this process has it: half-open, whose probes are not known here, becomes an open whose time is over. */
export function stateOf({ state, openForMs }: BreakerPosition, now: number, ramp: Ramp | undefined): State {
  if (state === 'closed') return { name: 'closed', ramp };
  return state === 'isolated' ? { name: 'isolated' } : { name: 'open', until: now + openForMs };
}
