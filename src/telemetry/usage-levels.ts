/** How much of one limit an upstream says is used up. */
export interface UsageLevel {
  /** Which limit, by the configuration: `app_call_count`. */
  readonly kind: string;
  /** 1 is all of it. */
  readonly ratio: number;
  /** When it said so, in milliseconds since the epoch. */
  readonly at: number;
}

/** How long a lower level does not take the place of a higher one: answers to several accounts each tell their own. */
const HELD_MS = 60_000;
/** How long a level is told after it was last heard of: limits count by the hour. */
const KNOWN_MS = 3_600_000;

/** The levels of an upstream: of each limit the highest of the last minute in which it was told. */
export class UsageLevels {
  readonly #levels = new Map<string, UsageLevel>();

  /** The upstream has told one; another process may have heard it, and earlier. */
  told(level: UsageLevel): void {
    const known = this.#levels.get(level.kind);
    const newer = known === undefined || level.at - known.at > HELD_MS;
    const higher = known !== undefined && level.ratio >= known.ratio && known.at - level.at <= HELD_MS;
    if (newer) this.#levels.set(level.kind, level);
    else if (higher) this.#levels.set(level.kind, { ...level, at: Math.max(level.at, known.at) });
  }

  /** All that is known at `wallNow`, milliseconds since the epoch. */
  read(wallNow: number): UsageLevel[] {
    return [...this.#levels.values()].filter(({ at }) => wallNow - at <= KNOWN_MS);
  }

  /** Everything, as plain data. */
  export(): UsageLevel[] {
    return [...this.#levels.values()];
  }
}
