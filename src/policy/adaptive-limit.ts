import type { Clock } from '../model/clock.ts';

/** Bounds of a limit that finds itself. */
export interface AdaptiveOptions {
  readonly min: number;
  readonly max: number;
  /** How many times its unloaded latency an upstream may take before the limit falls. */
  readonly tolerance: number;
}

/** Samples that make one step, or one look at the unloaded latency. */
const SAMPLES = 10;
/** The unloaded latency is looked at again after this, in milliseconds, and up to `LOOK_JITTER` of it later. */
const LOOK_EVERY_MS = 60_000;
const LOOK_JITTER = 0.15;
/** How long a look that holds others up may last, in latencies and in milliseconds: what the upstream took before goes on to count then. */
const LOOK_LATENCIES = 10;
const LOOK_MS = 5000;
/** The part of each step that is taken at once: one odd window does not decide. */
const STEP = 0.2;
/** What an overload costs at once. */
const BACK_OFF = 0.9;

/**
 * A concurrency limit by the gradient of latency: now and then it goes down to `min` for a few answers, to see how fast the upstream is without load; from
 * then on it falls while answers take longer than `tolerance` times that, and rises by its square root while they do not and it is used. An answer that says
 * 'overloaded' lowers it at once. Needs some ten answers a second to be of use.
 */
export class AdaptiveLimit {
  readonly #options: AdaptiveOptions;
  readonly #clock: Clock;
  /** The exact limit, and what is kept of it while looking. */
  #exact: number;
  #looking = true;
  #stillLoaded = 0;
  #lookAt = 0;
  #lookUntil = Infinity;
  #unloadedMs = 0;
  #sumMs = 0;
  #samples = 0;
  #mostActive = 0;
  #backedOff = false;

  constructor(options: AdaptiveOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
    this.#exact = options.min;
  }

  /** How many may await their answer at once now. */
  get limit(): number {
    return this.#looks() ? this.#options.min : Math.floor(this.#exact);
  }

  /** What it never exceeds. */
  get max(): number {
    return this.#options.max;
  }

  /** How many places a look takes away for its time, and until when at most, in monotonic milliseconds. */
  get held(): { readonly places: number; readonly until: number } | undefined {
    return this.#looks() && this.#lookUntil !== Infinity
      ? { places: Math.floor(this.#exact) - this.#options.min, until: this.#lookUntil }
      : undefined;
  }

  /** The head of an answer came after `latencyMs`, with `active` that awaited theirs, itself included. */
  answered(latencyMs: number, active: number): void {
    if (this.#looks() && !this.#isUnloaded(active)) return;
    this.#sumMs += latencyMs;
    this.#samples++;
    this.#mostActive = Math.max(this.#mostActive, active);
    if (this.#samples < SAMPLES) return;
    const meanMs = this.#sumMs / this.#samples;
    if (this.#looking) this.#seen(meanMs);
    else this.#step(meanMs);
    this.#begin();
  }

  /** The upstream said, by word or by silence, that it had too much. */
  overloaded(): void {
    if (this.#backedOff || this.#looking) return;
    this.#backedOff = true;
    this.#set(this.#exact * BACK_OFF);
  }

  #looks(): boolean {
    if (!this.#looking) return false;
    if (this.#clock.now() < this.#lookUntil) return true;
    this.#looked();
    this.#begin();
    return false;
  }

  #begin(): void {
    this.#sumMs = this.#samples = this.#mostActive = 0;
    this.#backedOff = false;
  }

  /** While looking, the first answers are still of those that were sent under load. */
  #isUnloaded(active: number): boolean {
    if (active > this.#options.min) return false;
    return this.#stillLoaded-- <= 0;
  }

  #seen(meanMs: number): void {
    this.#unloadedMs = Math.max(meanMs, 0.1);
    this.#looked();
  }

  #looked(): void {
    this.#looking = false;
    this.#lookAt = this.#clock.now() + LOOK_EVERY_MS * (1 + LOOK_JITTER * this.#clock.random());
  }

  #step(meanMs: number): void {
    if (this.#clock.now() >= this.#lookAt) {
      this.#looking = true;
      this.#stillLoaded = this.#options.min;
      // at its fewest places it holds nobody up
      this.#lookUntil = Math.floor(this.#exact) <= this.#options.min ? Infinity : this.#clock.now() + Math.min(LOOK_MS, LOOK_LATENCIES * meanMs);
      return;
    }
    const gradient = Math.min(1, Math.max(0.5, (this.#options.tolerance * this.#unloadedMs) / meanMs));
    if (gradient === 1 && this.#mostActive < this.#exact / 2) return;
    const target = this.#exact * gradient + Math.sqrt(this.#exact);
    this.#set(this.#exact + STEP * (target - this.#exact));
  }

  #set(limit: number): void {
    this.#exact = Math.min(this.#options.max, Math.max(this.#options.min, limit));
  }
}
