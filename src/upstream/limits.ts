import type { Exchange } from '../model/exchange.ts';
import type { Phase } from '../model/failure.ts';

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
 * The nearest of the phase's limit, the attempt's and the exchange's deadline. A streaming answer is bound by `idle` alone once its head is here. A patient
 * exchange (the last attempt of a route that says so) has all the time that is left for the head of its answer.
 */
export function nextLimit(limits: AttemptLimits, exchange: Exchange, { phase, phaseAt, startedAt, held }: AttemptPlace): Limit {
  const inBody = phase === 'body';
  const patient = exchange.patient && exchange.deadlineAt !== Infinity;
  const phaseMs = held || (patient && phase === 'headers') ? Infinity : phaseLimit(limits, phase);
  const limit = { at: phaseAt + phaseMs, name: inBody ? 'idle' : phase, afterMs: phaseMs };
  if (inBody && exchange.streaming) return limit;
  const attemptAt = patient ? Infinity : startedAt + limits.attemptMs;
  if (attemptAt < limit.at && attemptAt <= exchange.deadlineAt) return { at: attemptAt, name: 'attempt', afterMs: limits.attemptMs };
  if (exchange.deadlineAt < limit.at) return { at: exchange.deadlineAt, name: 'total', afterMs: exchange.deadlineAt - exchange.startedAt };
  return limit;
}
