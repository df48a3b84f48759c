import { type Clock, wait } from '../model/clock.ts';
import type { Observer, RetryDecision } from '../model/events.ts';
import type { Exchange } from '../model/exchange.ts';
import type { Failure } from '../model/failure.ts';
import { headerValue } from '../model/headers.ts';
import { discard, type Outcome } from '../model/outcome.ts';
import type { Layer, Service } from '../model/service.ts';
import { backoffMs, type BackoffOptions } from './backoff.ts';
import type { RetryBudget } from './budget.ts';
import { isRepeatable } from './repeatable.ts';

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
  /** Request header by which a client says that it retries itself. */
  readonly attemptsHeader: string | undefined;
}

/** What a retry layer needs from outside. */
export interface RetryParts {
  readonly budget: RetryBudget;
  /** Whether an attempt would be let through now: an open breaker ends the retrying with the answer that is there. */
  readonly admits: (exchange: Exchange) => boolean;
  readonly clock: Clock;
  readonly observer: Observer;
}

/** Less time than this before the deadline is not enough to connect and be answered: no attempt is started. */
const USEFUL_MS = 50;

/**
 * Sends a failed request again where its replay class, the budget and the deadline allow it. What the client gets in the end is one outcome: the first good
 * one, else the last failure with the upstream's own answer in it.
 */
export function retry(options: RetryOptions, parts: RetryParts): Layer {
  return (next) => async (exchange) => {
    parts.budget.request();
    exchange.attempt = 1;
    const outcome = await next(exchange);
    return outcome.type === 'reply' ? outcome : again(options, parts, next, exchange, outcome);
  };
}

async function again(options: RetryOptions, parts: RetryParts, next: Service, exchange: Exchange, first: Failure): Promise<Outcome> {
  let failed = first;
  let delayMs = 0;
  for (;;) {
    if (failed.own || failed.kind === 'aborted' || exchange.aborted) return failed;
    delayMs = delayAfter(options, parts.clock, failed, exchange.attempt, delayMs);
    const decision = decide(options, parts, exchange, failed, delayMs);
    parts.observer.retryDecided(exchange, decision, failed.rule ?? failed.code, delayMs);
    if (decision !== 'retried') return failed;
    discard(failed);
    const waitedFrom = parts.clock.now();
    const stayed = delayMs < 1 || (await wait(delayMs, exchange));
    exchange.waitedMs += parts.clock.now() - waitedFrom;
    if (!stayed) return { ...failed, reply: undefined };
    exchange.attempt++;
    const outcome = await next(exchange);
    if (outcome.type === 'reply') return outcome;
    failed = outcome;
  }
}

/** Our own wait, or the upstream's where it asks for a longer one. */
function delayAfter(options: RetryOptions, clock: Clock, failed: Failure, attempt: number, previousMs: number): number {
  const own = backoffMs(options.backoff, attempt, previousMs, clock);
  return Math.max(own, failed.retryAfterMs ?? 0);
}

function decide(options: RetryOptions, parts: RetryParts, exchange: Exchange, failed: Failure, delayMs: number): RetryDecision {
  if (!mayBeSentAgain(options, exchange, failed)) return 'not_repeatable';
  if (exchange.body.kind === 'stream' && exchange.body.started) return 'body';
  if (exchange.attempt >= options.attempts) return 'attempts';
  if (options.attemptsHeader !== undefined && headerValue(exchange.headers, options.attemptsHeader) !== undefined) return 'client_retries';
  if (failed.retryAfterMs !== undefined && failed.retryAfterMs > options.maxWaitMs) return 'deadline';
  if (parts.clock.now() + delayMs + USEFUL_MS > exchange.deadlineAt) return 'deadline';
  if (!parts.admits(exchange)) return 'breaker';
  return parts.budget.take() ? 'retried' : 'budget';
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
