import { hostsOf, type RouteSettings, routesOf } from '../config/effective.ts';
import type { UpstreamConfig } from '../config/schema.ts';
import type { Clock } from '../model/clock.ts';
import type { Observer } from '../model/events.ts';
import type { Layer } from '../model/service.ts';
import type { UpstreamReading } from '../model/status.ts';
import { BreakerRegistry } from '../policy/breaker/registry.ts';
import type { Bulkhead } from '../policy/bulkhead.ts';
import { budgetFor, pipeline, type PipelineParts, placesFor } from '../policy/pipeline.ts';
import type { Target } from '../route/gateway.ts';
import { router } from '../route/router.ts';
import type { Resolver } from '../upstream/dns.ts';
import { attemptLimits, UpstreamPools } from '../upstream/pools.ts';
import { transport } from '../upstream/transport.ts';

/** What the upstreams of an app share. */
export interface RuntimeParts {
  readonly clock: Clock;
  readonly observer: Observer;
  readonly resolver: Resolver;
  /** The cache layer of a route, where it has one. */
  readonly cacheFor: (settings: RouteSettings, upstream: UpstreamConfig) => Layer | undefined;
}

/** Bytes of a request body that are kept to be sent again, where the configuration does not say. */
const BUFFER_LIMIT = 1024 * 1024;

/** One upstream at work: its connections, its breakers and budget, and the composed layers of its routes. */
export class UpstreamRuntime {
  readonly name: string;
  readonly config: UpstreamConfig;
  /** Tells its settings, CA file included, from others. */
  readonly fingerprint: string;
  readonly routes: readonly RouteSettings[];
  readonly hosts: readonly string[];
  readonly target: Target;
  readonly pools: UpstreamPools;
  readonly breakers: BreakerRegistry;
  readonly places: Bulkhead | undefined;

  constructor(name: string, config: UpstreamConfig, fingerprint: string, parts: RuntimeParts, _previous: UpstreamRuntime | undefined) {
    const { clock, observer } = parts;
    this.name = name;
    this.config = config;
    this.fingerprint = fingerprint;
    this.routes = routesOf(name, config);
    this.hosts = hostsOf(config);
    this.pools = new UpstreamPools(config, parts.resolver);
    this.breakers = new BreakerRegistry(name, clock, observer);
    this.places = placesFor(config.bulkhead, config.timeouts?.queue);
    const shared = { breakers: this.breakers, budget: budgetFor(config.retry, clock), places: this.places, clock, observer };
    const serve = router(this.routes.map((settings) => this.#route(settings, { ...shared, cache: parts.cacheFor(settings, config) })));
    this.target = { name, origin: originOf(config), bufferLimit: config.bufferLimit ?? BUFFER_LIMIT, serve };
  }

  /** How it stands now. */
  get reading(): UpstreamReading {
    return {
      name: this.name,
      hosts: this.hosts,
      routes: this.routes.map(({ name }) => name),
      breakers: this.breakers.list,
      pool: this.pools.stats,
      bulkhead: this.places?.stats,
      probe: undefined,
    };
  }

  /** Takes no new work: idle connections close now, the others when what runs on them has ended. */
  retire(): Promise<void> {
    return this.pools.close();
  }

  /** Closes every connection at once. */
  destroy(): Promise<void> {
    return this.pools.destroy();
  }

  #route(settings: RouteSettings, parts: PipelineParts): Parameters<typeof router>[0][number] {
    const context = { limits: attemptLimits(settings.timeouts), clock: parts.clock, observer: parts.observer };
    const service = pipeline(settings, parts, transport(this.pools.poolFor, context));
    return { name: settings.name, match: settings.match, streaming: settings.streaming, service };
  }
}

function originOf(config: UpstreamConfig): Target['origin'] {
  if (config.origin === undefined) return undefined;
  const { protocol, host } = new URL(config.origin);
  return { scheme: protocol === 'https:' ? 'https' : 'http', authority: host };
}
