import { TappedBody } from '../../model/body-tap.ts';
import type { Clock } from '../../model/clock.ts';
import type { Observer } from '../../model/events.ts';
import type { Exchange } from '../../model/exchange.ts';
import { type Failure, failure, isUpstreamFault } from '../../model/failure.ts';
import type { Outcome, Reply } from '../../model/outcome.ts';
import { after, type Answered, type Layer, type Service } from '../../model/service.ts';
import type { Breaker, Evidence, Permit } from './breaker.ts';

/** What a breaker layer needs from outside. */
export interface BreakerParts {
  readonly breakerOf: (exchange: Exchange) => Breaker;
  /** Lets everything through, and counts what it would have refused. */
  readonly observe: boolean;
  /** Milliseconds that an attempt may take until it has said how the upstream is. */
  readonly trialMs?: number | undefined;
  readonly clock: Clock;
  readonly observer: Observer;
}

/**
 * Lets attempts through while the breaker of their host is closed, and answers at once when it is open. Counts what an attempt says of its upstream:
 * faults only, never a 4xx, never a refusal of ours, never a client that left.
 */
export function breaker({ breakerOf, observe, trialMs, clock, observer }: BreakerParts): Layer {
  const admitted = (next: Service, exchange: Exchange, own: Breaker, permit: Permit | undefined): Answered => {
    if (permit === undefined) {
      if (!observe) return refusal(exchange.authority, own);
      observer.wouldHave(exchange, 'breaker', 'refused');
      return next(exchange);
    }
    const { mark } = own;
    const startedAt = own.timed ? clock.now() : 0;
    return after(next(exchange), (outcome) => {
      const tookMs = own.timed ? clock.now() - startedAt : 0;
      if (outcome.type === 'reply') return answered(own, permit, outcome, tookMs, mark);
      own.report(permit, evidenceOf(outcome), describe(outcome), outcome.retryAfterMs, tookMs, mark);
      return outcome;
    });
  };
  const admittedLate = async (next: Service, exchange: Exchange, own: Breaker): Promise<Outcome> =>
    admitted(next, exchange, own, await own.admitShared(trialMs));
  return (next) => (exchange) => {
    const own = breakerOf(exchange);
    const permit = own.admit(trialMs);
    if (permit === undefined && own.shared) return admittedLate(next, exchange, own);
    return admitted(next, exchange, own, permit);
  };
}

/**
 * A head is enough to show that the upstream is alive, which closes a half-open breaker however long the answer streams. It is a success only with its last byte: else
 * an upstream that breaks off every body would forgive itself with every head.
 */
function answered(own: Breaker, permit: Permit, reply: Reply, tookMs: number, mark: number): Outcome {
  const evidence = reply.status < 400 ? 'success' : 'alive';
  if (permit.probe) own.report(permit, 'alive', '', 0, tookMs);
  if (reply.body.whole() !== undefined) {
    own.report(permit, evidence, '', 0, tookMs);
    return reply;
  }
  const body = new TappedBody(reply.body, (how) => {
    if (how === undefined) own.report(permit, evidence, '', 0, tookMs);
    else if (how !== 'aborted' && isUpstreamFault(how)) own.report(permit, 'failure', describe(how), 0, tookMs, mark);
  });
  return { ...reply, body };
}

/** What a failed attempt says of the upstream (only its own faults count). */
export function evidenceOf(failed: Failure): Evidence {
  if (!isUpstreamFault(failed)) return 'void';
  if (failed.blame === 'ignore') return 'alive';
  return failed.blame === 'soft' ? 'soft' : 'failure';
}

function describe(failed: Failure): string {
  const status = failed.reply === undefined ? '' : ` ${failed.reply.status}`;
  return `${failed.rule ?? failed.code}${status} in ${failed.phase}`;
}

/** Refuses what goes out past the layers of its route (an upgrade) while its breaker is held open by hand. What a breaker does by itself it does for those whose failures it counts. */
export function byHand({ breakerOf, observe, observer }: Omit<BreakerParts, 'clock'>): (exchange: Exchange) => Failure | undefined {
  return (exchange) => {
    const own = breakerOf(exchange);
    if (own.state !== 'isolated') return undefined;
    if (!observe) return refusal(exchange.authority, own);
    observer.wouldHave(exchange, 'breaker', 'refused');
    return undefined;
  };
}

/** How an answer of ours names the state that it comes from. */
const WHY = { isolated: 'held open by hand', open: 'open', 'half-open': 'open', closed: 'letting traffic back gradually' } as const;

function refusal(authority: string, own: Breaker): Failure {
  return failure({
    code: 'destination_unavailable',
    phase: 'queue',
    kind: 'refused',
    replay: 'unsent',
    detail: `the circuit breaker for ${authority} is ${WHY[own.state]}`,
    own: true,
    retryAfterMs: Math.max(own.retryAfterMs, 1000),
  });
}
