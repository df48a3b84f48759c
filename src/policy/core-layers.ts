import { breakerSettings } from '../config/breaker-names.ts';
import { isOn, type RouteSettings } from '../config/effective.ts';
import type { BreakerConfig, BulkheadConfig, RetryConfig } from '../config/schema.ts';
import { type Clock, systemClock } from '../model/clock.ts';
import type { Observer } from '../model/events.ts';
import type { Exchange } from '../model/exchange.ts';
import type { Failure } from '../model/failure.ts';
import type { Layer } from '../model/service.ts';
import { AdaptiveLimit } from './adaptive-limit.ts';
import type { Breaker, BreakerOptions } from './breaker/breaker.ts';
import { breaker, byHand } from './breaker/layer.ts';
import type { BreakerRegistry } from './breaker/registry.ts';
import { RetryBudget } from './budget.ts';
import { Bulkhead, bulkhead } from './bulkhead.ts';
import { ClientRetries } from './client-retries.ts';
import { deadline, unhurried } from './deadline.ts';
import type { Learned } from './learned.ts';
import type { Pseudonym } from './pseudonym.ts';
import { quota } from './quota.ts';
import type { QuotaGates } from './quota-gates.ts';
import { retry, type RetryOptions } from './retry.ts';
import { compileScope } from './scope.ts';

/** What the basic layers of a route are made with. */
export interface CoreParts {
  readonly breakers: BreakerRegistry;
  readonly budget: RetryBudget;
  readonly places: Bulkhead | undefined;
  readonly gates?: QuotaGates | undefined;
  readonly clientRetries?: ClientRetries | undefined;
  /** What its routes have learned; a route begins anew where it is absent. */
  readonly learned?: Learned | undefined;
  /** Milliseconds that an attempt needs, at least, until its request can be written. */
  readonly leastMs?: ((exchange: Exchange) => number) | undefined;
  /** Names the values of requests in scopes and keys. */
  readonly pseudonymOf: Pseudonym;
  readonly clock: Clock;
  readonly observer: Observer;
}

/** How a route finds its breaker. */
export type BreakerOf = (exchange: Exchange) => Breaker;

/** What an attempt is taken to need where nobody measures it, in milliseconds. */
const LEAST_MS = 50;
/** Headers by which SDKs count their retries (supabase, and those that Stainless makes). */
const ATTEMPTS_HEADERS = ['x-retry-count', 'x-stainless-retry-count'];
/** How much later than its time limit an attempt may tell that it was over, in milliseconds. */
const TELL_MS = 1000;
/** The longest wait that an upstream is granted where the route does not say: no client stays longer, and none should be held for it. */
const MAX_WAIT_MS = 60_000;
/** How long a failed request is remembered, to recognise it when its client sends it again: SDKs come back within seconds. */
const RESENDS_MS = 30_000;

/** A bound for everything, where the route has one or lets clients set it. */
export function deadlineFor({ timeouts }: RouteSettings, clock: Clock): Layer | undefined {
  const { total, deadlineHeader } = timeouts;
  if (total === undefined && deadlineHeader === undefined) return undefined;
  return deadline({ totalMs: total ?? Infinity, header: deadlineHeader?.toLowerCase() }, clock);
}

/** Time for fetches of the cache that no client waits for, where clients can set their own. */
export function unhurriedFor(
  { timeouts }: RouteSettings,
  { cache, clock }: { readonly cache: Layer | undefined; readonly clock: Clock },
): Layer | undefined {
  const { total = Infinity, deadlineHeader } = timeouts;
  return cache === undefined || deadlineHeader === undefined ? undefined : unhurried(total, deadlineHeader.toLowerCase(), clock);
}

/** The places of an upstream as a layer, where it limits them. */
export function bulkheadFor(config: BulkheadConfig | undefined, places: Bulkhead | undefined, { clock, observer }: CoreParts): Layer | undefined {
  return places === undefined ? undefined : bulkhead({ places, observe: config?.mode === 'observe', clock, observer });
}

/** Places of a route alone, where it limits them. */
export function routeBulkheadFor(settings: RouteSettings, parts: CoreParts): Layer | undefined {
  const { name, match, bulkhead: config, timeouts } = settings;
  const places = placesFor(config, timeouts.queue, parts.clock);
  const kept = places === undefined ? undefined : parts.learned?.places.of([name, match, ...placesKey(config, timeouts.queue)], () => places);
  return bulkheadFor(config, kept ?? places, parts);
}

/** Retries, where the route has any. */
export function retryFor(settings: RouteSettings, parts: CoreParts, breakerOf: BreakerOf | undefined): Layer | undefined {
  if (settings.retry === undefined || settings.retry.attempts === 1) return undefined;
  const { budget, clientRetries, clock, observer, leastMs = () => LEAST_MS } = parts;
  const admits = admitsBy(settings, breakerOf);
  return retry(retryOptions(settings.retry, settings.repeatable), { budget, admits, leastMs, clientRetries, clock, observer });
}

/** Whether another attempt would be let through now. A breaker that only observes lets all through. */
export function admitsBy({ breaker: config }: RouteSettings, breakerOf: BreakerOf | undefined): (exchange: Exchange) => boolean {
  if (breakerOf === undefined || config?.mode === 'observe') return () => true;
  return (exchange) => breakerOf(exchange).admits;
}

/** How the route finds its breaker; undefined where it has none. */
export function breakerOfRoute(
  settings: RouteSettings,
  { breakers, pseudonymOf }: Pick<CoreParts, 'breakers' | 'pseudonymOf'>,
): BreakerOf | undefined {
  const config = settings.breaker;
  if (config === undefined || config.enabled === false) return undefined;
  const parts = ['authority', ...(config.scope ?? []).filter((part) => part !== 'authority')];
  const scope = parts.length === 1 ? undefined : compileScope(parts, settings.match?.path ?? [], pseudonymOf);
  const route = { name: settings.name, mode: config.mode ?? 'enforce' };
  return breakers.group(config.group ?? 'default', breakerOptions(config), scope, parts.join(' '), route);
}

