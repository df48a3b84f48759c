import type { RouteSettings } from '../config/effective.ts';
import type { BreakerConfig, BulkheadConfig, RetryConfig } from '../config/schema.ts';
import type { Clock } from '../model/clock.ts';
import type { Observer } from '../model/events.ts';
import type { Exchange } from '../model/exchange.ts';
import { compose, type Layer, type Service } from '../model/service.ts';
import { answer } from './answer.ts';
import type { Breaker, BreakerOptions } from './breaker/breaker.ts';
import { breaker } from './breaker/layer.ts';
import type { BreakerRegistry } from './breaker/registry.ts';
import { RetryBudget } from './budget.ts';
import { Bulkhead, bulkhead } from './bulkhead.ts';
import { deadline } from './deadline.ts';
import type { Notices } from './notices.ts';
import { retry, type RetryOptions } from './retry.ts';
import { fallbackFor, faultsFor, guardFor, hedgeFor, paceFor, patienceFor, resendFor, resumeFor } from './route-layers.ts';
import { verdict } from './verdict.ts';

/** What the routes of one upstream share. */
export interface SharedPolicies {
  readonly breakers: BreakerRegistry;
  readonly budget: RetryBudget;
  readonly places: Bulkhead | undefined;
  /** Where patience and injected faults are told, for /health. */
  readonly notices?: Notices | undefined;
}

/** What a route's layers are made with. */
export interface PipelineParts extends SharedPolicies {
  /** The route's cache and invalidation; undefined where it has none. */
  readonly cache: Layer | undefined;
  readonly clock: Clock;
  readonly observer: Observer;
}

/** Composes the layers of one route around its transport. The only place where their order is written. Outermost first. */
export function pipeline(settings: RouteSettings, parts: PipelineParts, transport: Service): Service {
  const { clock } = parts;
  const breakerOf = breakerFor(settings, parts.breakers);
  const judged = verdict({ classify: settings.classify, pushback: settings.pushback }, clock);
  const pace = paceFor(settings, parts);
  const layers: (Layer | undefined)[] = [
    // sees what the client sees, so it is outside of everything
    patienceFor(settings, parts),
    // covers the waits between attempts, so it is outside of all of them
    settings.timeouts.total === undefined ? undefined : deadline(settings.timeouts.total, clock),
    // what comes out is an answer for the client; inside it failures are values
    answer({ upstream: settings.upstream, errors: settings.errors, repeatable: settings.repeatable }),
    // answers for failures that all the others have left, and may ask the others again
    fallbackFor(settings, parts),
    // what the client does not wait for any more still drops what it has made stale, so it is outside of the cache
    resendFor(settings, parts, judged),
    // a hit is no attempt, and an open breaker must not stop it
    parts.cache,
    // who waits for a turn takes no place
    pace.wait,
    // admits what really goes out
    parts.places === undefined ? undefined : bulkhead(parts.places, clock),
    // a download keeps its place while it goes on, and each rest is sent again like a request of its own
    resumeFor(settings, parts),
    // counts attempts, so it is outside of all that acts on one
    retryFor(settings, parts, breakerOf),
    // its attempts run beside each other, each seen by the breaker, and fail together for the retry
    hedgeFor(settings, parts, (exchange) => breakerOf?.(exchange.authority).admits ?? true),
    // hears of every limit that the upstream tells, and makes a retry wait for it
    pace.report,
    // sees every attempt; shared by the routes of its group; open ends the retrying
    breakerOf === undefined ? undefined : breaker(breakerOf),
    // says what one attempt's answer means, so that those above need not know statuses
    judged,
    // a stream's failure before its first event is a failure for those above
    guardFor(settings, parts),
    // stands for the upstream
    faultsFor(settings, parts),
  ];
  return compose(
    layers.filter((layer) => layer !== undefined),
    transport,
  );
}

function retryFor(settings: RouteSettings, parts: PipelineParts, breakerOf: ((authority: string) => Breaker) | undefined): Layer | undefined {
  if (settings.retry === undefined || settings.retry.attempts === 1) return undefined;
  const admits = (exchange: Exchange): boolean => breakerOf?.(exchange.authority).admits ?? true;
  return retry(retryOptions(settings.retry, settings.repeatable), { budget: parts.budget, admits, clock: parts.clock, observer: parts.observer });
}

function retryOptions(config: RetryConfig, repeatable: boolean | undefined): RetryOptions {
  return {
    attempts: config.attempts ?? 3,
    backoff: { baseMs: config.backoff?.base ?? 100, maxMs: config.backoff?.max ?? 2000, jitter: config.backoff?.jitter ?? 'full' },
    refused: config.refused ?? false,
    maxWaitMs: config.maxWait ?? Infinity,
    repeatable,
    attemptsHeader: config.attemptsHeader?.toLowerCase(),
  };
}

function breakerFor(settings: RouteSettings, breakers: BreakerRegistry): ((authority: string) => Breaker) | undefined {
  const config = settings.breaker;
  if (config === undefined || config.enabled === false) return undefined;
  return breakers.group(config.group ?? 'default', breakerOptions(config));
}

function breakerOptions(config: BreakerConfig): BreakerOptions {
  const openForMs = config.openFor ?? 60_000;
  return {
    consecutive: config.consecutive ?? 5,
    ratio: config.ratio,
    windowMs: config.window ?? 10_000,
    minimum: config.minimum ?? 10,
    openForMs,
    openMaxMs: Math.max(openForMs, config.openMax ?? 300_000),
    probes: config.probes ?? 1,
    probeTimeoutMs: config.probeTimeout ?? 30_000,
  };
}

/** The retry budget of an upstream: 20 % of the last 10 s and never less than 3 a second, unless it says otherwise. */
export function budgetFor(config: RetryConfig | undefined, clock: Clock): RetryBudget {
  const { ratio = 0.2, window = 10_000, minPerSecond = 3 } = config?.budget ?? {};
  return new RetryBudget({ ratio, windowMs: window, minPerSecond }, clock);
}

/** The places of an upstream, where it limits them. */
export function placesFor(config: BulkheadConfig | undefined, queueMs: number | undefined): Bulkhead | undefined {
  if (config?.concurrent === undefined) return undefined;
  return new Bulkhead({ concurrent: config.concurrent, queue: config.queue ?? 0, queueMs: queueMs ?? 5000 });
}
