import type { Exchange } from '../../model/exchange.ts';
import type { HeaderList } from '../../model/headers.ts';
import { callAfter } from '../../model/timer.ts';
import type { Chain } from './chains.ts';

/** An answer that waits to be asked for. */
export interface Kept {
  readonly headers: HeaderList;
  readonly body: Uint8Array;
  /** Milliseconds since the epoch, and the age that it had then. */
  readonly respondedAt: number;
  readonly initialAgeMs: number;
}

/** Answers that wait, at most, and their bytes. */
const MAX_ENTRIES = 1000;
const MAX_BYTES = 16 * 1024 * 1024;

/** A request that is expected, and its answer where it was asked for ahead. */
export class Expected {
  readonly chain: Chain;
  readonly isFirst: boolean;
  /** Whether it is worth asking for, whether or not it was. */
  readonly wanted: boolean;
  readonly key: string;
  /** Monotonic milliseconds when nobody is expected to ask any more. */
  readonly until: number;
  /** Monotonic milliseconds when it was asked for; undefined where it was not. */
  readonly askedAt: number | undefined;
  /** Tells requests with other fields apart; empty where nothing was asked for. */
  readonly fields: string;
  /** The exchange that asks, or would. */
  readonly exchange: Exchange;
  #state: 'under way' | 'over';
  #kept: Kept | undefined;
  #waiting: ((kept: Kept | undefined) => void)[] = [];

  constructor(parts: Pick<Expected, 'chain' | 'isFirst' | 'wanted' | 'key' | 'until' | 'askedAt' | 'fields' | 'exchange'>) {
    this.chain = parts.chain;
    this.isFirst = parts.isFirst;
    this.wanted = parts.wanted;
    this.key = parts.key;
    this.until = parts.until;
    this.askedAt = parts.askedAt;
    this.fields = parts.fields;
    this.exchange = parts.exchange;
    this.#state = parts.askedAt === undefined ? 'over' : 'under way';
  }

  /** The answer, where it is here. */
  get kept(): Kept | undefined {
    return this.#kept;
  }

  /** Whether the answer is still to come. */
  get isUnderWay(): boolean {
    return this.#state === 'under way';
  }

  /** The answer has come, or none that is of use; whoever waits hears it. Once at most. */
  came(kept: Kept | undefined): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    this.#kept = kept;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const tell of waiting) tell(kept);
  }

  /** What was, or will be, answered may not be used any more. */
  drop(): void {
    this.came(undefined);
    this.#kept = undefined;
  }

  /** Waits for the answer for `ms` milliseconds at most, and as long as its client does; undefined where none comes that is of use. */
  join(exchange: Exchange, ms: number): Promise<Kept | undefined> {
    if (this.#state === 'over') return Promise.resolve(this.#kept);
    return new Promise((resolve) => {
      const end = (kept: Kept | undefined): void => {
        clearTimeout(timer);
        exchange.offAbort(leave);
        this.#waiting = this.#waiting.filter((other) => other !== end);
        resolve(kept);
      };
      const leave = (): void => end(undefined);
      const timer = callAfter(ms, leave);
      this.#waiting.push(end);
      exchange.onAbort(leave);
    });
  }
}

/** What is expected of one upstream's clients, by key: each answer is given once. */
export class Shelf {
  readonly #expected = new Map<string, Expected>();
  readonly #over: (expected: Expected) => void;
  #bytes = 0;

  /** `over` is told of each that was not asked for in its time. */
  constructor(over: (expected: Expected) => void) {
    this.#over = over;
  }

  /** Whether nothing is expected. */
  get isEmpty(): boolean {
    return this.#expected.size === 0;
  }

  /** Whether a request with this key is expected. */
  has(key: string): boolean {
    return this.#expected.has(key);
  }

  /** Expects one; the oldest goes where there are too many. */
  put(expected: Expected): void {
    this.#expected.set(expected.key, expected);
    if (this.#expected.size > MAX_ENTRIES) this.#endOldest();
  }

  /** The answer has come. It is kept while there is room. */
  came(expected: Expected, kept: Kept | undefined): void {
    const bytes = kept?.body.length ?? 0;
    if (bytes > MAX_BYTES) return expected.came(undefined);
    while (this.#holds(expected) && this.#bytes > 0 && this.#bytes + bytes > MAX_BYTES) this.#endOldest();
    expected.came(kept);
    if (this.#holds(expected) && expected.kept !== undefined) this.#bytes += bytes;
  }

  /** Takes what is expected off the shelf: it is asked for. */
  take(key: string, now: number): Expected | undefined {
    const expected = this.#expected.get(key);
    if (expected === undefined) return undefined;
    this.#remove(expected);
    if (now <= expected.until) return expected;
    this.#over(expected);
    return undefined;
  }

  /** Ends what nobody asked for in its time. */
  expire(now: number): void {
    // all wait equally long: the first that may stay is followed by such alone
    for (const expected of this.#expected.values()) {
      if (now <= expected.until) return;
      this.#remove(expected);
      this.#over(expected);
    }
  }

  /** Something has changed: no answer that is here, or under way, may be given. What was asked for is expected no more, so that it can be asked for anew. */
  drop(): void {
    for (const expected of this.#expected.values()) {
      if (expected.askedAt === undefined) continue;
      this.#remove(expected);
      expected.drop();
    }
  }

  #holds(expected: Expected): boolean {
    return this.#expected.get(expected.key) === expected;
  }

  #endOldest(): void {
    const [oldest] = this.#expected.values();
    if (oldest === undefined) return;
    this.#remove(oldest);
    this.#over(oldest);
  }

  #remove(expected: Expected): void {
    this.#expected.delete(expected.key);
    this.#bytes -= expected.kept?.body.length ?? 0;
  }
}
