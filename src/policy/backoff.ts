import { noJitterGenerator } from 'cockatiel';
import type { Clock } from '../model/clock.ts';

/** How long to wait between attempts. Milliseconds. */
export interface BackoffOptions {
  readonly baseMs: number;
  readonly maxMs: number;
  readonly jitter: 'full' | 'decorrelated' | 'none';
}

/** What is added to a wait that an upstream asked for: up to this part of it, and never more than a second. */
const PUSHBACK_JITTER = 0.1;
const PUSHBACK_JITTER_MAX_MS = 1000;

/**
 * The wait before the retry that follows attempt `attempt` (1 is the first). `full`: anywhere between 0 and the exponential bound; `decorrelated`: between the
 * base and three times the wait before (`previousMs`); never more than `maxMs`.
 */
export function backoffMs(options: BackoffOptions, attempt: number, previousMs: number, clock: Clock): number {
  const { baseMs, maxMs, jitter } = options;
  if (jitter === 'decorrelated') return Math.min(maxMs, baseMs + clock.random() * Math.max(0, previousMs * 3 - baseMs));
  const [bound] = noJitterGenerator(attempt - 1, { initialDelay: baseMs, maxDelay: maxMs, exponent: 2, generator: noJitterGenerator });
  return jitter === 'none' ? bound : bound * clock.random();
}

/** The wait that an upstream asked for, and never less: a little longer, unless jitter is off. */
export function withJitter({ jitter }: BackoffOptions, waitMs: number, clock: Clock): number {
  if (jitter === 'none') return waitMs;
  return waitMs + clock.random() * Math.min(PUSHBACK_JITTER * waitMs, PUSHBACK_JITTER_MAX_MS);
}
