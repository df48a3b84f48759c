import type { Clock } from '../model/clock.ts';
import type { Layer } from '../model/service.ts';

/**
 * Says when an exchange has to be over. Sets the time only: every wait and every attempt inside bounds itself by `exchange.deadlineAt`, so that no timer
 * of its own is needed. It covers the waits between attempts, and with `streaming` ends with the head of the answer.
 */
export function deadline(totalMs: number, clock: Clock): Layer {
  return (next) => (exchange) => {
    exchange.deadlineAt = Math.min(exchange.deadlineAt, clock.now() + totalMs);
    return next(exchange);
  };
}
