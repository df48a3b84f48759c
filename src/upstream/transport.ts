import type { Exchange } from '../model/exchange.ts';
import type { Outcome } from '../model/outcome.ts';
import { Attempt, type AttemptContext } from './attempt.ts';
import type { ConnectionPool } from './pool.ts';

/** The innermost service: one attempt per call, over the pool of the exchange's authority. */
export function transport(
  poolFor: (authority: string, scheme: 'http' | 'https') => ConnectionPool,
  context: AttemptContext,
): (exchange: Exchange) => Promise<Outcome> {
  return (exchange) =>
    new Promise((resolve) => {
      if (exchange.attempt === 0) exchange.attempt = 1;
      new Attempt(exchange, poolFor(exchange.authority, exchange.scheme), context, resolve).begin();
    });
}
