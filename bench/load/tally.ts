import { quantile } from '../lib/stats.ts';
import type { LoadResult } from './spec.ts';

/** Counts what came to its end, and how long each took. */
export class Tally {
  errors = 0;
  readonly #latenciesUs: number[] = [];
  readonly #startedAt = performance.now();

  /** One that went well. */
  add(latencyMs: number): void {
    this.#latenciesUs.push(latencyMs * 1000);
  }

  /** One that ended with this status; 0 stands for a broken connection. */
  addStatus(status: number, latencyMs: number): void {
    if (status >= 200 && status < 400) this.add(latencyMs);
    else this.errors++;
  }

  result(): LoadResult {
    return {
      done: this.#latenciesUs.length,
      seconds: (performance.now() - this.#startedAt) / 1000,
      p50Us: quantile(this.#latenciesUs, 0.5),
      p99Us: quantile(this.#latenciesUs, 0.99),
      errors: this.errors,
    };
  }
}
