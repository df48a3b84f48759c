import type { RouteSettings } from '../config/effective.ts';
import type { FaultConfig, PaceConfig } from '../config/schema.ts';
import type { Clock } from '../model/clock.ts';
import type { Observer } from '../model/events.ts';
import type { Exchange } from '../model/exchange.ts';
import type { Layer } from '../model/service.ts';
import type { AttemptRecords } from './attempt-records.ts';
import type { BackoffOptions } from './backoff.ts';
import type { RetryBudget } from './budget.ts';
import { fallback } from './fallback.ts';
import { faults } from './faults.ts';
import { guard } from './guard.ts';
import { hedge } from './hedge.ts';
import { Latencies } from './latency.ts';
import type { Learned } from './learned.ts';
import { Ledger } from './ledger.ts';
import type { Notices } from './notices.ts';
import { Pacer } from './pacer.ts';
import { paceReports, pacing } from './pacing.ts';
import { Patience, patience } from './patience.ts';
import type { Pseudonym } from './pseudonym.ts';
import { Recent } from './recent.ts';
import { resend } from './resend.ts';
import { compileParts } from './scope.ts';
import { resume } from './resume.ts';
import type { SharedSends } from './shared-sends.ts';
import { EventReader } from './stream-end.ts';

/** What the layers that a route may have besides the basic ones are made with. */
export interface LayerParts {
  readonly budget: RetryBudget;
  readonly clock: Clock;
  readonly observer: Observer;
  readonly notices?: Notices | undefined;
  /** Names the values of requests in keys. */
  readonly pseudonymOf: Pseudonym;
  /** Where attempts wait to be judged, to be counted so; absent where nothing is counted. */
  readonly records?: AttemptRecords | undefined;
  /** What its routes have learned; a route begins anew where it is absent. */
  readonly learned?: Learned | undefined;
  /** What the upstream remembers of sendings; a route keeps its own where it is absent. */
  readonly ledger?: (() => Ledger) | undefined;
  readonly sends?: (() => SharedSends | undefined) | undefined;
}

/** A second attempt beside a slow first one, where the route has `hedge`. */
export function hedgeFor(settings: RouteSettings, parts: LayerParts, admits: (exchange: Exchange) => boolean): Layer | undefined {
  const config = settings.hedge;
  if (config === undefined || config.enabled === false) return undefined;
  const { after = 'p95', minimum = 20, max = 1 } = config;
  const when = typeof after === 'number' ? { ms: after } : { percentile: Number(after.slice(1)), minimum };
  const latencies = 'percentile' in when ? latenciesOf(settings, when.percentile, parts) : undefined;
  return hedge({ after: when, max, repeatable: settings.repeatable, observe: config.mode === 'observe' }, { ...parts, admits, latencies });
}

function latenciesOf({ name, match }: RouteSettings, percentile: number, { learned }: LayerParts): Latencies | undefined {
  return learned?.latencies.of([name, match, percentile], () => new Latencies(percentile));
}

/** Downloads that go on where they broke off, where the route has `resume`. */
export function resumeFor(settings: RouteSettings, parts: LayerParts): Layer | undefined {
  const config = settings.resume;
  if (config === undefined || config.enabled === false) return undefined;
  const { total = Infinity } = settings.timeouts;
  return resume({ attempts: config.attempts ?? 3, totalMs: total, backoff: backoffOf(settings), observe: config.mode === 'observe' }, parts);
}

function backoffOf({ retry }: RouteSettings): BackoffOptions {
  const { base = 100, max = 2000, jitter = 'full' } = retry?.backoff ?? {};
  return { baseMs: base, maxMs: max, jitter };
}

/** Other answers for failures, where the route has `fallback`. */
export function fallbackFor(settings: RouteSettings, parts: LayerParts & { readonly cache: Layer | undefined }): Layer | undefined {
  const config = settings.fallback;
  if (config === undefined || config.enabled === false) return undefined;
  // a step that asks the cache alone would ask the upstream once more where there is none
  const steps = (config.steps ?? []).filter((step) => step.stale !== true || parts.cache !== undefined);
  if (steps.length === 0) return undefined;
  return fallback({ on: config.on, steps, repeatable: settings.repeatable, observe: config.mode === 'observe' }, parts);
}

/** No second sending of a request whose outcome is unknown, where the route has `resend`. `verdict` judges answers that come too late. */
export function resendFor(settings: RouteSettings, { clock, observer, ledger, sends }: LayerParts, verdict: Layer): Layer | undefined {
  const config = settings.resend;
  if (config === undefined || config.enabled === false) return undefined;
  const own = new Ledger(clock);
  return resend(
    {
      windowMs: config.window ?? 30_000,
      lateMs: config.lateAnswer ?? 30_000,
      onUnknown: config.onUnknown ?? 'send',
      maxAnswerBytes: config.maxAnswer ?? 256 * 1024,
      maxEntries: config.maxEntries ?? 1000,
      repeatable: settings.repeatable,
      observe: config.mode === 'observe',
    },
    { clock, observer, ledger: ledger ?? (() => own), sends, judge: (exchange, late) => verdict(() => late)(exchange) },
  );
}

