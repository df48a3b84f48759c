import type { UpstreamConfig } from '../config/schema.ts';
import type { Clock } from '../model/clock.ts';
import type { Observer } from '../model/events.ts';
import { BreakerRegistry } from './breaker/registry.ts';
import type { RetryBudget } from './budget.ts';
import type { Bulkhead } from './bulkhead.ts';
import type { ClientRetries } from './client-retries.ts';
import { budgetFor, clientRetriesFor, placesFor } from './core-layers.ts';
import { Ledger } from './ledger.ts';
import { Notices } from './notices.ts';
import { QuotaGates } from './quota-gates.ts';

/** What the policies of one upstream's routes know together, and what outlives a reload. */
export class UpstreamState {
  readonly breakers: BreakerRegistry;
  readonly budget: RetryBudget;
  readonly gates: QuotaGates;
  readonly clientRetries: ClientRetries | undefined;
  /** What is known of its clients' patience, and the faults that are injected into it: for /health. */
  readonly notices = new Notices();
  #ledger: Ledger;
  /** Undefined where nothing limits the upstream's places. */
  readonly places: Bulkhead | undefined;

  constructor(name: string, config: UpstreamConfig, clock: Clock, observer: Observer) {
    this.breakers = new BreakerRegistry(name, clock, observer);
    this.#ledger = new Ledger(clock);
    this.budget = budgetFor(config.retry, clock);
    this.gates = new QuotaGates(clock);
    this.clientRetries = clientRetriesFor(config.retry, clock);
    this.places = placesFor(config.bulkhead, config.timeouts?.queue, clock);
  }

  /** Sendings whose client does not know what came of them. */
  readonly ledger = (): Ledger => this.#ledger;

  /**
   * Takes over what the state of the same upstream before a reload knew: breakers as they stand (opened by hand too), the budget that is spent, quotas that are
   * used up. Places are not: what runs under the old settings gives its place back there.
   */
  adopt(previous: UpstreamState): void {
    this.breakers.adopt(previous.breakers.export());
    this.budget.adopt(previous.budget.export());
    this.gates.adopt(previous.gates.list);
    // the very same: calls that are under way still write into it
    this.#ledger = previous.#ledger;
  }
}
