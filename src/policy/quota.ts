import type { Clock } from '../model/clock.ts';
import type { Observer } from '../model/events.ts';
import type { Exchange } from '../model/exchange.ts';
import { type Failure, failure } from '../model/failure.ts';
import { after, type Layer } from '../model/service.ts';
import type { QuotaReading } from '../model/status.ts';
import type { QuotaGates } from './quota-gates.ts';
import type { Scope } from './scope.ts';

/** What a quota layer is made with. */
export interface QuotaParts {
  readonly upstream: string;
  readonly gates: QuotaGates;
  readonly scopeOf: Scope;
  /** Lets everything through, and counts what it would have refused. */
  readonly observe: boolean;
  readonly clock: Clock;
  readonly observer: Observer;
}

/**
 * Answers at once what belongs to a quota that the upstream has said is used up, until it resets; everything else goes on. It is no breaker: an upstream that
 * limits one credential or model is well.
 */
export function quota(parts: QuotaParts): Layer {
  const { gates, scopeOf, observe, observer } = parts;
  return (next) => (exchange) => {
    const closed = gates.size === 0 ? undefined : gates.closed(scopeOf(exchange));
    if (closed !== undefined && !observe) {
      observer.acted(exchange, 'quota', 'refused');
      return refusal(closed);
    }
    if (closed !== undefined) observer.wouldHave(exchange, 'quota', 'refused');
    return after(next(exchange), (outcome) => {
      if (outcome.type === 'failure' && outcome.quotaMs !== undefined && outcome.quotaMs > 0) close(parts, exchange, outcome, outcome.quotaMs);
      return outcome;
    });
  };
}

function close({ upstream, gates, scopeOf, clock, observer }: QuotaParts, exchange: Exchange, failed: Failure, forMs: number): void {
  const rule = failed.rule ?? failed.code;
  if (!gates.close(scopeOf(exchange), forMs, rule)) return;
  const until = new Date(clock.wallNow() + forMs).toISOString();
  observer.warned(
    upstream,
    exchange.route,
    'quota',
    `a quota is used up (${rule}): requests of its scope are answered at once until ${until}`,
    exchange,
  );
}

function refusal({ rule, retryAfterMs }: QuotaReading): Failure {
  return failure({
    code: 'request_paced',
    phase: 'queue',
    kind: 'refused',
    replay: 'unsent',
    detail: `a quota is used up (${rule}) and resets in ${Math.ceil(retryAfterMs / 1000)} s`,
    own: true,
    retryAfterMs,
    rule,
  });
}
