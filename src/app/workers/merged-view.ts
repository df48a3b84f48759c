import type { AdminView, BreakerAction, Readiness } from '../../admin/view.ts';
import type { Config } from '../../config/schema.ts';
import type {
  AuthorityReading,
  BreakerReading,
  CacheReading,
  ConfigReading,
  ListenerReading,
  PatienceReading,
  QuotaReading,
  UpstreamReading,
} from '../../model/status.ts';
import { isMeant } from '../admin-view.ts';
import { version } from '../version.ts';
import type { CacheCounts } from './counts.ts';
import type { WorkerSnapshot } from './protocol.ts';

/** What the view asks of the primary. */
export interface MergedSource {
  readonly readiness: Readiness;
  readonly configReading: ConfigReading;
  readonly config: Config;
  readonly adminConnections: number;
  /** What came of it in the primary. */
  readonly authorityReading: AuthorityReading;
  /** What the caches of workers that have ended had counted. */
  readonly endedCaches: CacheCounts;
  /** What each worker said last. */
  readonly snapshots: readonly WorkerSnapshot[];
  act(upstream: string, breaker: string, action: BreakerAction, authority: string | undefined): Promise<void>;
  /** Forgets used-up quotas in all workers: how many there were in any of them. */
  openQuotas(upstream: string, scope: string | undefined): Promise<number>;
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

  effectiveConfig(): Config {
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
    const { evictions, errors } = this.#source.endedCaches;
    const live = others.reduce(mergedCache, first ?? { store: this.#source.config.cache.store, entries: 0, bytes: 0, evictions: 0, errors: 0 });
    return { ...live, evictions: live.evictions + evictions, errors: live.errors + errors };
  }

  /** All have one directory: whoever tried last knows how it is. What is told of a usable one the primary alone looks at. */
  authority(): AuthorityReading {
    const own = this.#source.authorityReading;
    const last = this.#source.snapshots.map(({ authority }) => authority).reduce((a, b) => (b.triedAt > a.triedAt ? b : a), own);
    return { ...last, warning: own.warning };
  }

  openQuotas(upstream: string, scope: string | undefined): Promise<number> {
    return this.#source.openQuotas(upstream, scope);
  }

  breakerNames(upstream: string): readonly string[] {
    const all = this.#source.snapshots.flatMap(({ breakerNames }) => breakerNames.filter((one) => one.upstream === upstream));
    return [...new Set(all.map(({ breaker }) => breaker))];
  }

  async actOnBreaker(upstream: string, breaker: string, action: BreakerAction, authority: string | undefined): Promise<readonly BreakerReading[]> {
    await this.#source.act(upstream, breaker, action, authority);
    const found = this.upstreams().find(({ name }) => name === upstream);
    return found?.breakers.filter((reading) => isMeant(reading, breaker, authority)) ?? [];
  }
}

function mergedUpstream(a: UpstreamReading, b: UpstreamReading): UpstreamReading {
  const pool = { open: a.pool.open + b.pool.open, busy: a.pool.busy + b.pool.busy, queued: a.pool.queued + b.pool.queued };
  const probe = (b.probe?.at ?? -Infinity) > (a.probe?.at ?? -Infinity) ? b.probe : a.probe;
  const bulkhead =
    a.bulkhead === undefined || b.bulkhead === undefined
      ? (a.bulkhead ?? b.bulkhead)
      : { ...a.bulkhead, active: a.bulkhead.active + b.bulkhead.active, queued: a.bulkhead.queued + b.bulkhead.queued };
  const quotas = mergedBy(a.quotas, b.quotas, ({ scope }) => scope, longer);
  const patience = mergedBy(a.patience, b.patience, ({ route }) => route, surer);
  return { ...a, breakers: mergedBreakers(a.breakers, b.breakers), pool, bulkhead, probe, quotas, patience };
}

const longer = (one: QuotaReading, other: QuotaReading): QuotaReading => (other.retryAfterMs > one.retryAfterMs ? other : one);
/** Each worker learns from its own clients. */
const surer = (one: PatienceReading, other: PatienceReading): PatienceReading => (other.departures > one.departures ? other : one);

/** What two workers know of the same: `better` of both. */
function mergedBy<T>(a: readonly T[], b: readonly T[], nameOf: (one: T) => string, better: (one: T, other: T) => T): T[] {
  const merged = new Map(a.map((one) => [nameOf(one), one]));
  for (const one of b) {
    const known = merged.get(nameOf(one));
    merged.set(nameOf(one), known === undefined ? one : better(known, one));
  }
  return [...merged.values()];
}

/** While a worker tries probes the others' breakers are open: what it does is what all do. */
const RANK = { closed: 0, open: 1, 'half-open': 2, isolated: 3 } as const;

function mergedBreakers(a: readonly BreakerReading[], b: readonly BreakerReading[]): BreakerReading[] {
  const further = (one: BreakerReading, other: BreakerReading): BreakerReading =>
    RANK[other.state] > RANK[one.state] || (other.state === one.state && (other.closedAt ?? 0) > (one.closedAt ?? 0)) ? other : one;
  return mergedBy(a, b, ({ breaker, authority }) => `${breaker} ${authority}`, further);
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
    problem: a.problem ?? b.problem,
  };
}
