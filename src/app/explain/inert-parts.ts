import type { RouteSettings } from '../../config/effective.ts';
import type { UpstreamConfig } from '../../config/schema.ts';
import type { Clock } from '../../model/clock.ts';
import type { Observer } from '../../model/events.ts';
import type { Layer } from '../../model/service.ts';
import type { PipelineParts } from '../../policy/pipeline.ts';
import { pseudonyms } from '../../policy/pseudonym.ts';
import { UpstreamState } from '../../policy/upstream-state.ts';

/** Explaining tells no scope's name to anyone. */
const NO_SECRET = new Uint8Array(0);

/** What a route's layers are made with, fresh: nothing has failed yet, nothing is shared with a running upstream. */
export function inertParts(config: UpstreamConfig, settings: RouteSettings, clock: Clock, observer: Observer, cache?: Layer): PipelineParts {
  const { breakers, budget, gates, clientRetries, places } = new UpstreamState(settings.upstream, config, clock, observer);
  return { breakers, budget, gates, clientRetries, places, bulkhead: config.bulkhead, pseudonymOf: pseudonyms(NO_SECRET), cache, clock, observer };
}
