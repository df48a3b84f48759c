import { type EgressPath, hostsOf, originOf, type RouteSettings, routesOf } from '../config/effective.ts';
import type { UpstreamConfig } from '../config/schema.ts';
import type { Clock } from '../model/clock.ts';
import type { Observer } from '../model/events.ts';
import type { Exchange } from '../model/exchange.ts';
import type { Failure } from '../model/failure.ts';
import type { Layer, Service } from '../model/service.ts';
import type { UpstreamReading } from '../model/status.ts';
import { upstreamIdPlaces } from '../model/upstream-id.ts';
import type { BreakerRegistry } from '../policy/breaker/registry.ts';
import { type AnswerOptions, errorReply } from '../policy/answer.ts';
import { AttemptRecords } from '../policy/attempt-records.ts';
import { refusedByHand } from '../policy/core-layers.ts';
import { pipeline, type PipelineParts } from '../policy/pipeline.ts';
import type { Pseudonym } from '../policy/pseudonym.ts';
import { UpstreamState } from '../policy/upstream-state.ts';
import type { UpstreamSharing } from '../policy/sharing.ts';
import type { Dialing, Target, UpgradeBounds } from '../route/gateway.ts';
import { type RoutedService, routeFinder, router } from '../route/router.ts';
import type { Resolver } from '../upstream/dns.ts';
import { attemptLimits, UpstreamPools } from '../upstream/pools.ts';
import { Probe, type ProbeResult } from '../upstream/probe.ts';
import { transport } from '../upstream/transport.ts';

/** What the upstreams of an app share. */
export interface RuntimeParts {
  /** How the connections of the upstream leave; absent: all are dialled directly. */
  readonly egress?: EgressPath | undefined;
  readonly clock: Clock;
  readonly observer: Observer;
  readonly resolver: Resolver;
  /** Names the values of requests in scopes and keys: one for all upstreams, and through all reloads. */
  readonly pseudonymOf: Pseudonym;
  /** How each upstream's policies reach those of other processes; absent where there is one. */
  readonly sharingFor?: (upstream: string) => UpstreamSharing;
  /** False where another process runs the active probes and tells what they found. */
  readonly probes?: boolean;
  /** The cache layer of a route, where it has one. */
  readonly cacheFor: (settings: RouteSettings, upstream: UpstreamConfig) => Layer | undefined;
  /** The layer of a route that gives answers asked for ahead, where it has one; `ask` asks. */
  readonly prefetchFor: (settings: RouteSettings, upstream: UpstreamConfig, ask: Service) => Layer | undefined;
}

/** Active probes that have to fail in a row to open the breakers, where the configuration does not say. */
const PROBE_FAILURES = 2;
/** Probes are no exchanges: their attempts are counted nowhere. */
const UNCOUNTED = { attemptEnded: () => undefined };

/** Bytes of a request body that are kept to be sent again, where the configuration does not say. */
const BUFFER_LIMIT = 1024 * 1024;

