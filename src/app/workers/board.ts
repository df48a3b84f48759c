import type { Clock } from '../../model/clock.ts';
import type { BreakerState, BreakerTransition } from '../../model/events.ts';
import type { ClaimPurpose } from '../../policy/breaker/breaker.ts';
import type { BreakerPlace, PlacedPosition, TransitionNews } from './protocol.ts';

/** What the board needs of the workers. */
export interface BoardParts {
  readonly clock: Clock;
  /** Counts and logs a change, once for all workers. */
  readonly changed: (transition: BreakerTransition) => void;
  /** Tells all workers where a breaker stands; `by` did it. */
  readonly tell: (position: PlacedPosition, by: number) => void;
  /** Asks a worker to give up its leave to let probes through. */
  readonly askBack: (worker: number, place: BreakerPlace, purpose: ClaimPurpose) => Promise<number | undefined>;
}

interface Entry extends BreakerPlace {
  state: BreakerState;
  until: number;
  askedUntil: number;
  dueAt: number;
  reopened: number;
  /** Who may let probes through. */
  holder: number | undefined;
  asking: boolean;
  /** The mark of its last change. */
  changedAt: number;
}

/**
 * Where the breakers of all workers stand. Workers open and close their own; the first to say so has it said to all the others, counted and logged once. At any time one of them at most lets
 * probes through.
 */
export class Board {
  readonly #parts: BoardParts;
  readonly #entries = new Map<string, Entry>();
  #mark = 0;

  constructor(parts: BoardParts) {
    this.#parts = parts;
  }

  /** A worker's breaker has changed. */
  changed({ transition, position }: TransitionNews, worker: number): void {
    const entry = this.#entry(position);
    const { state: from } = entry;
    const to = position.state;
    entry.holder = to === 'half-open' ? worker : undefined;
    // two workers that saw the same failures open by themselves
    if (from === to) return;
    entry.state = to;
    entry.changedAt = ++this.#mark;
    const now = this.#parts.clock.now();
    entry.until = now + position.openForMs;
    entry.askedUntil = now + position.askedForMs;
    entry.dueAt = now + position.dueForMs;
    entry.reopened = position.reopened;
    this.#parts.changed({ ...transition, from });
    this.#parts.tell(position, worker);
  }

  /** A worker's open breaker stays so for longer. Whether the others have to know. */
  prolonged(position: PlacedPosition): boolean {
    const entry = this.#entry(position);
    if (entry.state !== 'open' || position.state !== 'open') return false;
    const now = this.#parts.clock.now();
    entry.until = Math.max(entry.until, now + position.openForMs);
    entry.askedUntil = Math.max(entry.askedUntil, now + position.askedForMs);
    return true;
  }

  /** Leave for a worker to let probes through, with how many were answered; undefined where another has it, or nobody may. */
  async claim(place: BreakerPlace, worker: number, purpose: ClaimPurpose): Promise<number | undefined> {
    const entry = this.#entry(place);
    const { changedAt } = entry;
    if (entry.asking || (entry.state !== 'open' && entry.state !== 'half-open')) return undefined;
    const good = entry.holder === undefined || entry.holder === worker ? 0 : await this.#askBack(entry, entry.holder, purpose);
    // what it was asked for has changed while the other was asked
    if (good === undefined || entry.changedAt !== changedAt) return undefined;
    entry.holder = worker;
    return good;
  }

  /** A worker has died. */
  died(worker: number): void {
    for (const entry of this.#entries.values()) if (entry.holder === worker) entry.holder = undefined;
  }

  /** Which change was the last, for `keep`. */
  get mark(): number {
    return this.#mark;
  }

  /** Forgets all breakers but these, and those that have changed since `mark`: a reload did not take them over, and one of the same name is another. */
  keep(places: readonly BreakerPlace[], mark: number): void {
    const kept = new Set(places.map(keyOf));
    for (const [key, entry] of this.#entries) if (!kept.has(key) && entry.changedAt <= mark && !entry.asking) this.#entries.delete(key);
  }

  /** Breakers that are not closed, for a worker that begins. */
  get positions(): PlacedPosition[] {
    const now = this.#parts.clock.now();
    const left = (at: number): number => Math.max(0, at - now);
    return [...this.#entries.values()]
      .filter(({ state }) => state !== 'closed')
      .map(({ upstream, breaker, authority, state, until, askedUntil, dueAt, reopened }) => {
        return { upstream, breaker, authority, state, openForMs: left(until), askedForMs: left(askedUntil), dueForMs: left(dueAt), reopened };
      });
  }

  async #askBack(entry: Entry, holder: number, purpose: ClaimPurpose): Promise<number | undefined> {
    entry.asking = true;
    try {
      return await this.#parts.askBack(holder, entry, purpose);
    } finally {
      entry.asking = false;
    }
  }

  #entry({ upstream, breaker, authority }: BreakerPlace): Entry {
    const key = keyOf({ upstream, breaker, authority });
    const known = this.#entries.get(key);
    if (known !== undefined) return known;
    const made: Entry = {
      upstream,
      breaker,
      authority,
      state: 'closed',
      until: 0,
      askedUntil: 0,
      dueAt: 0,
      reopened: 0,
      holder: undefined,
      asking: false,
      changedAt: 0,
    };
    this.#entries.set(key, made);
    return made;
  }
}

function keyOf({ upstream, breaker, authority }: BreakerPlace): string {
  return `${upstream} ${breaker} ${authority}`;
}
