import type { Exchange } from '../model/exchange.ts';
import { CLIENT_LIMIT, type Phase } from '../model/failure.ts';

/** The time limits of an attempt, in milliseconds; Infinity where there is none. */
export interface AttemptLimits {
  readonly queueMs: number;
  readonly dnsMs: number;
  readonly connectMs: number;
  readonly tlsMs: number;
  readonly sendMs: number;
  readonly headersMs: number;
  readonly idleMs: number;
  readonly attemptMs: number;
}

/** The limit that an attempt meets next. */
export interface Limit {
  /** Monotonic milliseconds. */
  at: number;
  /** Its name in the configuration. */
  name: string;
  /** How long it allowed, in milliseconds. */
  afterMs: number;
}

/** Where an attempt stands: what its next limit depends on. */
export interface AttemptPlace {
  readonly phase: Phase;
  /** Monotonic milliseconds since which it is in this phase, or since the last piece of a body came or went. */
  readonly phaseAt: number;
  readonly startedAt: number;
  /** True where the upstream is not the one that is waited for: a client that reads, or sends, slowly. */
  readonly held: boolean;
}

function phaseLimit(limits: AttemptLimits, phase: Phase): number {
  switch (phase) {
    case 'queue':
      return limits.queueMs;
    case 'dns':
      return Math.min(limits.dnsMs, limits.connectMs);
    case 'connect':
      return limits.connectMs;
    case 'tls':
      return limits.tlsMs;
    case 'send':
      return limits.sendMs;
    case 'headers':
      return limits.headersMs;
    case 'body':
      return limits.idleMs;
  }
}

/**
 * When the nearest of the phase's limit, the attempt's and the exchange's deadline is reached, in monotonic milliseconds. A streaming answer is bound by `idle` alone once its
 * head is here. A patient exchange (the last attempt of a route that says so) has all the time that is left for the head of its answer.
 */
export function nextLimitAt(limits: AttemptLimits, exchange: Exchange, place: AttemptPlace): number {
  const ownAt = place.phaseAt + phaseMs(limits, exchange, place);
  if (place.phase === 'body' && exchange.streaming) return ownAt;
  return Math.min(ownAt, attemptAt(limits, exchange, place), exchange.deadlineAt);
}

/** The limit that is reached then. */
export function nextLimit(limits: AttemptLimits, exchange: Exchange, place: AttemptPlace): Limit {
  const at = nextLimitAt(limits, exchange, place);
  const afterMs = phaseMs(limits, exchange, place);
  if (at === place.phaseAt + afterMs) return { at, name: place.phase === 'body' ? 'idle' : place.phase, afterMs };
  if (at === attemptAt(limits, exchange, place)) return { at, name: 'attempt', afterMs: limits.attemptMs };
  return { at, name: exchange.hurried ? CLIENT_LIMIT : 'total', afterMs: at - exchange.startedAt };
}

function phaseMs(limits: AttemptLimits, exchange: Exchange, { phase, held }: AttemptPlace): number {
  return held || (phase === 'headers' && isPatient(exchange)) ? Infinity : phaseLimit(limits, phase);
}

function attemptAt(limits: AttemptLimits, exchange: Exchange, { startedAt }: AttemptPlace): number {
  return isPatient(exchange) ? Infinity : startedAt + limits.attemptMs;
}

function isPatient({ patient, deadlineAt }: Exchange): boolean {
  return patient && deadlineAt !== Infinity;
}
