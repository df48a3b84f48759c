import { clientClosed, type Failure, failure } from '../../model/failure.ts';
import type { Exchange } from '../../model/exchange.ts';
import type { Outcome } from '../../model/outcome.ts';
import { after, type Answered, type Layer, type Service } from '../../model/service.ts';
import type { Identities } from '../identity.ts';
import { isSafe } from '../invalidate/targets.ts';
import { type CacheRequest, readRequest } from '../request.ts';
import { NOTHING_ASKED } from '../rules/directives.ts';
import { watchLate } from '../late-writes.ts';
import type { Prefetcher } from './prefetcher.ts';

/** A route before which answers are asked for. */
export interface PrefetchRoute {
  readonly identities: Identities;
  /** Sends a request of ours through the whole of its route. */
  readonly ask: Service;
  /** The operator says that no request of it changes anything, whatever its method. */
  readonly changesNothing: boolean;
  /** A request of it may be sent although no client has asked: nobody says that it must not be sent twice. */
  readonly askable: boolean;
}

/** Gives requests what was asked for ahead of them, and watches answers and writes for it. */
export function prefetchLayer(prefetcher: Prefetcher, route: PrefetchRoute): Layer {
  const { identities, ask, changesNothing, askable } = route;
  return (next) => (exchange) => {
    if (!isSafe(exchange.method)) {
      if (changesNothing) return next(exchange);
      return written(prefetcher, exchange, next);
    }
    // a stale answer is asked for, which is none of ours
    if (exchange.method !== 'GET' || exchange.staleUse === 'only' || exchange.body.kind !== 'none') return next(exchange);
    if (exchange.chained > 0 && !askable) return NOT_ASKED;
    const request = readRequest(exchange, prefetcher.settings.keyFor(exchange.path), identities);
    if (!isPlain(request)) return next(exchange);
    const { headers } = exchange;
    const seen = (outcome: Outcome): Outcome => prefetcher.passing({ exchange, request, headers, ask }, outcome);
    const pass = (): Answered => after(next(exchange), seen);
    const taken = exchange.chained === 0 ? prefetcher.take(exchange, request) : undefined;
    if (taken === undefined) return pass();
    return taken instanceof Promise
      ? taken.then((reply) => (reply !== undefined ? seen(reply) : exchange.aborted ? clientClosed('headers') : pass()))
      : seen(taken);
  };
}

/** A write, from its beginning until it has ended for good: one that timed out may still go on. */
function written(prefetcher: Prefetcher, exchange: Exchange, next: Service): Answered {
  let parts = 1;
  const over = prefetcher.writing();
  const partEnded = (): void => {
    parts--;
    if (parts === 0) over();
  };
  watchLate(exchange, { begun: () => void parts++, ended: partEnded });
  try {
    const outcome = next(exchange);
    if (outcome instanceof Promise) return outcome.finally(partEnded);
    partEnded();
    return outcome;
  } catch (bug) {
    partEnded();
    throw bug;
  }
}

/** For a request of ours on a route that says that a GET of it does something. */
const NOT_ASKED: Failure = failure({
  code: 'destination_unavailable',
  phase: 'queue',
  kind: 'refused',
  replay: 'unsent',
  detail: 'a request of this route is not made ahead: it is not repeatable',
  own: true,
});

/** Asked without conditions, so that an answer from a moment ago is as good as one from now. */
function isPlain({ directives, conditional, precondition, ranged, disguised }: CacheRequest): boolean {
  return directives === NOTHING_ASKED && !conditional && !precondition && !ranged && !disguised;
}
