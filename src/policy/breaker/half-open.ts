import type { TripOptions } from './counters.ts';
import type { Evidence, Permit } from './parts.ts';

/** A breaker that lets a few probes through: which are out, and how many were answered. */
export class HalfOpen {
  readonly name = 'half-open';
  readonly #out = new Set<Permit>();
  readonly #probes: number;
  /** Probes that were answered. */
  good: number;

  /** `good`: probes that were answered already, where another process tried before. */
  constructor(probes: number, good = 0) {
    this.#probes = probes;
    this.good = good;
  }

  /** Whether one more may go out. */
  get admits(): boolean {
    return this.#out.size + this.good < this.#probes;
  }

  /** Whether all were answered. */
  get done(): boolean {
    return this.good >= this.#probes;
  }

  /** Whether none is out. */
  get idle(): boolean {
    return this.#out.size === 0;
  }

  /** Lets a probe out that counts as lost from `lostAt` on; undefined where none may. */
  grant(period: number, lostAt: number): Permit | undefined {
    if (!this.admits) return undefined;
    const permit = { probe: true, period, lostAt };
    this.#out.add(permit);
    return permit;
  }

  /** Takes a probe back; false where it is none that was out. */
  takeBack(permit: Permit): boolean {
    return this.#out.delete(permit);
  }

  /** When a probe was lost that has not reported in its time; undefined where none was. */
  lostAt(now: number): number | undefined {
    for (const { lostAt } of this.#out) if (lostAt <= now) return lostAt;
    return undefined;
  }
}

/** Why what came of a probe opens the breaker again, for people; undefined where it does not. `what` names the failure, `tookMs` is how long the answer took. */
export function probeFault(evidence: Evidence, what: string, tookMs: number, slow: TripOptions['slow']): string | undefined {
  if (evidence === 'failure' || evidence === 'soft') return `a probe failed: ${what}`;
  return slow !== undefined && tookMs >= slow.afterMs ? `a probe took more than ${slow.afterMs} ms` : undefined;
}
