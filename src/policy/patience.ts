import type { Clock } from '../model/clock.ts';
import type { Observer } from '../model/events.ts';
import type { Exchange } from '../model/exchange.ts';
import type { Layer } from '../model/service.ts';
import type { PatienceReading } from '../model/status.ts';

/** How it is learned how long clients wait, and what is done with it. Times in milliseconds. */
export interface PatienceOptions {
  readonly upstream: string;
  readonly route: string;
  /** The route's `timeouts.total`; Infinity where it has none. */
  readonly totalMs: number;
  /** Departures after about the same time that show a patience. */
  readonly minimum: number;
  readonly marginMs: number;
  readonly observe: boolean;
}

/** What is known of the patience of a route's clients. */
export interface PatienceStatus extends PatienceReading {
  readonly upstream: string;
  /** True where the route's total is longer: what it allows past the patience is seen by nobody. */
  readonly tooLong: boolean;
}

/** After how long clients left, in milliseconds, oldest first. */
export type Departures = number[];

/** Departures that are kept. */
const KEPT = 16;
/** Departures this close together, as a share of the time, are one habit: a timeout, and not a person who closed a page. */
const SPREAD = 0.1;
/** And at least this close, in milliseconds, whatever the share. */
const LEAST_SPREAD_MS = 100;
/** Departures before this say nothing of patience: a client that shuts down, a connection check. Milliseconds. */
const LEAST_MS = 200;

/** Learns from when clients hang up how long they wait. A client that is still there well past the time learned unteaches it. */
export class Patience {
  readonly #options: PatienceOptions;
  readonly #observer: Observer;
  readonly #departures: Departures;
  #status: PatienceStatus | undefined;

  /** `departures`: those that are known already. Nobody is warned of what they show until `warn`. */
  constructor(options: PatienceOptions, observer: Observer, departures: Departures = []) {
    this.#options = options;
    this.#observer = observer;
    this.#departures = departures;
    this.#status = this.#look();
  }

  /** What is known; undefined while it is nothing. */
  get status(): PatienceStatus | undefined {
    return this.#status;
  }

  /** Milliseconds after which no retry should start; Infinity where nothing is known. */
  get usefulMs(): number {
    return this.#status === undefined ? Infinity : Math.max(0, this.#status.patienceMs - this.#options.marginMs);
  }

  /** A client left before it was answered. */
  left(afterMs: number): void {
    if (afterMs < LEAST_MS) return;
    this.#departures.push(afterMs);
    if (this.#departures.length > KEPT) this.#departures.shift();
    const found = this.#look();
    if (found !== undefined) this.#learn(found);
  }

  /** A client was answered after so long, and was there. */
  stayed(forMs: number): void {
    const known = this.#status?.patienceMs;
    if (known === undefined || forMs <= known * (1 + SPREAD) + LEAST_SPREAD_MS) return;
    this.#departures.length = 0;
    this.#status = undefined;
    this.takeBack();
  }

  /** Warns where the route's total is known to be longer than its clients wait. */
  warn(): void {
    const { upstream, route } = this.#options;
    if (this.#status?.tooLong === true) this.#observer.warned(upstream, route, 'patience', warning(this.#status));
  }

  /** Takes a warning back. */
  takeBack(): void {
    this.#observer.warned(this.#options.upstream, this.#options.route, 'patience', '');
  }

  /** An exchange had an attempt that enforcing would have spared. */
  observe(exchange: Exchange): void {
    this.#observer.wouldHave(exchange, 'patience', 'stopped');
  }

  /** What the departures show now. */
  #look(): PatienceStatus | undefined {
    const { upstream, route, totalMs, minimum } = this.#options;
    const cluster = clusterOf(this.#departures, minimum);
    const patienceMs = cluster?.[0];
    if (cluster === undefined || patienceMs === undefined) return undefined;
    return { upstream, route, patienceMs, totalMs, departures: cluster.length, tooLong: totalMs > patienceMs * (1 + SPREAD) };
  }

  #learn(found: PatienceStatus): void {
    const before = this.#status?.patienceMs;
    this.#status = found;
    if (before === undefined || Math.abs(before - found.patienceMs) > Math.max(LEAST_SPREAD_MS, found.patienceMs * SPREAD)) this.warn();
  }
}

/** The densest group of departures, shortest first; undefined where none is large enough. */
function clusterOf(departures: readonly number[], minimum: number): readonly number[] | undefined {
  const sorted = departures.toSorted((a, b) => a - b);
  let best: readonly number[] = [];
  for (let from = 0; from < sorted.length; from++) {
    const first = sorted[from] ?? 0;
    const group = sorted.slice(from).filter((one) => one - first <= Math.max(LEAST_SPREAD_MS, first * SPREAD));
    if (group.length > best.length) best = group;
  }
  return best.length >= minimum ? best : undefined;
}

/** HTTP clients' own defaults, in seconds, for the message. */
const KNOWN_DEFAULTS: Readonly<Record<number, string>> = { 5: "httpx's default", 30: 'a common default' };

function warning({ patienceMs, totalMs, departures }: PatienceStatus): string {
  const known = KNOWN_DEFAULTS[Math.round(patienceMs / 1000)];
  const seconds = `${(patienceMs / 1000).toFixed(1)} s${known === undefined ? '' : ` (${known})`}`;
  const total = totalMs === Infinity ? 'the route has no total' : `total is ${(totalMs / 1000).toFixed(1)} s`;
  return `${departures} clients hung up after ${seconds} and ${total}: what happens later is seen by nobody. Lower timeouts.total, or let the client wait longer`;
}

/** Watches how long clients stay, and tells the layers inside by when an attempt is of no use any more. */
export function patience(learner: Patience, options: PatienceOptions, clock: Clock): Layer {
  const learn = (exchange: Exchange): void => {
    if (exchange.background) return;
    const elapsedMs = clock.now() - exchange.startedAt;
    if (options.observe && elapsedMs > learner.usefulMs && exchange.attempt > 1) learner.observe(exchange);
    if (exchange.aborted) learner.left(exchange.abortedAt - exchange.startedAt);
    else learner.stayed(elapsedMs);
  };
  return (next) => (exchange) => {
    if (!options.observe && !exchange.background) exchange.patienceEndsAt = exchange.startedAt + learner.usefulMs;
    const outcome = next(exchange);
    // an answer at once tells nothing of how long a client waits
    if (!(outcome instanceof Promise)) return outcome;
    return outcome.then((late) => {
      learn(exchange);
      return late;
    });
  };
}
