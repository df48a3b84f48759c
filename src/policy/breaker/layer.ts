import { TappedBody } from '../../model/body-tap.ts';
import { type Failure, failure } from '../../model/failure.ts';
import type { Outcome, Reply } from '../../model/outcome.ts';
import type { Layer } from '../../model/service.ts';
import type { Breaker, Evidence, Permit } from './breaker.ts';

/**
 * Lets attempts through while the breaker of their host is closed, and answers at once when it is open. Counts what an attempt says of its upstream:
 * faults only, never a 4xx, never a refusal of ours, never a client that left.
 */
export function breaker(breakerOf: (authority: string) => Breaker): Layer {
  return (next) => async (exchange) => {
    const own = breakerOf(exchange.authority);
    const permit = own.admit();
    if (permit === undefined) return refusal(exchange.authority, own);
    const outcome = await next(exchange);
    if (outcome.type === 'reply') return answered(own, permit, outcome);
    own.report(permit, evidenceOf(outcome), describe(outcome), outcome.retryAfterMs);
    return outcome;
  };
}

function answered(own: Breaker, permit: Permit, reply: Reply): Outcome {
  own.report(permit, reply.status < 400 ? 'success' : 'alive');
  if (reply.body.whole() !== undefined) return reply;
  const body = new TappedBody(reply.body, (how) => {
    if (typeof how === 'object' && !how.own) own.report(permit, 'failure', describe(how));
  });
  return { ...reply, body };
}

/** What a failed attempt says of the upstream (DESIGN: only upstream faults count). */
export function evidenceOf(failed: Failure): Evidence {
  if (failed.own || failed.kind === 'aborted' || failed.phase === 'queue' || failed.code === 'http_request_error') return 'void';
  if (failed.blame === 'ignore') return 'alive';
  return failed.blame === 'soft' ? 'soft' : 'failure';
}

function describe(failed: Failure): string {
  const status = failed.reply === undefined ? '' : ` ${failed.reply.status}`;
  return `${failed.rule ?? failed.code}${status} in ${failed.phase}`;
}

function refusal(authority: string, own: Breaker): Failure {
  return failure({
    code: 'destination_unavailable',
    phase: 'queue',
    kind: 'refused',
    replay: 'unsent',
    detail: `the circuit breaker for ${authority} is ${own.state === 'isolated' ? 'held open by hand' : 'open'}`,
    own: true,
    retryAfterMs: Math.max(own.retryAfterMs, 1000),
  });
}
