import type { Clock } from '../model/clock.ts';
import type { Observer } from '../model/events.ts';
import type { Exchange, InterimTaker } from '../model/exchange.ts';
import type { HeaderList } from '../model/headers.ts';
import { discard, type Outcome } from '../model/outcome.ts';
import type { Layer, Service } from '../model/service.ts';
import { callAfter } from '../model/timer.ts';
import type { RetryBudget } from './budget.ts';
import { Latencies } from './latency.ts';
import { isRepeatable } from './repeatable.ts';

/** When a slow attempt gets another beside it. */
export interface HedgeOptions {
  /** Milliseconds, or the percentile (95) of the route's own latencies. */
  readonly after: { readonly ms: number } | { readonly percentile: number; readonly minimum: number };
  /** More attempts beside the first. */
  readonly max: number;
  readonly repeatable: boolean | undefined;
  readonly observe: boolean;
}

/** What a hedge layer needs from outside. */
export interface HedgeParts {
  /** Of the route, where some are known already; for a percentile. */
  readonly latencies?: Latencies | undefined;
  readonly budget: RetryBudget;
  /** Whether an attempt would be let through now. */
  readonly admits: (exchange: Exchange) => boolean;
  readonly clock: Clock;
  readonly observer: Observer;
}

/** A percentile below this says that nearly everything is as fast: a hedge would only be load. Milliseconds. */
const SHORTEST_MS = 5;

/**
 * Sends a repeatable request a second time where the first attempt is slow; the first good answer wins and the others are given up at once, their connections freed. A
 * failure waits for those still under way. Each hedge is taken out of the retry budget. A request whose body streams is not hedged.
 */
export function hedge(options: HedgeOptions, parts: HedgeParts): Layer {
  const latencies = 'percentile' in options.after ? (parts.latencies ?? new Latencies(options.after.percentile)) : undefined;
  const delayMs = delayOf(options, latencies);
  return (next) => (exchange) => {
    if (exchange.body.kind === 'stream' || !isRepeatable(exchange, options.repeatable)) return next(exchange);
    return new Race(exchange, next, { options, parts, latencies }, delayMs()).run();
  };
}

/** How long to wait for the first attempt now; Infinity while too little is known. */
function delayOf({ after }: HedgeOptions, latencies: Latencies | undefined): () => number {
  if ('ms' in after) return () => after.ms;
  return () => (latencies === undefined || latencies.known < after.minimum ? Infinity : Math.max(SHORTEST_MS, latencies.value));
}

interface RaceContext {
  readonly options: HedgeOptions;
  readonly parts: HedgeParts;
  readonly latencies: Latencies | undefined;
}

/** The attempts of one exchange that run beside each other. */
class Race implements InterimTaker {
  readonly #exchange: Exchange;
  readonly #next: Service;
  readonly #context: RaceContext;
  readonly #delayMs: number;
  readonly #startedAt: number;
  readonly #running = new Set<Exchange>();
  #lead: Exchange | undefined;
  #hedges = 0;
  #timer: NodeJS.Timeout | undefined;
  #failed: Outcome | undefined;
  /** The attempt whose interim responses the client hears: the first that has one, until an attempt fails. */
  #voice: Exchange | undefined;
  #done = false;

  constructor(exchange: Exchange, next: Service, context: RaceContext, delayMs: number) {
    this.#exchange = exchange;
    this.#next = next;
    this.#context = context;
    this.#delayMs = delayMs;
    this.#startedAt = context.parts.clock.now();
  }

  run(): Promise<Outcome> {
    if (this.#exchange.attempt === 0) this.#exchange.attempt = 1;
    return new Promise((resolve, reject) => {
      this.#lead = this.#enter(resolve, reject);
      this.#schedule(resolve, reject);
    });
  }

  /** Two that tell the same at once would only confuse. */
  informed(status: number, headers: HeaderList, from: Exchange): void {
    this.#voice ??= from;
    if (!this.#done && this.#voice === from) this.#exchange.interim?.informed(status, headers, this.#exchange);
  }

  #schedule(resolve: (outcome: Outcome) => void, reject: (bug: unknown) => void): void {
    if (this.#done || this.#hedges >= this.#context.options.max) return;
    this.#timer = callAfter(this.#delayMs, () => {
      if (!this.#mayHedge()) return;
      this.#hedges++;
      this.#exchange.attempt++;
      this.#context.parts.observer.acted(this.#exchange, 'hedge', 'sent');
      this.#enter(resolve, reject);
      this.#schedule(resolve, reject);
    });
  }

  #mayHedge(): boolean {
    const { options, parts } = this.#context;
    if (this.#done || this.#exchange.aborted || !parts.admits(this.#exchange)) return false;
    if (options.observe) {
      parts.observer.wouldHave(this.#exchange, 'hedge', 'sent');
      return false;
    }
    if (parts.budget.take()) return true;
    parts.observer.acted(this.#exchange, 'hedge', 'no_budget');
    return false;
  }

  /** Starts one attempt on a branch of its own, so that it can be given up alone. */
  #enter(resolve: (outcome: Outcome) => void, reject: (bug: unknown) => void): Exchange {
    const branch = this.#exchange.branch();
    branch.attemptsBefore = this.#exchange.attemptsBefore;
    branch.attempt = this.#exchange.attempt;
    if (branch.interim !== undefined) branch.interim = this;
    this.#running.add(branch);
    Promise.resolve(this.#next(branch)).then((outcome) => this.#arrived(branch, outcome, resolve), reject);
    return branch;
  }

  #arrived(branch: Exchange, outcome: Outcome, resolve: (outcome: Outcome) => void): void {
    this.#running.delete(branch);
    if (this.#done) return discard(outcome);
    if (outcome.type === 'failure' && this.#running.size > 0) return this.#setAside(outcome);
    const { parts } = this.#context;
    this.#done = true;
    clearTimeout(this.#timer);
    if (outcome.type === 'reply') this.#note();
    if (outcome.type === 'reply' && branch !== this.#lead) parts.observer.acted(this.#exchange, 'hedge', 'won');
    // how far they had got is not known
    if (this.#running.size > 0) this.#exchange.leftOpen = 'silence';
    for (const loser of this.#running) loser.abort();
    const found = this.#better(outcome);
    if (found === outcome) this.#drop(this.#failed);
    else this.#drop(outcome);
    resolve(found);
  }

  /** Where the last to fail was refused by ourselves (an open breaker), the one that the upstream gave says more. */
  #better(outcome: Outcome): Outcome {
    const kept = this.#failed;
    return outcome.type === 'failure' && outcome.own && kept !== undefined ? kept : outcome;
  }

  #setAside(failed: Outcome): void {
    this.#voice = undefined;
    if (this.#failed === undefined) {
      this.#failed = failed;
      return;
    }
    const kept = this.#failed.type === 'failure' && this.#failed.own ? failed : this.#failed;
    this.#drop(kept === failed ? this.#failed : failed);
    this.#failed = kept;
  }

  #drop(outcome: Outcome | undefined): void {
    if (outcome === undefined) return;
    discard(outcome);
    if (outcome.type === 'failure') this.#exchange.superseded(outcome);
  }

  /** The first attempt's latency; where it lost, what it had taken until then, so that hedging does not make the percentile shrink. */
  #note(): void {
    this.#context.latencies?.add(this.#context.parts.clock.now() - this.#startedAt);
  }
}
