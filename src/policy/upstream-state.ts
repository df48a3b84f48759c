import { isDeepStrictEqual } from 'node:util';
import type { UpstreamConfig } from '../config/schema.ts';
import type { Clock } from '../model/clock.ts';
import type { Observer } from '../model/events.ts';
import { BreakerRegistry } from './breaker/registry.ts';
import type { RetryBudget } from './budget.ts';
import type { Bulkhead } from './bulkhead.ts';
import type { ClientRetries } from './client-retries.ts';
import { budgetFor, clientRetriesFor, placesFor, placesKey } from './core-layers.ts';
import { Learned } from './learned.ts';
import { Ledger } from './ledger.ts';
import { Notices } from './notices.ts';
import { QuotaGates } from './quota-gates.ts';
import { SharedSends } from './shared-sends.ts';
import type { UpstreamNews, UpstreamSharing } from './sharing.ts';

/** What the policies of one upstream's routes know together, and what outlives a reload. */
export class UpstreamState {
  readonly breakers: BreakerRegistry;
  readonly budget: RetryBudget;
  readonly gates: QuotaGates;
  /** What is known of its clients' patience, and the faults that are injected into it: for /health. */
  readonly notices = new Notices();
  /** What its routes know of paces, latencies and departures. */
  readonly learned = new Learned();
  #ledger: Ledger;
  #sends: SharedSends | undefined;
  #clientRetries: ClientRetries | undefined;
  #places: Bulkhead | undefined;
  readonly #placesKey: readonly unknown[];

  constructor(name: string, config: UpstreamConfig, clock: Clock, observer: Observer, sharing?: UpstreamSharing) {
    this.breakers = new BreakerRegistry(name, clock, observer, sharing);
    this.#sends = sharing === undefined ? undefined : new SharedSends(sharing, clock);
    this.#ledger = new Ledger(clock);
    const dirty = sharing === undefined ? undefined : () => sharing.dirty();
    this.budget = budgetFor(config.retry, clock, dirty);
    this.gates = new QuotaGates(clock, dirty);
    this.#clientRetries = clientRetriesFor(config.retry, clock);
    this.#places = placesFor(config.bulkhead, config.timeouts?.queue, clock);
    this.#placesKey = placesKey(config.bulkhead, config.timeouts?.queue);
  }

  /** What recognises requests that clients send again by themselves; undefined where that is turned off. */
  get clientRetries(): ClientRetries | undefined {
    return this.#clientRetries;
  }

  /** Undefined where nothing limits the upstream's places. */
  get places(): Bulkhead | undefined {
    return this.#places;
  }

  /** Sendings whose client does not know what came of them. */
  readonly ledger = (): Ledger => this.#ledger;

  /** What other processes sent that may not be sent twice; undefined where there is no other. */
  readonly sends = (): SharedSends | undefined => this.#sends;

  /** What the same upstream's policies in other processes have yet to hear; undefined where there is nothing. */
  takeNews(): UpstreamNews | undefined {
    const { breakers, probes } = this.breakers.takeUntold();
    const budget = this.budget.takeUntold();
    const quotas = this.gates.takeUntold();
    const sent = this.#sends?.takeUntold() ?? [];
    const any = budget !== undefined || breakers.length + probes.length + quotas.length + sent.length > 0;
    return any ? { breakers, budget, quotas, probes, sent } : undefined;
  }

  /** What another process told; `from` names it. */
  hear({ breakers, budget, quotas, probes, sent }: UpstreamNews, from: number): void {
    this.breakers.hear(breakers, probes);
    if (budget !== undefined) this.budget.hear(budget);
    if (quotas.length > 0) this.gates.hear(quotas);
    this.#sends?.hear(sent, from);
  }

  /**
   * Takes over what the state of the same upstream before a reload knew: breakers as they stand (opened by hand too), the budget that is spent, quotas that are
   * used up, and what routes have learned. Before routes are made with it. Places are taken over where their settings are the same: what runs under others gives its place back there.
   */
  adopt(previous: UpstreamState): void {
    this.breakers.adopt(previous.breakers);
    this.budget.adopt(previous.budget.export());
    this.gates.adopt(previous.gates.list);
    this.learned.adopt(previous.learned);
    // the very same: calls that are under way still write into it
    this.#ledger = previous.#ledger;
    this.#sends = previous.#sends;
    if (this.#clientRetries?.withinMs === previous.#clientRetries?.withinMs) this.#clientRetries = previous.#clientRetries;
    if (isDeepStrictEqual(this.#placesKey, previous.#placesKey)) this.#places = previous.#places;
  }
}
