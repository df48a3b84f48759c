import type { Exchange } from '../model/exchange.ts';
import { clientClosed } from '../model/failure.ts';
import type { Service } from '../model/service.ts';
import type { CacheParts } from './fetch.ts';
import { Launcher } from './launch.ts';
import type { Plan } from './plan.ts';
import { readRequest } from './request.ts';
import { reuse, standsIn, troubleOf } from './rules/reuse.ts';
import { NOTHING_SELECTED, select } from './select.ts';
import { NOTHING_STALE } from './serve.ts';
import type { RouteCacheSettings } from './settings.ts';
import type { Tagger } from './tag-names.ts';

/** The service of GET and HEAD on a route with `mode: observe`: stores what it would, sends everything on, and counts what the cache would have answered. */
export function observing(settings: RouteCacheSettings, parts: CacheParts, tagsOf: Tagger, next: Service): Service {
  const launcher = new Launcher(settings, parts, tagsOf, next);
  const { store, clock, observer, identities } = parts;
  return async (exchange) => {
    // asked for what is stored, and nothing is answered from that here
    if (exchange.staleUse === 'only') return NOTHING_STALE;
    const request = readRequest(exchange, settings.key, identities);
    const aside = request.precondition || request.directives.noStore || exchange.body.kind !== 'none';
    if (exchange.method === 'HEAD' || aside) return next(exchange);
    const { stored } = select(await store.lookup(request.key), exchange.headers, identities.hash);
    const verdict = stored === undefined ? 'validate' : reuse(stored, request.directives, clock.wallNow());
    if (verdict !== 'validate') observer.wouldHave(exchange, 'cache', verdict === 'fresh' ? 'hit' : 'stale');
    const landed = await launcher.launch(exchange, request, NOTHING_SELECTED, asItIs(exchange), undefined).join(exchange, clock.now());
    if (landed.kind === 'reply') return landed.reply;
    if (landed.kind !== 'failure') return clientClosed('headers');
    if (
      stored !== undefined &&
      standsIn(stored, request.directives, clock.wallNow(), troubleOf(landed.failure), settings.overrides.staleIfErrorMs !== undefined)
    )
      observer.wouldHave(exchange, 'cache', 'stood_in');
    return landed.failure;
  };
}

function asItIs({ headers }: Exchange): Plan {
  return { forward: 'bypass', headers, validates: false, answersConditions: false, alone: true, gap: undefined, otherwise: headers };
}