/** How long clients wait, learned on every route that retries or has a total, unless `patience.enabled` is false. */
export function patienceFor(settings: RouteSettings, { clock, observer, notices, learned }: LayerParts): Layer | undefined {
  const { enabled = true, minimum = 3, margin = 250, mode } = settings.patience ?? {};
  const retries = settings.retry !== undefined && settings.retry.attempts !== 1;
  if (!enabled || (!retries && settings.timeouts.total === undefined)) return undefined;
  const { upstream, name, timeouts } = settings;
  const options = { upstream, route: name, totalMs: timeouts.total ?? Infinity, minimum, marginMs: margin, observe: mode === 'observe' };
  const departures = learned?.departures.of([name, settings.match], () => []);
  const learner = new Patience(options, observer, departures);
  notices?.addPatience(learner);
  return patience(learner, options, clock);
}

/** Streams that are watched over, where the route has `guard`. */
export function guardFor(settings: RouteSettings, { observer, clock, records }: LayerParts): Layer | undefined {
  const config = settings.guard;
  if (config === undefined || config.enabled === false) return undefined;
  const { terminator = [], done, error = 'error.code', firstEvent = settings.timeouts.headers ?? Infinity, mode } = config;
  const reader = new EventReader({ terminator, done: done === undefined ? undefined : new RegExp(done), error });
  return guard({ reader, firstEventMs: firstEvent, observe: mode === 'observe' }, { observer, clock, records });
}

/** The pace of a route's requests: `wait` holds them back, `report` learns from what came of them. Both undefined where the route has no `pace`. */
export function paceFor(settings: RouteSettings, parts: LayerParts): { readonly wait: Layer | undefined; readonly report: Layer | undefined } {
  if (settings.pace.length === 0) return { wait: undefined, report: undefined };
  const pacers = settings.pace.map((config, index) => pacerOf(config, index, settings, parts));
  return { wait: pacing(pacers, parts), report: paceReports(pacers, parts) };
}

function pacerOf(config: PaceConfig, index: number, settings: RouteSettings, parts: LayerParts): Pacer {
  const { hold, key = [], maxKeys = 10_000 } = config;
  const paths = settings.match?.path ?? [];
  const baseMs = hold?.base ?? 1000;
  const rate = { perMs: config.rate, burst: config.burst ?? Math.max(1, Math.round(config.rate * 1000)) };
  const observe = config.mode === 'observe';
  const options = {
    name: config.name ?? String(index + 1),
    key: compileParts(key, paths, parts.pseudonymOf),
    rate,
    maxWaitMs: config.maxWait ?? 5000,
    maxKeys,
    holdOn: new Set(hold?.codes),
    holdTimes: { baseMs, factor: hold?.factor ?? 4, maxMs: Math.max(baseMs, hold?.max ?? 64_000) },
    observe,
  };
  // who only observes lets all go, so that turns may be given away for hours to come
  const what = [settings.name, paths, key, rate, maxKeys, observe];
  return new Pacer(
    options,
    parts.learned?.paces.of(what, () => new Recent(maxKeys)),
  );
}

/** Failures to rehearse, where the route has `faults`. They are forgotten too easily: the upstream's notices say so. */
export function faultsFor(settings: RouteSettings, { clock, observer, notices }: LayerParts): Layer | undefined {
  const { upstream, name } = settings;
  if (settings.faults.length === 0) return undefined;
  const text = settings.faults.map(describeFault).join('; ');
  notices?.addFaults({ upstream, route: name, text });
  return faults({ faults: settings.faults, headersMs: settings.timeouts.headers ?? Infinity }, { clock, observer });
}

/** A fault in a few words: `503 on 10 %`. */
export function describeFault(fault: FaultConfig): string {
  const what = [
    fault.delay === undefined ? '' : `delay ${typeof fault.delay === 'number' ? fault.delay : `${fault.delay.min} to ${fault.delay.max}`} ms`,
    fault.abort === undefined ? '' : `status ${fault.abort}`,
    fault.reset === true ? 'reset' : '',
    fault.cut === undefined ? '' : `cut after ${fault.cut} bytes`,
  ].filter((word) => word !== '');
  const share = fault.percent === undefined ? 'all attempts' : `${fault.percent} % of the attempts`;
  return `${what.join(', then ')} on ${share}${fault.header === true ? ' that ask for it by header' : ''}${fault.mode === 'observe' ? ' (observed only)' : ''}`;
}
