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
  /** How long it is remembered once its client is in the dark, in milliseconds. */
  readonly windowMs: number;
  #state: SentState = { name: 'running' };
  #waiting: (() => void)[] = [];
  expiresAt = Infinity;

  constructor(key: string, windowMs: number) {
    this.key = key;
    this.windowMs = windowMs;
  }

  /** Bytes of the answer that is kept. */
  get bytes(): number {
    return this.#state.name === 'answered' ? this.#state.answer.bytes.length : 0;
  }

  /** What has become of it so far. */
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

/** Bytes of answers that are kept at once. */
const MAX_BYTES = 16 * 1024 * 1024;

/**
 * The sendings whose client does not know what came of them. Each is claimed by at most one request at a time: two clients that both were left in the dark get an answer each. A bounded number of
 * them, each for a bounded time.
 */
export class Ledger {
  readonly #clock: Clock;
  /** Oldest first. */
  readonly #entries = new Set<Sent>();
  readonly #byKey = new Map<string, Sent[]>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Sendings that are remembered now. */
  get size(): number {
    return this.#entries.size;
  }

  /** Whether a sending is remembered. */
  has(sent: Sent): boolean {
    return this.#entries.has(sent);
  }

  /** Remembers a sending, for its window from now on, and at most `max` of all. */
  add(sent: Sent, max: number): void {
    this.#forget(sent);
    if (sent.state.name === 'void') return;
    sent.expiresAt = this.#clock.now() + sent.windowMs;
    this.#entries.add(sent);
    const same = this.#byKey.get(sent.key);
    if (same === undefined) this.#byKey.set(sent.key, [sent]);
    else same.push(sent);
    this.#trim(max);
  }

  /** Starts the window of a sending anew, if it is remembered: it has been settled only now. */
  renew(sent: Sent, max: number): void {
    if (this.#entries.has(sent)) this.add(sent, max);
  }

  /** Takes the oldest sending of this very request; undefined where there is none within the window. */
  claim(key: string): Sent | undefined {
    this.#trim(Infinity);
    const found = this.#byKey.get(key)?.find(({ state }) => state.name !== 'void');
    if (found !== undefined) this.#forget(found);
    return found;
  }

  /** Forgets what is over, and the oldest where there are too many. */
  #trim(max: number): void {
    const now = this.#clock.now();
    let bytes = 0;
    for (const sent of this.#entries) bytes += sent.bytes;
    for (const sent of this.#entries) {
      const isOver = sent.state.name === 'void' || (sent.state.name !== 'running' && sent.expiresAt <= now);
      if (!isOver && this.#entries.size <= max && bytes <= MAX_BYTES) continue;
      bytes -= sent.bytes;
      this.#forget(sent);
    }
  }

  #forget(sent: Sent): void {
    if (!this.#entries.delete(sent)) return;
    const same = this.#byKey.get(sent.key)?.filter((other) => other !== sent) ?? [];
    if (same.length === 0) this.#byKey.delete(sent.key);
    else this.#byKey.set(sent.key, same);
  }
}