interface Route extends RoutedService, UpgradeBounds {
  readonly refuses: (exchange: Exchange) => Failure | undefined;
  readonly answering: AnswerOptions;
}

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
  readonly state: UpstreamState;
  /** Undefined where none is configured. */
  readonly probe: Probe | undefined;
  readonly #observer: Observer;
  #started = false;

  constructor(name: string, config: UpstreamConfig, fingerprint: string, parts: RuntimeParts, previous: UpstreamRuntime | undefined) {
    const { clock, observer, pseudonymOf } = parts;
    this.#observer = observer;
    this.name = name;
    this.config = config;
    this.fingerprint = fingerprint;
    this.routes = routesOf(name, config);
    this.hosts = hostsOf(config);
    const connected = { ...config, egress: parts.egress };
    this.pools = previous?.pools.successor(connected) ?? new UpstreamPools(connected, parts.resolver, clock);
    this.state = new UpstreamState(name, config, clock, observer, parts.sharingFor?.(name));
    if (previous !== undefined) this.state.adopt(previous.state);
    const { breakers, budget, gates, clientRetries, places, notices, learned, ledger, sends } = this.state;
    const { leastMs } = this.pools;
    const known = { breakers, budget, gates, clientRetries, places, notices, learned, ledger, sends };
    const shared = { ...known, bulkhead: config.bulkhead, leastMs, pseudonymOf, clock, observer };
    const ask: Service = (exchange) => this.target.serve(exchange);
    const routes = this.routes.map((settings) =>
      this.#route(settings, { ...shared, cache: parts.cacheFor(settings, config), prefetch: parts.prefetchFor(settings, config, ask) }),
    );
    const routeOf = routeFinder(routes);
    const dialing: Dialing = {
      dialFor: (authority, scheme) => this.pools.dialFor(authority, scheme),
      resolver: parts.resolver,
      boundsOf: routeOf,
      refuses: (exchange) => routeOf(exchange).refuses(exchange),
    };
    this.target = {
      name,
      origin: originOf(config),
      bufferLimit: config.bufferLimit ?? BUFFER_LIMIT,
      serve: router(routes, routeOf),
      answer: (exchange, failed) => errorReply(failed, exchange, routeOf(exchange).answering),
      keepsLocation: config.rewriteLocation === false,
      dialing,
    };
    this.probe = parts.probes === false ? undefined : this.#probe(clock, observer);
  }

  /** Its breakers, by name and host. */
  get breakers(): BreakerRegistry {
    return this.state.breakers;
  }

  /** Names of its breakers, whether or not they have been used yet. */
  get breakerNames(): readonly string[] {
    return this.breakers.names;
  }

  /** Begins what it does by itself, once its configuration is at work. Harmless where that has begun. */
  start(): void {
    if (this.#started) return;
    this.#started = true;
    this.state.notices.warn(this.#observer);
    this.probe?.start();
  }

  /** It is at work no more: nothing that it does has to be warned of. Before what takes its place starts. */
  takeBackWarnings(): void {
    this.state.notices.takeBack(this.#observer);
  }

  /** How it stands now. */
  get reading(): UpstreamReading {
    return {
      name: this.name,
      hosts: this.hosts,
      routes: this.routes.map(({ name }) => name),
      breakers: this.breakers.list,
      pool: this.pools.stats,
      bulkhead: this.state.places?.stats,
      probe: this.probe?.last,
      quotas: this.state.gates.list,
      patience: this.state.notices.patience,
      faults: this.state.notices.faults,
    };
  }

  /** Takes no new work: idle connections close now, the others when what runs on them has ended. All stay where one of those that are at work goes on with them. */
  retire(atWork: readonly UpstreamRuntime[]): Promise<void> {
    this.probe?.stop();
    this.breakers.retire(atWork.find(({ name }) => name === this.name)?.breakers);
    return atWork.some(({ pools }) => pools === this.pools) ? Promise.resolve() : this.pools.close();
  }

  /** Takes no new work and settles when what runs has ended: sends whose client has left go on for their answer. */
  finish(): Promise<void> {
    this.probe?.stop();
    return this.pools.finish();
  }

  /** Closes every connection at once. */
  destroy(): Promise<void> {
    this.probe?.stop();
    return this.pools.destroy();
  }

  #probe(clock: Clock, observer: Observer): Probe | undefined {
    const { probe } = this.config;
    const { origin } = this.target;
    if (probe === undefined || origin === undefined) return undefined;
    const limits = attemptLimits(this.config.timeouts ?? {});
    const service = transport(this.pools.poolFor, { limits, clock, observer: UNCOUNTED });
    const told = ({ ok, what }: ProbeResult): void =>
      this.breakers.probed(origin.authority, ok, what, made.leaseMs, probe.failures ?? PROBE_FAILURES);
    const wanted = (): boolean => probe.when !== 'open' || this.breakers.troubled(origin.authority);
    const made: Probe = new Probe({ upstream: this.name, ...origin }, probe, service, clock, told, wanted, (bug) => observer.internalError(bug));
    return made;
  }

  #route(settings: RouteSettings, parts: PipelineParts): Route {
    const records = new AttemptRecords(parts.observer);
    const limits = attemptLimits(settings.timeouts);
    const context = { limits, clock: parts.clock, observer: records, idFields: upstreamIdPlaces(settings.upstreamId)?.fields };
    const service = pipeline(settings, { ...parts, records }, transport(this.pools.poolFor, context));
    const { name, match, streaming, timeouts, upstream, errors, repeatable } = settings;
    const answering = { upstream, errors, repeatable };
    return { name, match, streaming, service, refuses: refusedByHand(settings, parts), answering, limits, totalMs: timeouts.total ?? Infinity };
  }
}
