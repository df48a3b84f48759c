import type { RouteSettings } from '../../config/effective.ts';
import type { UpstreamConfig } from '../../config/schema.ts';
import { type Clock, systemClock } from '../../model/clock.ts';
import type { Observer, RetryDecision } from '../../model/events.ts';
import type { Exchange } from '../../model/exchange.ts';
import { BytesBody } from '../../model/body.ts';
import type { ReplayClass } from '../../model/failure.ts';
import { headerValue } from '../../model/headers.ts';
import { type Outcome, reply } from '../../model/outcome.ts';
import { compose } from '../../model/service.ts';
import { breakerOfRoute } from '../../policy/core-layers.ts';
import { layersOf, type NamedLayer } from '../../policy/pipeline.ts';
import { inertParts } from './inert-parts.ts';
import { endOf, type Scenario } from './scenarios.ts';

/** What would come of one way of failing. */
export interface Effect {
  readonly when: string;
  /** The replay class of the failure; undefined where it is an answer like any other. */
  readonly replay: ReplayClass | undefined;
  /** Attempts in all, those of a fallback not counted. */
  readonly attempts: number;
  /** Why it was not sent again (any more); undefined where nobody asked. */
  readonly stopped: RetryDecision | undefined;
  /** What other policies did: `resume: resumed`. */
  readonly acts: readonly string[];
  readonly status: number;
  /** Our own code in the answer: `whatsapp_timeout`. */
  readonly code: string | undefined;
  readonly outcomeUnknown: boolean;
  readonly fallback: string | undefined;
  /** True where the client's body breaks off. */
  readonly broken: boolean;
}

/** Time that stands still, so that nothing expires between two attempts. */
function frozen(): Clock {
  const now = systemClock.now();
  return { now: () => now, wallNow: () => systemClock.wallNow(), random: () => 0 };
}

/**
 * Lets a request of a route fail in one way, through the very layers that would serve it, and says what came of it. Without what waits by itself (hedges, paces, injected faults) and without
 * the waits of retries: these are told in words.
 */
export async function simulate(config: UpstreamConfig, settings: RouteSettings, asked: Exchange, scenario: Scenario): Promise<Effect> {
  const quick = withoutWaits(settings);
  const watcher = new Watcher();
  const clock = frozen();
  const parts = inertParts(config, quick, clock, watcher);
  const exchange = asked.branch();
  let attempts = 0;
  const layers = layersOf(quick, parts);
  if (scenario.breakerOpen === true) breakerOfRoute(quick, parts)?.(exchange).trip();
  const serve = compose(
    layers.map(({ layer }) => layer),
    (attempt) => {
      if (isElsewhere(attempt, asked)) return Promise.resolve(reply(200, [], 'upstream', new BytesBody()));
      attempts++;
      return Promise.resolve(scenario.outcome(attempt));
    },
  );
  const replay = await replayOf(layers, exchange, scenario);
  return { when: scenario.name, replay, ...(await read(await serve(exchange), exchange)), ...watcher.seen, attempts };
}

function withoutWaits(settings: RouteSettings): RouteSettings {
  const retry = settings.retry === undefined ? undefined : { ...settings.retry, backoff: { base: 0, max: 0, jitter: 'none' as const } };
  return { ...settings, retry, hedge: undefined, faults: [], pace: [], patience: { enabled: false } };
}

function isElsewhere(attempt: Exchange, asked: Exchange): boolean {
  return attempt.path !== asked.path || attempt.authority !== asked.authority;
}

/** The class that those have to go by who decide about another attempt: what comes out of the layers that judge one. */
async function replayOf(layers: readonly NamedLayer[], exchange: Exchange, scenario: Scenario): Promise<ReplayClass | undefined> {
  if (scenario.breakerOpen === true) return 'unsent';
  const judges = layers.slice(layers.findIndex(({ name }) => name === 'verdict')).map(({ layer }) => layer);
  const judged = await compose(judges, () => Promise.resolve(scenario.outcome(exchange)))(exchange);
  if (judged.type === 'failure') return judged.replay;
  return (await endOf(judged.body)) === undefined ? undefined : 'cut';
}

async function read(outcome: Outcome, exchange: Exchange) {
  if (outcome.type === 'failure') throw new Error('the layers of a route left a failure unanswered');
  const broken = (await endOf(outcome.body)) !== undefined;
  return {
    status: outcome.status,
    code: headerValue(outcome.headers, 'x-proxy-error'),
    outcomeUnknown: exchange.outcomeUnknown,
    fallback: headerValue(outcome.headers, 'x-breakwater-fallback'),
    broken,
  };
}

/** Keeps what policies report. */
class Watcher implements Observer {
  #stopped: RetryDecision | undefined;
  readonly #acts = new Set<string>();

  get seen(): { stopped: RetryDecision | undefined; acts: string[] } {
    return { stopped: this.#stopped, acts: [...this.#acts] };
  }

  retryDecided(_exchange: Exchange, decision: RetryDecision): void {
    this.#stopped = decision === 'retried' ? undefined : decision;
  }
  acted(_exchange: Exchange, policy: string, what: string): void {
    this.#acts.add(`${policy}: ${what}`);
  }
  wouldHave(_exchange: Exchange, policy: string, what: string): void {
    this.#acts.add(`${policy} (observed): ${what}`);
  }
  internalError(error: unknown): void {
    throw error;
  }
  attemptEnded(): void {}
  breakerChanged(): void {}
  cacheLooked(): void {}
  duplicatePrevented(): void {}
  warned(): void {}
  usageTold(): void {}
  exchangeEnded(): void {}
  rejected(): void {}
}
