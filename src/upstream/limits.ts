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
 * The nearest of the phase's limit, the attempt's and the exchange's deadline. A body that we ourselves hold back (`paused`: the client is slow) is
 * not idle. A streaming answer is bound by `idle` alone once its head is here.
 */
export function nextLimit(limits: AttemptLimits, exchange: Exchange, phase: Phase, phaseAt: number, startedAt: number, paused: boolean): Limit {
  const inBody = phase === 'body';
  const phaseMs = inBody && paused ? Infinity : phaseLimit(limits, phase);
  const limit = { at: phaseAt + phaseMs, name: inBody ? 'idle' : phase, afterMs: phaseMs };
  if (inBody && exchange.streaming) return limit;
  if (startedAt + limits.attemptMs < limit.at) return { at: startedAt + limits.attemptMs, name: 'attempt', afterMs: limits.attemptMs };
  if (exchange.deadlineAt < limit.at) return { at: exchange.deadlineAt, name: 'total', afterMs: exchange.deadlineAt - exchange.startedAt };
  return limit;
}
