import type { BreakerCause, BreakerState } from '../../model/events.ts';
import type { CountersSnapshot, TripOptions } from './counters.ts';

/** When a breaker opens and for how long. Times in milliseconds. */
export interface BreakerOptions extends TripOptions {
  readonly openForMs: number;
  readonly openMaxMs: number;
  readonly probes: number;
  /** After this a probe that has not reported counts as failed, unless its route takes longer. */
  readonly probeTimeoutMs: number;
  /** How long after closing until everything is let through again; 0: at once. */
  readonly rampMs: number;
}

/** Leave to make one attempt. A probe is one of the few that a half-open breaker lets through. */
export interface Permit {
  readonly probe: boolean;
  /** Which period of the breaker it belongs to: what was admitted before a change says nothing of what came after. */
  readonly period: number;
  /** Monotonic milliseconds from which it counts as failed where nothing was reported. */
  readonly lostAt: number;
}

/**
 * What an attempt says of its upstream. `soft` counts for the ratio alone and fails a probe (429); `alive` is an answer that is nobody's fault (404): it closes
 * a half-open breaker and otherwise says nothing; `void` is no evidence at all (the client left, our own refusal).
 */
export type Evidence = 'success' | 'failure' | 'soft' | 'alive' | 'void';

/** Hears of each change, with its reason for people and its cause for metrics. */
export type BreakerListener = (from: BreakerState, to: BreakerState, reason: string, cause: BreakerCause) => void;

/** Where a breaker stands. Plain data. */
export interface BreakerPosition {
  readonly state: BreakerState;
  /** Milliseconds that it stays open. */
  readonly openForMs: number;
  /** Milliseconds that the upstream asked to be left alone. */
  readonly askedForMs: number;
  /** Milliseconds that it would stay open if no active probe had ended that early. */
  readonly dueForMs: number;
  readonly reopened: number;
}

/** A breaker for one that takes its place. Plain data. */
export interface BreakerSnapshot extends BreakerPosition {
  readonly counters: CountersSnapshot;
  /** When it closed last, in milliseconds since the epoch; undefined where it never did. */
  readonly closedAt: number | undefined;
}

/** What the leave to let probes through is asked for: to try a request, or to close after a time in which nobody had one to try. */
export type ClaimPurpose = 'trial' | 'rest';

/** How a breaker reaches those of the same upstream in other processes. */
export interface BreakerSharing {
  /** There is something to tell: `takeSightings` has it. */
  dirty(): void;
  /** Asks for leave to let probes through, where another may be doing it: how many have been answered already, undefined where another does. */
  claim(purpose: ClaimPurpose): Promise<number | undefined>;
  /** It stays open for longer than it has said. */
  prolonged(): void;
}
