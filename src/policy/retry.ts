import { type Clock, wait } from '../model/clock.ts';
import type { Observer, RetryDecision } from '../model/events.ts';
import type { Exchange } from '../model/exchange.ts';
import type { Failure } from '../model/failure.ts';
import { headerValue } from '../model/headers.ts';
import type { Outcome } from '../model/outcome.ts';
import { after, type Layer, type Service } from '../model/service.ts';
import { backoffMs, type BackoffOptions, withJitter } from './backoff.ts';
import type { RetryBudget } from './budget.ts';
import type { ClientRetries } from './client-retries.ts';
import { isRepeatable } from './repeatable.ts';
import { setAside } from './set-aside.ts';

/** When a request is sent again. */
export interface RetryOptions {
  /** Attempts in all. */
  readonly attempts: number;
  readonly backoff: BackoffOptions;
  /** Whether what the upstream refused (429 and the like) is sent again. */
  readonly refused: boolean;
  /** The longest wait that an upstream may ask for. */
  readonly maxWaitMs: number;
  /** What the route says of repeating a request; absent: by method. */
  readonly repeatable: boolean | undefined;
  /** Request headers by which a client says that it retries itself. Lower-case. */
  readonly attemptsHeaders: readonly string[];
  /** Whether the last attempt may take all the time that is left for its head. */
  readonly patientLast: boolean;
  /** Counts what it would have done, and does nothing. */
  readonly observe: boolean;
}

/** What a retry layer needs from outside. */
export interface RetryParts {
  readonly budget: RetryBudget;
  /** Whether an attempt would be let through now: an open breaker ends the retrying with the answer that is there. */
  readonly admits: (exchange: Exchange) => boolean;
  /** Milliseconds that an attempt needs, at least, until its request can be written: none is started that could not even do that. */
  readonly leastMs: (exchange: Exchange) => number;
  /** Recognises what clients send again themselves; undefined where nobody asked for it. */
  readonly clientRetries: ClientRetries | undefined;
  readonly clock: Clock;
  readonly observer: Observer;
}

/**
 * Sends a failed request again where its replay class, the budget and the deadline allow it. What the client gets in the end is one outcome: the first good
 * one, else the last failure with the upstream's own answer in it.
 */
export function retry(options: RetryOptions, parts: RetryParts): Layer {
  return (next) => (exchange) => {
    charge(parts, exchange);
    exchange.attempt = 1;
    exchange.patient = false;
    return after(next(exchange), (outcome) => (outcome.type === 'reply' ? outcome : afterFailure(options, parts, next, exchange, outcome)));
  };
}

async function afterFailure(options: RetryOptions, parts: RetryParts, next: Service, exchange: Exchange, first: Failure): Promise<Outcome> {
  const last = await again(options, parts, next, exchange, first);
  // what no client waits for, or has sent itself, none sends again
  if (last.type === 'failure' && !exchange.aborted && !exchange.background && !exchange.rest) parts.clientRetries?.failed(exchange);
  return last;
}

/** A request is what the budget is a share of; a client's own retry spends it. The rest of an answer is neither: whoever asks for it has paid. */
function charge({ budget, clientRetries, observer }: RetryParts, exchange: Exchange): void {
  if (exchange.rest) return;
  if (clientRetries?.recognises(exchange) !== true) return budget.request();
  budget.charge();
  observer.retryDecided(exchange, 'client_retries', 'sent_again', 0);
  tellOnce(clientRetries, observer, exchange, 'what has just failed comes again');
}

/** Two that retry multiply: whoever runs the backend should know, once for each route. */
function tellOnce(clientRetries: ClientRetries | undefined, observer: Observer, exchange: Exchange, sign: string): void {
  if (clientRetries?.isNews(exchange.route) !== true) return;
  observer.warned(
    exchange.upstream,
    exchange.route,
    'retry',
    `clients of this route retry by themselves (${sign}): theirs are charged to the same budget`,
    exchange,
  );
}

