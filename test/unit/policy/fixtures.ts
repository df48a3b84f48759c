import type { BreakerOptions } from '../../../src/policy/breaker/breaker.ts';
import type { Clock } from '../../../src/model/clock.ts';
import { BytesBody } from '../../../src/model/body.ts';
import type { BreakerTransition, DuplicatePrevented, ObservablePolicy, Observer, RetryDecision } from '../../../src/model/events.ts';
import { Exchange } from '../../../src/model/exchange.ts';
import { type Failure, failure, type FailureParts } from '../../../src/model/failure.ts';
import { type Reply, reply } from '../../../src/model/outcome.ts';
import { pseudonyms } from '../../../src/policy/pseudonym.ts';

/** A clock that stands still until it is moved, and a chance that is chosen. */
export class FakeClock implements Clock {
  time = 1_000_000;
  chance = 0.5;
  now(): number {
    return this.time;
  }
  wallNow(): number {
    return 1_700_000_000_000 + this.time;
  }
  random(): number {
    return this.chance;
  }
  advance(ms: number): void {
    this.time += ms;
  }
}

/** Notes what policies report. */
export class Notes implements Observer {
  readonly decisions: { decision: RetryDecision; reason: string; delayMs: number }[] = [];
  readonly transitions: BreakerTransition[] = [];
  attemptEnded(): void {}
  retryDecided(_exchange: Exchange, decision: RetryDecision, reason: string, delayMs: number): void {
    this.decisions.push({ decision, reason, delayMs });
  }
  breakerChanged(transition: BreakerTransition): void {
    this.transitions.push(transition);
  }
  readonly would: string[] = [];
  wouldHave(_exchange: Exchange, policy: ObservablePolicy, what: string): void {
    this.would.push(`${policy}: ${what}`);
  }
  /** What policies did: `hedge: sent`. */
  readonly acts: string[] = [];
  readonly prevented: DuplicatePrevented[] = [];
  readonly warnings: string[] = [];
  cacheLooked(): void {}
  acted(_exchange: Exchange, policy: ObservablePolicy, what: string): void {
    this.acts.push(`${policy}: ${what}`);
  }
  duplicatePrevented(_exchange: Exchange, how: DuplicatePrevented): void {
    this.prevented.push(how);
  }
  warned(_upstream: string, _route: string, policy: ObservablePolicy, text: string): void {
    this.warnings.push(`${policy}: ${text}`);
  }
  readonly usage: [upstream: string, kind: string, ratio: number][] = [];
  usageTold(...told: [upstream: string, kind: string, ratio: number]): void {
    this.usage.push(told);
  }
  exchangeEnded(): void {}
  rejected(): void {}
  internalError(error: unknown): void {
    throw error;
  }
}

/** An exchange as the listener makes it. */
export function exchangeOf(parts: { method?: string; path?: string; authority?: string; headers?: string[]; body?: string } = {}): Exchange {
  const { method = 'GET', path = '/', authority = 'api.example', headers = [], body } = parts;
  const exchange = new Exchange({ id: 'req-1', entry: 'prefix', method, scheme: 'https', authority, path, headers, startedAt: 0 });
  exchange.upstream = 'api';
  if (body !== undefined) exchange.body = { kind: 'bytes', bytes: Buffer.from(body) };
  return exchange;
}

/** A failure with what a test does not care about filled in. */
export function failed(parts: Partial<FailureParts> = {}): Failure {
  return failure({ code: 'connection_terminated', phase: 'headers', kind: 'reset', replay: 'ambiguous', detail: 'other side closed', ...parts });
}

/** An upstream's answer. */
export function answered(status: number, body = '', headers: string[] = []): Reply {
  return reply(status, headers, 'upstream', new BytesBody(Buffer.from(body)));
}

/** How values of requests are named. */
export const pseudonymOf = pseudonyms(Buffer.from('of this process'));

/** A breaker that opens on five failures in a row, for a minute, and on nothing else. */
export const BREAKER_OPTIONS: BreakerOptions = {
  consecutive: 5,
  ratio: undefined,
  windowMs: 10_000,
  minimum: 10,
  slow: undefined,
  openForMs: 60_000,
  openMaxMs: 300_000,
  probes: 1,
  probeTimeoutMs: 30_000,
  rampMs: 0,
};
