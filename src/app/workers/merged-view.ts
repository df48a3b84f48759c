import type { AdminView, BreakerAction, Readiness } from '../../admin/view.ts';
import type { Config } from '../../config/schema.ts';
import type { BreakerReading, CacheReading, ConfigReading, ListenerReading, UpstreamReading } from '../../model/status.ts';
import { version } from '../version.ts';
import type { WorkerSnapshot } from './protocol.ts';

/** What the view asks of the primary. */
export interface MergedSource {
  readonly readiness: Readiness;
  readonly configReading: ConfigReading;
  readonly config: Config;
  readonly adminConnections: number;
  /** What each worker said last. */
  readonly snapshots: readonly WorkerSnapshot[];
  act(upstream: string, breaker: string, action: BreakerAction, authorities: readonly string[]): Promise<void>;
}

/** All workers as one app. */
export class MergedView implements AdminView {
  readonly version = version();
  readonly startedAt = Date.now();
  readonly #source: MergedSource;

  constructor(source: MergedSource) {
    this.#source = source;
  }

  readiness(): Readiness {
    return this.#source.readiness;
  }

  config(): ConfigReading {
    return this.#source.configReading;
  }

  effectiveConfig(): unknown {
    return this.#source.config;
  }

  upstreams(): readonly UpstreamReading[] {
    const all = this.#source.snapshots.flatMap(({ upstreams }) => upstreams);
    return [...new Set(all.map(({ name }) => name))].map((name) => all.filter((one) => one.name === name).reduce(mergedUpstream));
  }

  listeners(): readonly ListenerReading[] {
    const proxy = this.#source.snapshots.flatMap(({ listeners }) => listeners).filter(({ listener }) => listener === 'proxy');
    const connections = proxy.reduce((sum, one) => sum + one.connections, 0);
    return [
      { listener: 'proxy', connections },
      { listener: 'admin', connections: this.#source.adminConnections },
    ];
  }

  cache(): CacheReading {
    const [first, ...others] = this.#source.snapshots.map(({ cache }) => cache);
    return others.reduce(mergedCache, first ?? { store: 'memory', entries: 0, bytes: 0, evictions: 0, errors: 0 });
  }

  async actOnBreaker(
    upstream: string,
    breaker: string,
    action: BreakerAction,
    authority: string | undefined,
  ): Promise<readonly BreakerReading[] | undefined> {
    const names = this.#source.snapshots.flatMap(({ breakerNames }) => breakerNames.filter((one) => one.upstream === upstream));
    if (!names.some((one) => one.breaker === breaker)) return undefined;
    const known = this.#named(upstream, breaker).map((one) => one.authority);
    await this.#source.act(upstream, breaker, action, authority === undefined ? known : [authority]);
    return this.#named(upstream, breaker).filter((one) => authority === undefined || one.authority === authority);
  }

  #named(upstream: string, breaker: string): BreakerReading[] {
    return this.upstreams()
      .filter(({ name }) => name === upstream)
      .flatMap(({ breakers }) => breakers.filter((one) => one.breaker === breaker));
  }
}

function mergedUpstream(a: UpstreamReading, b: UpstreamReading): UpstreamReading {
  const pool = { open: a.pool.open + b.pool.open, busy: a.pool.busy + b.pool.busy, queued: a.pool.queued + b.pool.queued };
  const probe = (b.probe?.at ?? -Infinity) > (a.probe?.at ?? -Infinity) ? b.probe : a.probe;
  const bulkhead =
    a.bulkhead === undefined || b.bulkhead === undefined
      ? (a.bulkhead ?? b.bulkhead)
      : { ...a.bulkhead, active: a.bulkhead.active + b.bulkhead.active, queued: a.bulkhead.queued + b.bulkhead.queued };
  return { ...a, breakers: mergedBreakers(a.breakers, b.breakers), pool, bulkhead, probe };
}

/** While a worker tries probes the others' breakers are open: what it does is what all do. */
const RANK = { closed: 0, open: 1, 'half-open': 2, isolated: 3 } as const;

function mergedBreakers(a: readonly BreakerReading[], b: readonly BreakerReading[]): BreakerReading[] {
  const merged = new Map(a.map((one) => [`${one.breaker} ${one.authority}`, one]));
  for (const one of b) {
    const key = `${one.breaker} ${one.authority}`;
    const known = merged.get(key);
    if (known === undefined || RANK[one.state] > RANK[known.state]) merged.set(key, one);
  }
  return [...merged.values()];
}

function mergedCache(a: CacheReading, b: CacheReading): CacheReading {
  const own = a.store === 'memory';
  // a store that is shared says the same to all
  const sum = (x: number | undefined, y: number | undefined): number | undefined =>
    x === undefined || y === undefined ? undefined : own ? x + y : x;
  return {
    ...a,
    entries: sum(a.entries, b.entries),
    bytes: sum(a.bytes, b.bytes),
    evictions: a.evictions + b.evictions,
    errors: a.errors + b.errors,
  };
}
