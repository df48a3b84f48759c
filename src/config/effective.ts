import { isObject } from '../model/json.ts';
import { withBreakerNames } from './breaker-names.ts';
import type {
  BreakerConfig,
  BulkheadConfig,
  CacheConfig,
  Config,
  ClassifyRule,
  ErrorsConfig,
  FallbackConfig,
  FaultConfig,
  GuardConfig,
  HedgeConfig,
  InvalidateConfig,
  MatchConfig,
  PaceConfig,
  PatienceConfig,
  PushbackRule,
  QuotaConfig,
  ResendConfig,
  ResumeConfig,
  RetryConfig,
  TimeoutsConfig,
  UpstreamConfig,
  UsageConfig,
} from './schema.ts';

/** Everything that holds on one route, the upstream's settings and the route's own put together. Absent policies are absent layers. */
export interface RouteSettings {
  readonly upstream: string;
  /** The route's name; `default` for what no route of the upstream matches. */
  readonly name: string;
  readonly match: MatchConfig | undefined;
  readonly timeouts: TimeoutsConfig;
  readonly retry: RetryConfig | undefined;
  /** Its `group` is the name of the breaker: routes with the same one have the same settings of it. */
  readonly breaker: BreakerConfig | undefined;
  readonly quota: QuotaConfig | undefined;
  /** The route's own places, besides the upstream's. */
  readonly bulkhead: BulkheadConfig | undefined;
  readonly cache: CacheConfig | undefined;
  readonly errors: ErrorsConfig;
  readonly classify: readonly ClassifyRule[];
  readonly pushback: readonly PushbackRule[];
  readonly hedge: HedgeConfig | undefined;
  readonly resume: ResumeConfig | undefined;
  readonly fallback: FallbackConfig | undefined;
  readonly resend: ResendConfig | undefined;
  readonly patience: PatienceConfig | undefined;
  readonly guard: GuardConfig | undefined;
  readonly pace: readonly PaceConfig[];
  readonly faults: readonly FaultConfig[];
  readonly repeatable: boolean | undefined;
  readonly streaming: boolean;
  readonly invalidate: InvalidateConfig | undefined;
  readonly upstreamId: readonly string[] | undefined;
  readonly usage: readonly UsageConfig[];
}

/** Timeouts that hold where neither file nor preset says another. */
export const DEFAULT_TIMEOUTS: TimeoutsConfig = { queue: 5000, connect: 5000, tls: 5000, send: 30_000, headers: 60_000, idle: 60_000 };

/** `over`'s keys replace `base`'s, one by one and one level into nested objects; undefined where neither is there. */
function cascade<T extends object>(base: T | undefined, over: T | undefined): T | undefined {
  if (base === undefined || over === undefined) return over ?? base;
  const merged = { ...base } as Record<string, unknown>;
  for (const [key, value] of Object.entries(over)) {
    const old = merged[key];
    const nest = isObject(old) && isObject(value);
    merged[key] = nest ? { ...old, ...value } : value;
  }
  return merged as T;
}

/** Whether a policy is there and not turned off. */
export function isOn<Policy extends { readonly enabled?: boolean | undefined }>(policy: Policy | undefined): policy is Policy {
  return policy !== undefined && policy.enabled !== false;
}

/** The routes of one upstream in the order in which they are tried, the upstream's own settings (`default`) last. */
export function routesOf(name: string, upstream: UpstreamConfig): RouteSettings[] {
  const routes = (upstream.routes ?? []).map((route, index) => ({ ...route, name: route.name ?? routeName(route.match, index) }));
  const all = [...routes, { name: 'default', match: undefined }].map((route) => settings(name, upstream, route));
  return withBreakerNames(all, upstream.breaker);
}

type Partial_ = Partial<UpstreamConfig> & { name: string; match: MatchConfig | undefined; invalidate?: InvalidateConfig | undefined };

function settings(name: string, upstream: UpstreamConfig, route: Partial_): RouteSettings {
  return {
    upstream: name,
    name: route.name,
    match: route.match,
    timeouts: cascade(cascade(DEFAULT_TIMEOUTS, upstream.timeouts), route.timeouts) ?? DEFAULT_TIMEOUTS,
    retry: cascade(upstream.retry, route.retry),
    breaker: cascade(upstream.breaker, route.breaker),
    quota: cascade(upstream.quota, route.quota),
    bulkhead: route.bulkhead,
    cache: cascade(upstream.cache, route.cache),
    errors: cascade(upstream.errors, route.errors) ?? {},
    classify: [...(route.classify ?? []), ...(upstream.classify ?? [])],
    pushback: [...(route.pushback ?? []), ...(upstream.pushback ?? [])],
    hedge: cascade(upstream.hedge, route.hedge),
    resume: cascade(upstream.resume, route.resume),
    fallback: cascade(upstream.fallback, route.fallback),
    resend: cascade(upstream.resend, route.resend),
    patience: cascade(upstream.patience, route.patience),
    guard: cascade(upstream.guard, route.guard),
    pace: route.pace ?? upstream.pace ?? [],
    faults: route.faults ?? upstream.faults ?? [],
    repeatable: route.repeatable ?? upstream.repeatable,
    streaming: route.streaming ?? upstream.streaming ?? false,
    invalidate: route.invalidate,
    upstreamId: upstream.upstreamId,
    usage: upstream.usage ?? [],
  };
}

/** A name for a route that has none: its first path without what is not a letter or digit, or its number. */
function routeName(match: MatchConfig, index: number): string {
  const words = (match.path?.[0] ?? '')
    .replace(/\{[^}]*\}|\*/g, '')
    .replace(/[^a-zA-Z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .toLowerCase();
  const method = match.method?.length === 1 ? `${match.method[0]?.toLowerCase() ?? ''}-` : '';
  return words === '' ? `route-${index + 1}` : `${method}${words}`;
}

/** Where requests for an upstream by prefix and by port go: scheme, and host in lower case with the port where it is not the scheme's own. Undefined where it has no origin. */
export function originOf({ origin }: UpstreamConfig): { readonly scheme: 'http' | 'https'; readonly authority: string } | undefined {
  if (origin === undefined) return undefined;
  const { protocol, host } = new URL(origin);
  return { scheme: protocol === 'https:' ? 'https' : 'http', authority: host };
}

/** The proxy that connections are made through, and which are not. */
export interface EgressPath {
  /** Its URL, credentials included. */
  readonly proxy: string;
  /** File with more roots to trust, for one that is spoken to over TLS. */
  readonly ca: string | undefined;
  readonly noProxy: readonly string[];
  /** True where an upstream names the proxy itself: addresses of this machine are reached through it too. */
  readonly own: boolean;
}

/** How connections leave: `proxy` is what the upstream itself says. Undefined: all are dialled directly. */
export function egressOf(egress: Config['egress'], proxy?: string): EgressPath | undefined {
  const { ca, noProxy } = egress;
  if (proxy !== undefined) return proxy === 'off' ? undefined : { proxy, ca, noProxy: [], own: true };
  return egress.proxy === undefined ? undefined : { proxy: egress.proxy, ca, noProxy, own: false };
}

/** Hosts that an upstream answers for: its origin's and those it lists. Lower-case, with the port where it is not the scheme's own. */
export function hostsOf(upstream: UpstreamConfig): string[] {
  const origin = originOf(upstream);
  const own = origin === undefined ? [] : [origin.authority];
  return [...new Set([...own, ...(upstream.hosts ?? []).map((host) => host.toLowerCase())])];
}
