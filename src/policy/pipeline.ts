import type { RouteSettings } from '../config/effective.ts';
import type { BulkheadConfig } from '../config/schema.ts';
import { compose, type Layer, type Service } from '../model/service.ts';
import { upstreamIdPlaces } from '../model/upstream-id.ts';
import { answer } from './answer.ts';
import {
  admitsBy,
  breakerFor,
  breakerOfRoute,
  bulkheadFor,
  type CoreParts,
  deadlineFor,
  quotaFor,
  retryFor,
  routeBulkheadFor,
  unhurriedFor,
} from './core-layers.ts';
import type { AttemptRecords } from './attempt-records.ts';
import type { Learned } from './learned.ts';
import type { Ledger } from './ledger.ts';
import type { SharedSends } from './shared-sends.ts';
import type { Notices } from './notices.ts';
import { fallbackFor, faultsFor, guardFor, hedgeFor, paceFor, patienceFor, resendFor, resumeFor } from './route-layers.ts';
import { usageReader } from './usage.ts';
import { verdict } from './verdict.ts';

/** What the routes of one upstream share. */
export interface SharedPolicies extends CoreParts {
  /** The upstream's own settings of its places. */
  readonly bulkhead?: BulkheadConfig | undefined;
  /** Where patience and injected faults are told, for /health. */
  readonly notices?: Notices | undefined;
  /** What the routes have learned. */
  readonly learned?: Learned | undefined;
  /** Where sendings are remembered whose client does not know what came of them. */
  readonly ledger?: (() => Ledger) | undefined;
  /** What other processes sent that may not be sent twice. */
  readonly sends?: (() => SharedSends | undefined) | undefined;
}

/** What a route's layers are made with. */
export interface PipelineParts extends SharedPolicies {
  /** The route's cache and invalidation; undefined where it has none. */
  readonly cache: Layer | undefined;
  /** Answers that were asked for ahead; absent where nothing is. */
  readonly prefetch?: Layer | undefined;
  /** Where the attempts of the route's transport wait to be judged, to be counted so; absent where nothing is counted. */
  readonly records?: AttemptRecords | undefined;
}

/** A layer of a route, with its name for people. */
export interface NamedLayer {
  readonly name: string;
  readonly layer: Layer;
}

/** Composes the layers of one route around its transport. */
export function pipeline(settings: RouteSettings, parts: PipelineParts, transport: Service): Service {
  return compose(
    layersOf(settings, parts).map(({ layer }) => layer),
    transport,
  );
}

/** The layers of one route. The only place where their order is written. Outermost first. */
export function layersOf(settings: RouteSettings, parts: PipelineParts): NamedLayer[] {
  const { clock } = parts;
  const breakerOf = breakerOfRoute(settings, parts);
  const guarded = guardFor(settings, parts);
  const { classify, pushback } = settings;
  const usage = usageReader(settings.upstream, settings.usage, parts);
  const ids = upstreamIdPlaces(settings.upstreamId)?.members;
  const judged = verdict({ classify, pushback, records: parts.records, guarded: guarded !== undefined, ids, usage }, clock);
  const pace = paceFor(settings, parts);
  const layers: [name: string, layer: Layer | undefined][] = [
    // sees what the client sees, so it is outside of everything
    ['patience', patienceFor(settings, parts)],
    // covers the waits between attempts, so it is outside of all of them
    ['deadline', deadlineFor(settings, clock)],
    // what comes out is an answer for the client; inside it failures are values
    ['answer', answer({ upstream: settings.upstream, errors: settings.errors, repeatable: settings.repeatable })],
    // answers for failures that all the others have left, and may ask the others again
    ['fallback', fallbackFor(settings, parts)],
    // what the client does not wait for any more still drops what it has made stale, so it is outside of the cache
    ['resend', resendFor(settings, parts, judged)],
    // what was asked for ahead needs no look into the cache, and what passes here is what a client sees of its rows
    ['prefetch', parts.prefetch],
    // a hit is no attempt, and an open breaker must not stop it
    ['cache', parts.cache],
    // what the cache fetches behind its client's back has the route's time, not the client's
    ['refresh', unhurriedFor(settings, parts)],
    // who waits for a turn takes no place
    ['pacing', pace.wait],
    // who waits for a place of the route takes none of the upstream's
    ['route bulkhead', routeBulkheadFor(settings, parts)],
    // admits what really goes out
    ['bulkhead', bulkheadFor(parts.bulkhead, parts.places, parts)],
    // a download keeps its place while it goes on, and each rest is sent again like a request of its own
    ['resume', resumeFor(settings, parts)],
    // counts attempts, so it is outside of all that acts on one
    ['retry', retryFor(settings, parts, breakerOf)],
    // its attempts run beside each other, each seen by the breaker, and fail together for the retry
    ['hedge', hedgeFor(settings, parts, admitsBy(settings, breakerOf))],
    // hears of every limit that the upstream tells, and makes a retry wait for it
    ['pace reports', pace.report],
    // one credential's used-up quota says nothing of the upstream, so it is outside of the breaker; it ends the retrying too
    ['quota', quotaFor(settings, parts)],
    // sees every attempt; shared by the routes of its group; open ends the retrying
    ['breaker', breakerFor(settings, parts, breakerOf)],
    // says what one attempt's answer means, so that those above need not know statuses
    ['verdict', judged],
    // a stream's failure before its first event is a failure for those above
    ['guard', guarded],
    // stands for the upstream
    ['faults', faultsFor(settings, parts)],
  ];
  return layers.flatMap(([name, layer]) => (layer === undefined ? [] : [{ name, layer }]));
}
