import type { Clock } from '../model/clock.ts';
import type { Exchange } from '../model/exchange.ts';
import { type Failure, failure } from '../model/failure.ts';
import { callAfter } from '../model/timer.ts';
import type { Sent } from './ledger.ts';

/** The answer to a request that is not sent again although nothing is known to give: what came of `first`, or why there is nothing. */
export function heldBack(first: Failure | undefined, why: string): Failure {
  const reason = why === 'running' ? 'it is still under way' : why === 'unkept' ? 'its answer was too large to keep' : 'nobody knows what came of it';
  const detail = `the same request was sent before and ${reason}`;
  if (first !== undefined) return { ...first, detail, own: true };
  return failure({ code: 'http_response_timeout', phase: 'headers', kind: 'timeout', replay: 'ambiguous', detail, own: true });
}

/** Waits until a sending is settled, the deadline is here, or the client has gone. */
export function settled(sent: Sent, exchange: Exchange, clock: Clock): Promise<'settled' | 'late' | 'left'> {
  if (sent.state.name !== 'running') return Promise.resolve('settled');
  return new Promise((resolve) => {
    const end = (how: 'settled' | 'late' | 'left'): void => {
      clearTimeout(timer);
      sent.offSettled(told);
      exchange.offAbort(left);
      resolve(how);
    };
    const told = (): void => end('settled');
    const left = (): void => end('left');
    const timer = callAfter(exchange.deadlineAt - clock.now(), () => end('late'));
    sent.onSettled(told);
    exchange.onAbort(left);
  });
}
