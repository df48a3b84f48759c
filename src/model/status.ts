import type { BreakerState } from './events.ts';

/** Whether a breaker refuses, or counts what it would have refused. */
export type BreakerMode = 'enforce' | 'observe';

/** Where a breaker stands. */
export interface BreakerReading {
  readonly upstream: string;
  readonly breaker: string;
  /** The host, and what else the breaker's scope names. */
  readonly authority: string;
  /** One whose open time is over is half-open, although no request has tried it yet. */
  readonly state: BreakerState;
  /** Milliseconds until it lets a probe through; 0 where it admits. */
  readonly retryAfterMs: number;
  /** When it closed last, in milliseconds since the epoch; undefined where it never did. */
  readonly closedAt?: number | undefined;
  /** Routes whose attempts it counts. */
  readonly routes?: readonly string[] | undefined;
  /** Whether it refuses what it would: `observe` where all its routes let everything through and only count. `enforce` where it is not said. */
  readonly mode?: BreakerMode | undefined;
}

/** Connections of an upstream, over all its hosts. */
export interface PoolReading {
  readonly open: number;
  readonly busy: number;
  /** Exchanges that wait for a connection. */
  readonly queued: number;
}

/** Places of an upstream. */
export interface BulkheadReading {
  readonly active: number;
  readonly queued: number;
}

/** The last active probe of an upstream that is probed now. */
export interface ProbeReading {
  readonly ok: boolean;
  readonly latencyMs: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** A quota that an upstream has said is used up: what belongs to it is answered at once. */
export interface QuotaReading {
  /** What it belongs to: host, model, pseudonyms of credentials. */
  readonly scope: string;
  /** The rule that found it. */
  readonly rule: string;
  /** Milliseconds until it resets. */
  readonly retryAfterMs: number;
}

/** How long the clients of a route are known to wait. */
export interface PatienceReading {
  readonly route: string;
  /** Milliseconds after which they leave. */
  readonly patienceMs: number;
  /** The route's `total`; Infinity where it has none. */
  readonly totalMs: number;
  /** Departures that show it. */
  readonly departures: number;
}

/** Faults that are injected on a route. */
export interface FaultReading {
  readonly route: string;
  /** What they do, for people. */
  readonly text: string;
}

/** One upstream as it runs now. */
export interface UpstreamReading {
  readonly name: string;
  readonly hosts: readonly string[];
  readonly routes: readonly string[];
  readonly breakers: readonly BreakerReading[];
  readonly pool: PoolReading;
  /** Undefined where nothing limits the upstream's places. */
  readonly bulkhead: BulkheadReading | undefined;
  /** Undefined where none is configured or has run yet, or none is wanted now. */
  readonly probe: ProbeReading | undefined;
  readonly quotas: readonly QuotaReading[];
  readonly patience: readonly PatienceReading[];
  readonly faults: readonly FaultReading[];
}

/** A listener and the client connections that are open on it. */
export interface ListenerReading {
  /** `proxy`, `admin`, or the name of the upstream whose own port it is. */
  readonly listener: string;
  readonly connections: number;
}

/** The configuration at work, and what came of the last try to replace it. */
export interface ConfigReading {
  /** Undefined where it runs without a file. */
  readonly file: string | undefined;
  /** When the configuration at work was loaded, in milliseconds since the epoch. */
  readonly loadedAt: number;
  /** False where the last reload was refused and the configuration before it still holds. */
  readonly lastReloadOk: boolean;
  /** Why it was refused, one line each. */
  readonly problems: readonly string[];
}

/** The local certificate authority, which tunnels of clients are intercepted with, as it was when it was last needed. */
export interface AuthorityReading {
  readonly directory: string;
  /** Why it cannot be used; undefined where it can, or nobody has tried yet. */
  readonly problem: string | undefined;
  /** What is wrong with a usable one, and what to do. */
  readonly warning: string | undefined;
  /** Whether a client was refused its tunnel for the problem. */
  readonly missed: boolean;
  /** Milliseconds since the epoch; 0 where nobody has tried yet. */
  readonly triedAt: number;
}

/** The cache's store as it stands now. */
export interface CacheReading {
  /** `memory`, `sqlite` or `redis`. */
  readonly store: string;
  /** Stored answers; undefined where the store cannot tell at no cost. */
  readonly entries: number | undefined;
  readonly bytes: number | undefined;
  /** Answers dropped to make room, since the start. */
  readonly evictions: number;
  /** Operations of the store that failed and were taken as a miss, since the start. */
  readonly errors: number;
  /** What keeps it from being used; undefined where nothing does. */
  readonly problem?: string | undefined;
}

/** What the running app says of itself when asked. Every call answers at once from memory; nothing here touches an upstream. */
export interface AppReadings {
  upstreams(): readonly UpstreamReading[];
  listeners(): readonly ListenerReading[];
  config(): ConfigReading;
  /** Undefined where there is no cache. */
  cache?(): CacheReading;
  /** Undefined where nothing is intercepted. */
  authority?(): AuthorityReading;
}
