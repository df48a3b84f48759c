import type { Config } from '../config/schema.ts';
import type { AppReadings, BreakerReading } from '../model/status.ts';

/** What can be done to a breaker by hand: open it as a failure would, close it, hold it open until it is reset. */
export const BREAKER_ACTIONS = ['trip', 'reset', 'isolate'] as const;
/** One of them. */
export type BreakerAction = (typeof BREAKER_ACTIONS)[number];

/** Whether the app serves. `draining`: it finishes what runs and takes nothing new. */
export type Readiness = 'starting' | 'ready' | 'draining';

/** The running app as the admin listener sees it; the app implements it. Every call but `actOnBreaker` and `openQuotas` answers at once, from memory. */
export interface AdminView extends AppReadings {
  readonly version: string;
  /** When the process started, in milliseconds since the epoch. */
  readonly startedAt: number;
  readiness(): Readiness;
  /** The configuration at work, presets and defaults merged in. The admin listener redacts it. */
  effectiveConfig(): Config;
  /** Forgets the used-up quotas of an upstream, or that of one scope: how many there were. */
  openQuotas(upstream: string, scope: string | undefined): number | Promise<number>;
  /** Names of the breakers of an upstream, whether or not they have been used yet. */
  breakerNames(upstream: string): readonly string[];
  /** Acts on the breakers of a name, on all hosts or on `authority` alone, and gives where they then stand. Empty where no request has asked for one yet. */
  actOnBreaker(
    upstream: string,
    breaker: string,
    action: BreakerAction,
    authority: string | undefined,
  ): readonly BreakerReading[] | Promise<readonly BreakerReading[]>;
}
