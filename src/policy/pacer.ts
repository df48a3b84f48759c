import { createHash } from 'node:crypto';
import type { Exchange } from '../model/exchange.ts';
import type { Failure } from '../model/failure.ts';
import { type HoldTimes, PaceBucket, type PaceRate } from './pace-bucket.ts';
import { Recent } from './recent.ts';
import type { ScopePart } from './scope.ts';

/** One pace of a route. */
export interface PaceOptions {
  readonly name: string;
  readonly key: readonly ScopePart[];
  readonly rate: PaceRate;
  readonly maxWaitMs: number;
  readonly maxKeys: number;
  /** Names of failures that hold a value back: from `classify`, failure codes, statuses. */
  readonly holdOn: ReadonlySet<string>;
  readonly holdTimes: HoldTimes;
  readonly observe: boolean;
}

/** The buckets of one pace: one for each value of its key, as many as are kept apart. */
export class Pacer {
  readonly options: PaceOptions;
  readonly #buckets: Recent<PaceBucket>;

  /** `buckets`: those of a pace of the same key and rate, where there are some already. */
  constructor(options: PaceOptions, buckets = new Recent<PaceBucket>(options.maxKeys)) {
    this.options = options;
    this.#buckets = buckets;
  }

  /** Values that are kept apart now. */
  get size(): number {
    return this.#buckets.size;
  }

  /** The bucket of a request; undefined where it lacks a value of the key. */
  bucketOf(exchange: Exchange, now: number): PaceBucket | undefined {
    const { key, rate } = this.options;
    const values: string[] = [];
    for (const read of key) {
      const value = read(exchange);
      if (value === '') return undefined;
      values.push(value);
    }
    const name = nameOf(values);
    let bucket = this.#buckets.get(name);
    if (bucket === undefined) {
      bucket = new PaceBucket(rate, now);
      this.#buckets.set(name, bucket);
    }
    return bucket;
  }

  /** Whether a failure says that the limit of a value was reached. */
  holds(failed: Failure): boolean {
    const { holdOn } = this.options;
    if (holdOn.size === 0) return false;
    return (failed.rule !== undefined && holdOn.has(failed.rule)) || holdOn.has(failed.code) || holdOn.has(String(failed.reply?.status));
  }
}

/** Values are hashed: they may be telephone numbers or keys, and are kept for longer than a request. */
function nameOf(values: readonly string[]): string {
  if (values.length === 0) return '';
  return createHash('sha256').update(JSON.stringify(values)).digest('base64url');
}
