import type { Clock } from '../model/clock.ts';
import type { Failure } from '../model/failure.ts';
import type { HeaderList } from '../model/headers.ts';

/** An answer as it is kept to be given again. */
export interface RecordedAnswer {
  readonly status: number;
  readonly headers: HeaderList;
  readonly bytes: Uint8Array;
}

/** What is known of a request that was sent: it runs; its answer is here; nobody knows, and why; its answer cannot be kept; it had no effect. */
export type SentState =
  | { readonly name: 'running' }
  | { readonly name: 'answered'; readonly answer: RecordedAnswer }
  | { readonly name: 'unknown'; readonly failure: Failure }
  | { readonly name: 'unkept' }
  | { readonly name: 'void' };

/** One sending of a request, and what becomes of it. */
export class Sent {
  readonly key: string;
  #state: SentState = { name: 'running' };
  #waiting: (() => void)[] = [];
  expiresAt = Infinity;

  constructor(key: string) {
    this.key = key;
  }

  get state(): SentState {
    return this.#state;
  }

  /** Says what became of it; the first word counts. */
  settle(state: Exclude<SentState, { readonly name: 'running' }>): void {
    if (this.#state.name !== 'running') return;
    this.#state = state;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const tell of waiting) tell();
  }

  /** Calls `tell` when it is settled; at once if it is. */
  onSettled(tell: () => void): void {
    if (this.#state.name === 'running') this.#waiting.push(tell);
    else tell();
  }

  /** Forgets what was given to `onSettled`. */
  offSettled(tell: () => void): void {
    this.#waiting = this.#waiting.filter((other) => other !== tell);
  }
}

/**
 * The sendings whose client does not know what came of them. Each is claimed by at most one request at a time: two clients that both were left in the dark get an answer each. A bounded number of
 * them, each for a bounded time.
 */
export class Ledger {
  readonly #windowMs: number;
  readonly #max: number;
  readonly #clock: Clock;
  /** Oldest first. */
  readonly #entries = new Set<Sent>();
  readonly #byKey = new Map<string, Sent[]>();

  constructor(windowMs: number, max: number, clock: Clock) {
    this.#windowMs = windowMs;
    this.#max = max;
    this.#clock = clock;
  }

  /** Sendings that are remembered now. */
  get size(): number {
    return this.#entries.size;
  }

  /** Remembers a sending, for the window from now on. */
  add(sent: Sent): void {
    this.#forget(sent);
    if (sent.state.name === 'void') return;
    sent.expiresAt = this.#clock.now() + this.#windowMs;
    this.#entries.add(sent);
    const same = this.#byKey.get(sent.key);
    if (same === undefined) this.#byKey.set(sent.key, [sent]);
    else same.push(sent);
    this.#trim();
  }

  /** Starts the window of a sending anew, if it is remembered: it has been settled only now. */
  renew(sent: Sent): void {
    if (this.#entries.has(sent)) this.add(sent);
  }

  /** Takes the oldest sending of this very request; undefined where there is none within the window. */
  claim(key: string): Sent | undefined {
    this.#trim();
    const found = this.#byKey.get(key)?.find(({ state }) => state.name !== 'void');
    if (found !== undefined) this.#forget(found);
    return found;
  }

  #trim(): void {
    const now = this.#clock.now();
    for (const sent of this.#entries) {
      const isOver = sent.state.name === 'void' || (sent.state.name !== 'running' && sent.expiresAt <= now);
      if (isOver || this.#entries.size > this.#max) this.#forget(sent);
      else if (sent.expiresAt > now) break;
    }
  }

  #forget(sent: Sent): void {
    if (!this.#entries.delete(sent)) return;
    const same = this.#byKey.get(sent.key)?.filter((other) => other !== sent) ?? [];
    if (same.length === 0) this.#byKey.delete(sent.key);
    else this.#byKey.set(sent.key, same);
  }
}
