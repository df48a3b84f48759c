import { LRUCache } from 'lru-cache';
import type { Trouble } from '../rules/reuse.ts';

/** Keys remembered at once: what is forgotten costs a wait or an upstream request, never a wrong answer. */
const REMEMBERED = 10_000;
/** How long a key counts as not worth waiting for, after an answer that could not be shared. */
const HIT_FOR_MISS_MS = 5000;
const FIRST_BACKOFF_MS = 1000;
const LAST_BACKOFF_MS = 30_000;

interface Backoff {
  readonly failures: number;
  readonly trouble: Trouble;
  readonly until: number;
}

/** What is known of keys that have no stored answer to tell it: short notes, bounded, one table for all routes since its room is taken at once. Times are monotonic milliseconds. */
export class KeyNotes {
  readonly #unshared = new LRUCache<string, number>({ max: REMEMBERED });
  readonly #vary = new LRUCache<string, readonly string[]>({ max: REMEMBERED });
  readonly #backoff = new LRUCache<string, Backoff>({ max: REMEMBERED });

  /** The last answer under this key could not be shared: whoever comes next asks for itself at once, instead of waiting for one that is not for it. */
  noteUnshared(key: string, now: number): void {
    this.#unshared.set(key, now + HIT_FOR_MISS_MS);
  }

  /** The last answer under this key could be shared: those who come may wait for the next again. */
  noteShared(key: string): void {
    this.#unshared.delete(key);
  }

  /** Whether an answer under this key could not be shared, a short while ago. */
  isUnshared(key: string, now: number): boolean {
    return (this.#unshared.get(key) ?? 0) > now;
  }

  /** The fields that answers under this key vary by: requests that differ in them do not wait for each other. */
  noteVary(key: string, names: readonly string[]): void {
    if (names.length > 0) this.#vary.set(key, names);
  }

  /** What `noteVary` was told of this key. */
  varyOf(key: string): readonly string[] | undefined {
    return this.#vary.get(key);
  }

  /** A fetch for a stale answer failed: the next one waits, twice as long each time, with a chance of its own so that keys do not come in step. */
  noteFailure(key: string, trouble: Trouble, now: number, chance: number): void {
    const failures = (this.#backoff.get(key)?.failures ?? 0) + 1;
    const waitMs = Math.min(LAST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (failures - 1));
    this.#backoff.set(key, { failures, trouble, until: now + waitMs * (0.5 + chance / 2) });
  }

  /** A fetch for this key succeeded: the next failure is the first again. */
  noteSuccess(key: string): void {
    this.#backoff.delete(key);
  }

  /** Whether the last fetch for this key failed, as far as that is remembered. */
  isFailing(key: string): boolean {
    return this.#backoff.has(key);
  }

  /** The last trouble, while a failing upstream is not to be asked again for what a stale answer can stand in for. */
  troubleWith(key: string, now: number): Trouble | undefined {
    const backoff = this.#backoff.get(key);
    return backoff !== undefined && backoff.until > now ? backoff.trouble : undefined;
  }
}
