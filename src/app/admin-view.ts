import type { AdminView, BreakerAction, Readiness } from '../admin/view.ts';
import type { Cache } from '../cache/cache.ts';
import type { Config } from '../config/schema.ts';
import type { AuthorityReading, BreakerReading, CacheReading, ConfigReading, ListenerReading, UpstreamReading } from '../model/status.ts';
import type { Breaker } from '../policy/breaker/breaker.ts';
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
    return { store: this.#source.cache.store.name, ...this.#source.cache.stats };
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
    for (const one of runtime.breakers.named(breaker, authority)) act(one, action);
    return runtime.breakers.list.filter((reading) => reading.breaker === breaker && (authority === undefined || reading.authority === authority));
  }
}

function act(breaker: Breaker, action: BreakerAction): void {
  if (action === 'trip') breaker.trip();
  else if (action === 'reset') breaker.reset();
  else breaker.isolate();
}
