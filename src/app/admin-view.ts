import type { AdminView, BreakerAction, Readiness } from '../admin/view.ts';
import type { Cache } from '../cache/cache.ts';
import type { Config } from '../config/schema.ts';
import { hostOfScope } from '../model/hosts.ts';
import type { AuthorityReading, BreakerReading, CacheReading, ConfigReading, ListenerReading, UpstreamReading } from '../model/status.ts';
import type { Generation } from './generation.ts';
import { version } from './version.ts';

/** What the admin listener asks of the app. */
export interface ViewSource {
  readonly generation: Generation;
  readonly readiness: Readiness;
  readonly configReading: ConfigReading;
  readonly listeners: readonly ListenerReading[];
  readonly cache: Cache;
  readonly authorityReading: AuthorityReading;
}

/** The running app as the admin listener and the gauges see it. */
export class AppView implements AdminView {
  readonly version = version();
  readonly startedAt: number;
  readonly #source: ViewSource;

  constructor(source: ViewSource, startedAt: number) {
    this.#source = source;
    this.startedAt = startedAt;
  }

  readiness(): Readiness {
    return this.#source.readiness;
  }

  upstreams(): readonly UpstreamReading[] {
    return this.#source.generation.runtimes.map(({ reading }) => reading);
  }

  listeners(): readonly ListenerReading[] {
    return this.#source.listeners;
  }

  config(): ConfigReading {
    return this.#source.configReading;
  }

  cache(): CacheReading {
    const { store, stats } = this.#source.cache;
    return { store: store.name, ...stats, problem: store.problem };
  }

  authority(): AuthorityReading {
    return this.#source.authorityReading;
  }

  effectiveConfig(): Config {
    return this.#source.generation.config;
  }

  openQuotas(upstream: string, scope: string | undefined): number {
    return this.#source.generation.runtimes.find(({ name }) => name === upstream)?.state.gates.open(scope) ?? 0;
  }

  breakerNames(upstream: string): readonly string[] {
    return this.#source.generation.runtimes.find(({ name }) => name === upstream)?.breakerNames ?? [];
  }

  actOnBreaker(upstream: string, breaker: string, action: BreakerAction, authority: string | undefined): readonly BreakerReading[] {
    const runtime = this.#source.generation.runtimes.find(({ name }) => name === upstream);
    if (runtime === undefined) return [];
    runtime.breakers.act(breaker, action, authority);
    return runtime.breakers.list.filter((reading) => isMeant(reading, breaker, authority));
  }
}

/** Whether a breaker is one that a name and an authority (a host, or all that its scope names) stand for. */
export function isMeant(reading: BreakerReading, breaker: string, authority: string | undefined): boolean {
  if (reading.breaker !== breaker) return false;
  return authority === undefined || reading.authority === authority || hostOfScope(reading.authority) === authority;
}
