import type { ClaimPurpose } from './breaker/parts.ts';
import type { Sightings } from './breaker/untold.ts';
import type { SentState } from './ledger.ts';
import type { QuotaReading } from '../model/status.ts';

/** What a breaker of this process has seen. */
export interface BreakerNews extends Sightings {
  readonly breaker: string;
  readonly authority: string;
}

/** What an active probe of this process found. */
export interface ProbeNews {
  readonly authority: string;
  readonly ok: boolean;
  readonly what: string;
  readonly leaseMs: number;
  readonly atLeast: number;
}

/** A request that may not be repeated is being sent here, or its client knows what came of it (`over`). */
export interface SentNews {
  readonly key: string;
  readonly over: boolean;
}

/** What the policies of one upstream in one process have to tell those of the same upstream in others. Plain data without secrets: keys are hashes. */
export interface UpstreamNews {
  readonly breakers: readonly BreakerNews[];
  readonly budget: { readonly requests: number; readonly retries: number } | undefined;
  readonly quotas: readonly QuotaReading[];
  readonly probes: readonly ProbeNews[];
  readonly sent: readonly SentNews[];
}

/** How the policies of one upstream reach those of the same upstream in other processes. Absent where there is one process. */
export interface UpstreamSharing {
  /** There is news to take: soon. May be called for every attempt. */
  dirty(): void;
  /** Asks for leave to let a breaker's probes through: how many have been answered; undefined where another process lets them through. */
  claimProbes(breaker: string, authority: string, purpose: ClaimPurpose): Promise<number | undefined>;
  /** A breaker stays open for longer than it has said. */
  prolonged(breaker: string, authority: string): void;
  /**
   * Takes over what the process `owner` knows of a request that it sent, once that is known or after `waitMs`; undefined where it knows of none. Rejects where that
   * process has died.
   */
  claimSent(owner: number, key: string, waitMs: number): Promise<SentState | undefined>;
}
