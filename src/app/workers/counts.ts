import type { Clock } from '../../model/clock.ts';
import type { BreakerTransition } from '../../model/events.ts';
import type { CacheReading } from '../../model/status.ts';
import { Stats } from '../../telemetry/stats.ts';
import type { Crew } from './crew.ts';
import type { Member } from './member.ts';
import { PATIENCE_MS } from './protocol.ts';

/** How often workers are asked unasked, so that a crash loses no more of its counts. Milliseconds. */
const EVERY_MS = 2000;

/** What caches count. */
export type CacheCounts = Pick<CacheReading, 'evictions' | 'errors'>;

/** Adds up the counts of all workers, those that have ended among them: a counter never goes down. */
export class Counts {
  readonly #crew: Crew;
  /** Where the sum is shown. */
  readonly #shown: Stats;
  /** What was counted by workers that have ended, and by the primary itself. */
  readonly #kept = new Stats();
  readonly #clock: Clock;
  #caches: CacheCounts = { evictions: 0, errors: 0 };
  #timer: NodeJS.Timeout | undefined;
  #collecting: Promise<void> | undefined;

  constructor(crew: Crew, shown: Stats, clock: Clock) {
    this.#crew = crew;
    this.#shown = shown;
    this.#clock = clock;
  }

  /** Begins to ask by itself. */
  begin(): void {
    this.#timer = setInterval(() => void this.collect(), EVERY_MS).unref();
  }

  /** Asks no more. */
  close(): void {
    clearInterval(this.#timer);
  }

  /** Brings the sum up to date, once for all who ask meanwhile. A worker that does not answer in time counts as it last said. */
  async collect(): Promise<void> {
    this.#collecting ??= this.#collect().finally(() => {
      this.#collecting = undefined;
    });
    await this.#collecting;
  }

  /** What the caches of workers that have ended had counted. */
  get caches(): CacheCounts {
    return this.#caches;
  }

  /** Keeps the counts of a worker that has ended. */
  keep({ last }: Member): void {
    if (last === undefined) return;
    this.#kept.absorb({ ...last.stats, warnings: [] }, this.#clock.now());
    this.#caches = { evictions: this.#caches.evictions + last.cache.evictions, errors: this.#caches.errors + last.cache.errors };
    this.#sum();
  }

  /** An exception in the primary. */
  bug(): void {
    this.#kept.internalErrors++;
    this.#kept.lastInternalErrorAt = this.#clock.wallNow();
  }

  /** A breaker of all workers has changed. */
  changed(transition: BreakerTransition): void {
    this.#kept.changed(transition);
  }

  async #collect(): Promise<void> {
    for (const { member, value } of await this.#crew.askAll('snapshot', undefined, PATIENCE_MS)) {
      member.last = value;
      member.answeredAt = this.#clock.now();
    }
    this.#crew.endSilent();
    this.#sum();
  }

  #sum(): void {
    const now = this.#clock.now();
    this.#shown.clear();
    this.#shown.absorb(this.#kept.export(now), now);
    for (const { last } of this.#crew.ready) if (last !== undefined) this.#shown.absorb(last.stats, now);
  }
}