async function again(options: RetryOptions, parts: RetryParts, next: Service, exchange: Exchange, first: Failure): Promise<Outcome> {
  let failed = first;
  let delayMs = 0;
  for (;;) {
    if (failed.own || failed.kind === 'aborted' || exchange.aborted) return failed;
    delayMs = delayAfter(options, parts.clock, failed, exchange.attempt, delayMs);
    const decision = decide(options, parts, exchange, failed, delayMs);
    const reason = failed.rule ?? failed.code;
    if (options.observe && decision === 'retried') parts.observer.wouldHave(exchange, 'retry', 'retried');
    else parts.observer.retryDecided(exchange, decision, reason, delayMs);
    if (decision === 'client_retries') tellOnce(parts.clientRetries, parts.observer, exchange, 'a header of theirs counts attempts');
    if (decision !== 'retried' || options.observe) return failed;
    exchange.superseded(failed);
    const waitedFrom = parts.clock.now();
    const kept = await setAside(failed, delayMs);
    const stayed = await waited(delayMs - (parts.clock.now() - waitedFrom), exchange);
    exchange.waitedMs += parts.clock.now() - waitedFrom;
    if (!stayed) return { ...failed, reply: undefined };
    exchange.attempt++;
    exchange.patient = options.patientLast && exchange.attempt === options.attempts;
    const outcome = await next(exchange);
    if (outcome.type === 'reply') return outcome;
    // nothing was sent: what the upstream said last is the answer
    if (outcome.own && outcome.replay === 'unsent') return kept;
    failed = outcome;
  }
}

/** Waits what is left of a wait. False where the client went. */
async function waited(ms: number, exchange: Exchange): Promise<boolean> {
  return ms < 1 || exchange.aborted ? !exchange.aborted : wait(ms, exchange);
}

/** Our own wait, or the upstream's where it asks for a longer one: then with a little more, so that all who were told the same do not come back at once. */
function delayAfter(options: RetryOptions, clock: Clock, failed: Failure, attempt: number, previousMs: number): number {
  const own = backoffMs(options.backoff, attempt, previousMs, clock);
  const { retryAfterMs = 0 } = failed;
  return own >= retryAfterMs ? own : withJitter(options.backoff, retryAfterMs, clock);
}

function decide(options: RetryOptions, parts: RetryParts, exchange: Exchange, failed: Failure, delayMs: number): RetryDecision {
  if (!mayBeSentAgain(options, exchange, failed)) return 'not_repeatable';
  if (exchange.body.kind === 'stream' && exchange.body.started) return 'body';
  if (exchange.attempt >= options.attempts) return 'attempts';
  if (options.attemptsHeaders.some((name) => saysItRetries(exchange, name))) return 'client_retries';
  if (failed.retryAfterMs !== undefined && failed.retryAfterMs > options.maxWaitMs) return 'deadline';
  const readyAt = parts.clock.now() + delayMs + parts.leastMs(exchange);
  if (readyAt >= exchange.deadlineAt) return 'deadline';
  if (readyAt >= exchange.patienceEndsAt) return 'patience';
  if (!parts.admits(exchange)) return 'breaker';
  return parts.budget.take() ? 'retried' : 'budget';
}

/** SDKs count from 0, with the first sending: that one is nobody's retry yet. */
function saysItRetries(exchange: Exchange, name: string): boolean {
  const count = headerValue(exchange.headers, name);
  return count !== undefined && count.trim() !== '0';
}

function mayBeSentAgain(options: RetryOptions, exchange: Exchange, failed: Failure): boolean {
  switch (failed.replay) {
    case 'unsent':
      return true;
    case 'refused':
      return options.refused;
    case 'ambiguous':
      return isRepeatable(exchange, options.repeatable);
    case 'answered':
    case 'cut':
      return false;
  }
}