/** The breaker as a layer. */
export function breakerFor(settings: RouteSettings, { clock, observer }: CoreParts, breakerOf: BreakerOf | undefined): Layer | undefined {
  if (breakerOf === undefined) return undefined;
  return breaker({ breakerOf, observe: settings.breaker?.mode === 'observe', trialMs: trialMsOf(settings), clock, observer });
}

/** Milliseconds that an attempt of a route may take until its breaker knows what came of it; 0 where `probeTimeout` says how long that is waited for. */
export function trialMsOf({ breaker: config, timeouts, retry: retries, guard }: RouteSettings): number {
  if (config?.probeTimeout !== undefined) return 0;
  const { queue = 0, connect = 0, tls = 0, send = 0, headers = Infinity, attempt = Infinity, total = Infinity } = timeouts;
  const firstEvent = isOn(guard) ? (guard.firstEvent ?? headers) : 0;
  // the last attempt of a patient route is bound by its total alone
  const own = retries?.patientLast === true && total !== Infinity ? Infinity : Math.min(attempt, queue + connect + tls + send + headers + firstEvent);
  return Math.min(own, total) + TELL_MS;
}

/** Why an exchange of the route that is no attempt (an upgrade) may not go out; undefined where it may. */
export function refusedByHand(
  settings: RouteSettings,
  parts: Pick<CoreParts, 'breakers' | 'pseudonymOf' | 'observer'>,
): (exchange: Exchange) => Failure | undefined {
  const breakerOf = breakerOfRoute(settings, parts);
  if (breakerOf === undefined) return () => undefined;
  return byHand({ breakerOf, observe: settings.breaker?.mode === 'observe', observer: parts.observer });
}

/** Gates for used-up quotas, where a rule of the route finds any. */
export function quotaFor(settings: RouteSettings, { gates, pseudonymOf, clock, observer }: CoreParts): Layer | undefined {
  if (gates === undefined || !settings.classify.some((rule) => rule.quota !== undefined)) return undefined;
  const scopeOf = compileScope(settings.quota?.scope ?? ['authority', 'credential', 'model'], settings.match?.path ?? [], pseudonymOf);
  return quota({ upstream: settings.upstream, gates, scopeOf, observe: settings.quota?.mode === 'observe', clock, observer });
}

/** The retry budget of an upstream: 20 % of the last 10 s and never less than 3 a second, unless it says otherwise. */
export function budgetFor(config: RetryConfig | undefined, clock: Clock, dirty?: () => void): RetryBudget {
  const { ratio = 0.2, window = 10_000, minPerSecond = 3 } = config?.budget ?? {};
  return new RetryBudget({ ratio, windowMs: window, minPerSecond }, clock, dirty);
}

/** The longest wait of our own where the configuration does not say. */
const MAX_BACKOFF_MS = 2000;

/** What recognises requests that clients of an upstream send again by themselves; undefined where that is turned off. */
export function clientRetriesFor(config: RetryConfig | undefined, clock: Clock): ClientRetries | undefined {
  const withinMs = config?.resends ?? RESENDS_MS;
  return withinMs === 0 ? undefined : new ClientRetries(withinMs, clock);
}

/** The places of an upstream or a route, where it limits them. */
export function placesFor(config: BulkheadConfig | undefined, queueMs: number | undefined, clock: Clock = systemClock): Bulkhead | undefined {
  if (config?.concurrent === undefined && config?.adaptive === undefined) return undefined;
  const { min = 4, max = config.concurrent ?? 1000, tolerance = 2 } = config.adaptive ?? {};
  const adaptive = config.adaptive === undefined ? undefined : new AdaptiveLimit({ min, max: Math.max(min, max), tolerance }, clock);
  return new Bulkhead({ concurrent: config.concurrent ?? Infinity, queue: config.queue ?? 0, queueMs: queueMs ?? 5000 }, adaptive);
}

/** What makes places the same as others: those of a reload go on with what runs, and with the limit that was found. */
export function placesKey(config: BulkheadConfig | undefined, queueMs: number | undefined): readonly unknown[] {
  return [config?.concurrent, config?.queue, config?.adaptive, queueMs];
}

function retryOptions(config: RetryConfig, repeatable: boolean | undefined): RetryOptions {
  return {
    attempts: config.attempts ?? 3,
    backoff: {
      baseMs: config.backoff?.base ?? 100,
      maxMs: config.backoff?.max ?? Math.max(MAX_BACKOFF_MS, config.backoff?.base ?? 0),
      jitter: config.backoff?.jitter ?? 'full',
    },
    refused: config.refused ?? false,
    maxWaitMs: config.maxWait ?? MAX_WAIT_MS,
    repeatable,
    attemptsHeaders: config.attemptsHeader?.map((name) => name.toLowerCase()) ?? ATTEMPTS_HEADERS,
    patientLast: config.patientLast ?? false,
    observe: config.mode === 'observe',
  };
}

function breakerOptions(config: BreakerConfig): BreakerOptions {
  const { consecutive, ratio, window, minimum, slow, openFor, openMax, probes, probeTimeout = 30_000, ramp } = breakerSettings(config);
  return {
    consecutive,
    ratio,
    windowMs: window,
    minimum,
    slow: slow === undefined ? undefined : { afterMs: slow.after, ratio: slow.ratio },
    openForMs: openFor,
    openMaxMs: openMax,
    probes,
    probeTimeoutMs: probeTimeout,
    rampMs: ramp,
  };
}
