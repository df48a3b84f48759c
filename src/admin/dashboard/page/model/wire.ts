// What the admin API says, as far as the page reads it. The server's own types stay on the server: they lead to Node's. That both agree is tested over a socket.

/** How a dependency, or the whole, is doing. */
export type Health = 'ok' | 'degraded' | 'down';

/** `/api/status`. Times of day are ISO 8601, by the server's clock. */
export interface StatusAnswer {
  readonly time: string;
  readonly status: Health;
  readonly version: string;
  readonly readiness: string;
  readonly uptimeSeconds: number;
  readonly dependencies: Readonly<Record<string, Dependency>>;
  readonly config: { readonly file?: string; readonly loadedAt: string | null; readonly lastReloadOk: boolean; readonly problems: readonly string[] };
  /** Null where nothing is intercepted. */
  readonly interception: { readonly status: 'ok' | 'warn'; readonly problem: string | null } | null;
  readonly warnings: readonly { readonly upstream: string; readonly route: string; readonly policy: string; readonly text: string }[];
  readonly internalErrors: number;
  readonly upstreams: readonly { readonly name: string; readonly hosts: readonly string[] }[];
}

/** One upstream in it. */
export interface Dependency {
  readonly status: Health;
  readonly evidence: string;
  readonly lastError: LastError | null;
  readonly lastSuccessAt: string | null;
  readonly errorRate: ErrorRate;
  readonly breakers: readonly Breaker[];
  readonly quotas: readonly { readonly scope: string; readonly rule: string; readonly retryAfterMs: number }[];
  readonly patience: readonly { readonly route: string; readonly patienceMs: number; readonly totalMs: number | null }[];
  readonly faults: readonly { readonly route: string; readonly text: string }[];
  readonly probe: { readonly ok: boolean; readonly latencyMs: number; readonly at: string } | null;
  readonly cacheHitRatio: number | null;
  readonly connections: { readonly open: number; readonly busy: number; readonly queued: number };
  readonly latencyMs: Latency | null;
  readonly routes: Readonly<Record<string, Route>>;
}

/** The last time that an upstream failed. */
export interface LastError {
  readonly code: string;
  readonly phase: string;
  readonly kind: string;
  readonly detail: string;
  readonly status?: number;
  readonly authority: string;
  readonly route: string;
  readonly at: string;
}

/** The share of failed attempts; nulls where there were none. */
export interface ErrorRate {
  readonly ratio: number | null;
  readonly failed: number;
  readonly samples: number;
  readonly windowSeconds: number;
  readonly interval: { readonly low: number; readonly high: number } | null;
}

/** Where a breaker stands. */
export interface Breaker {
  readonly breaker: string;
  readonly authority: string;
  /** One that observes refuses nothing. */
  readonly mode: 'enforce' | 'observe';
  readonly state: 'closed' | 'open' | 'half-open' | 'isolated';
  readonly retryAfterMs: number;
}

/** Quantiles of the last minutes, in milliseconds. */
export interface Latency {
  readonly samples: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

/** One route: quantiles and hit ratio of the last minutes, counts since the start. */
export interface Route extends Counts {
  readonly latencyMs: Latency | null;
  readonly cacheHitRatio: number | null;
}

/** What is counted of a route. */
export interface Counts {
  readonly requests: number;
  readonly failed: number;
  readonly departed: number;
  readonly retries: number;
  readonly cacheHits: number;
  readonly cacheMisses: number;
}

/** One of `/api/exchanges`. */
export interface ExchangeAnswer {
  readonly time: string;
  readonly id: string;
  readonly traceId?: string;
  readonly spanId?: string;
  readonly entry: string;
  readonly method: string;
  readonly upstream: string;
  readonly route: string;
  readonly authority: string;
  readonly path: string;
  readonly status: number;
  readonly outcome: string;
  readonly source: string;
  readonly cache?: string;
  readonly attempts: readonly AttemptAnswer[];
  readonly waitedMs: number;
  readonly elapsedMs: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly aborted: boolean;
  readonly failure?: { readonly code: string; readonly phase: string; readonly kind: string; readonly detail: string; readonly limit?: string };
}

/** One attempt of an exchange. */
export interface AttemptAnswer {
  readonly number: number;
  readonly status?: number;
  readonly phase?: string;
  readonly kind?: string;
  readonly code?: string;
  readonly detail?: string;
  readonly rule?: string;
  readonly upstreamId?: string;
  readonly elapsedMs: number;
  readonly connectMs: number;
  readonly firstByteMs: number;
  readonly reused: boolean;
}
