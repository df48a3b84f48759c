import type { Exchange, LateAnswer } from '../model/exchange.ts';
import type { Reply } from '../model/outcome.ts';

/** Who has to know of a write that goes on after it was given up as timed out. */
export interface LateWatcher {
  /** It goes on. */
  begun?(): void;
  /** It is over: its answer, or undefined where none came. What this gives is waited for before anybody hears of it. */
  ended(answer: Reply | undefined): unknown;
}

/** Tells of a write's late answer before those who wait for it: what the write has changed must be dropped by then. */
export function watchLate(exchange: Exchange, watcher: LateWatcher): void {
  const { late } = exchange;
  if (late !== undefined) exchange.late = new WatchedLate(late, watcher);
}

class WatchedLate implements LateAnswer {
  readonly waitMs: number;
  readonly #late: LateAnswer;
  readonly #watcher: LateWatcher;

  constructor(late: LateAnswer, watcher: LateWatcher) {
    this.waitMs = late.waitMs;
    this.#late = late;
    this.#watcher = watcher;
  }

  awaited(): void {
    this.#watcher.begun?.();
    this.#late.awaited();
  }

  arrived(reply: Reply): void {
    this.#after(this.#watcher.ended(reply), () => this.#late.arrived(reply));
  }

  lost(): void {
    this.#after(this.#watcher.ended(undefined), () => this.#late.lost());
  }

  #after(work: unknown, goOn: () => void): void {
    if (work instanceof Promise) void work.then(goOn, goOn);
    else goOn();
  }
}
