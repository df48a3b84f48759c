import type { Layer, Service } from '../model/service.ts';
import type { CacheParts } from './fetch.ts';
import type { Tables } from './invalidate/tables.ts';
import { isSafe } from './invalidate/targets.ts';
import { observing } from './observing.ts';
import { mayAnswerGet, storingPosted } from './posted.ts';
import { Reader } from './reader.ts';
import { NOTHING_STALE } from './serve.ts';
import type { RouteCacheSettings } from './settings.ts';
import { routeTag, scopedTag, type Tagger, upstreamTag, urlTag } from './tag-names.ts';
import { type Write, writer, type WriterOptions } from './writer.ts';

/** What a route does with the cache. */
export interface RouteCache {
  /** How it caches its reads; undefined where it does not. */
  readonly reads: RouteCacheSettings | undefined;
  readonly writes: WriterOptions;
  readonly tables: Tables | undefined;
}

/** Puts the cache around the upstream of a route: its reads, if it caches them, and what its writes drop. */
export function cacheLayer(route: RouteCache, parts: CacheParts): Layer {
  const { reads, writes, tables } = route;
  return (next) => {
    const write = writer(writes, next);
    const pass: Write = (exchange, own) => {
      // asked for what is stored, not for the upstream
      if (exchange.staleUse === 'only') return NOTHING_STALE;
      return isSafe(exchange.method) ? next(exchange) : write(exchange, own);
    };
    if (reads === undefined) return pass;
    const tagsOf = tagger(reads, tables);
    const upstream = tables === undefined ? next : learning(tables, next);
    const serve = reads.observe ? observing(reads, parts, tagsOf, upstream) : new Reader(reads, parts, tagsOf, upstream).serve;
    const post = storingPosted(reads, parts, tagsOf, pass);
    return (exchange) => {
      if (exchange.method === 'GET' || exchange.method === 'HEAD') return serve(exchange);
      return mayAnswerGet(exchange.method) && tables?.covers(exchange) !== true ? post(exchange) : pass(exchange);
    };
  };
}

function tagger(reads: RouteCacheSettings, tables: Tables | undefined): Tagger {
  // the same texts for all answers of the route
  const own = [upstreamTag(reads.upstream), routeTag(reads.upstream, reads.route)];
  return (exchange, url) => {
    const surrogates = reads.tagsOf(exchange).map((tag) => scopedTag(reads.upstream, tag));
    return [...own, urlTag(url), ...surrogates, ...(tables?.readTags(exchange) ?? [])];
  };
}

/** Notes which names of a read are tables: it found one. */
function learning(tables: Tables, next: Service): Service {
  return async (exchange) => {
    const outcome = await next(exchange);
    if (outcome.type === 'reply' && outcome.status < 300) tables.learn(exchange);
    return outcome;
  };
}
