import { hostOfScope } from '../model/hosts.ts';
import type { BreakerReading, ProbeReading } from '../model/status.ts';
import type { DependencyReading, LastError } from '../telemetry/upstream-stats.ts';
import type { UsageLevel } from '../telemetry/usage-levels.ts';
import { wilson } from '../telemetry/wilson.ts';

/** How a dependency, or the whole, is doing. */
export type Health = 'ok' | 'degraded' | 'down';

/** A verdict with what it stands on, in words. */
export interface Verdict {
  readonly status: Health;
  readonly evidence: string;
}

/** What a verdict is made from. */
export interface VerdictInput {
  readonly breakers: readonly BreakerReading[];
  readonly recent: DependencyReading;
  readonly probe: ProbeReading | undefined;
  /** How much of its limits it says is used up. */
  readonly usage: readonly UsageLevel[];
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Failures in a row that make a dependency `down` whatever was before. */
const DOWN_AFTER = 3;
/** Attempts below which a share says little. */
const FEW = 10;
/** A true share of failures that is surely above this is not normal. */
const NORMAL_SHARE = 0.02;
/** A failure this recent keeps a dependency from being called well. */
const RECENT_MS = 60_000;
/** A limit of which so much is used up is worth a word. It is no failure. */
const NEAR = 0.8;

/**
 * Judges a dependency by its breakers, then by its last attempts, then by how sure one can be that it fails more often than is normal. Without traffic it is `ok`, and the evidence
 * says that nothing is known.
 */
export function verdictOf(input: VerdictInput): Verdict {
  const { status, evidence } = byBreakers(input.breakers) ?? byRun(input) ?? byDoubt(input) ?? { status: 'ok', evidence: counted(input.recent) };
  return { status, evidence: [evidence, ...nearLimits(input.usage)].join('; ') };
}

/** What the dependencies and the process itself (`sound`) come to: `down` only where everything is, since what still works is worth calling. */
export function overall(verdicts: readonly Health[], sound: boolean): Health {
  if (verdicts.length > 0 && verdicts.every((status) => status === 'down')) return 'down';
  return sound && verdicts.every((status) => status === 'ok') ? 'ok' : 'degraded';
}

function nearLimits(usage: readonly UsageLevel[]): string[] {
  return usage.filter(({ ratio }) => ratio >= NEAR).map(({ kind, ratio }) => `${Math.round(ratio * 100)} % of ${kind} is used up`);
}

/** Those that only observe refuse nothing: what is known of the attempts that they let through says more. */
function byBreakers(all: readonly BreakerReading[]): Verdict | undefined {
  const breakers = all.filter(({ mode }) => mode !== 'observe');
  const open = breakers.filter(({ state }) => state === 'open' || state === 'isolated');
  const [first] = open;
  if (first !== undefined) {
    const whole = open.length === breakers.length || open.some(({ breaker }) => breaker === 'default');
    return { status: whole ? 'down' : 'degraded', evidence: open.map(describe).join('; ') };
  }
  const half = breakers.filter(({ state }) => state === 'half-open');
  return half.length === 0 ? undefined : { status: 'degraded', evidence: half.map(describe).join('; ') };
}

function describe({ breaker, authority, state, retryAfterMs }: BreakerReading): string {
  const name = `${breaker === 'default' ? 'the breaker' : `breaker ${breaker}`} for ${authority}`;
  if (state === 'isolated') return `${name} is held open by hand`;
  if (state === 'half-open') return `${name} is half-open: a probe decides`;
  return `${name} is open, next probe in ${Math.ceil(retryAfterMs / 1000)} s`;
}

/** A run that was there before its own breaker closed is over: whoever closed it found that the upstream answers, or wants it tried. */
function byRun({ recent, breakers }: VerdictInput): Verdict | undefined {
  const { lastError, inARow } = recent;
  if (inARow < DOWN_AFTER || (lastError !== undefined && breakers.some((one) => hasClosedSince(one, lastError)))) return undefined;
  return { status: 'down', evidence: `the last ${inARow} attempts failed; ${counted(recent)}` };
}

/** Whether a breaker counted a failure and has closed since. Many hosts may share one, `*`. */
function hasClosedSince({ authority, routes, closedAt = -Infinity }: BreakerReading, error: LastError): boolean {
  const host = hostOfScope(authority);
  return closedAt >= error.at && (host === '*' || host === error.authority) && (routes === undefined || routes.includes(error.route));
}

function byDoubt({ recent, probe, now }: VerdictInput): Verdict | undefined {
  const evidence = counted(recent);
  if (probe !== undefined && !probe.ok) return { status: 'degraded', evidence: `the last active probe failed; ${evidence}` };
  const interval = wilson(recent.failed, recent.failed + recent.ok);
  if (interval !== undefined && interval.low > NORMAL_SHARE) return { status: 'degraded', evidence };
  const { lastError } = recent;
  if (lastError === undefined || now - lastError.at > RECENT_MS) return undefined;
  return { status: 'degraded', evidence: `${evidence}; the last failure was ${Math.max(0, Math.round((now - lastError.at) / 1000))} s ago` };
}

/** `2 of 3 failed; too few to judge`. */
function counted({ ok, failed, windowMs }: DependencyReading): string {
  const total = ok + failed;
  if (total === 0) return `no attempts in the last ${windowMs / 60_000} min: nothing to judge by`;
  return `${failed} of ${total} failed${total < FEW ? '; too few to judge' : ''}`;
}
