import type { Random } from './random.ts';

/** When a rule strikes, among the events that it matches. All conditions given must hold. */
export interface Schedule {
  /** Leave the first n alone. */
  readonly after?: number;
  /** Strike at most this often; a queue of faults is several rules with `times`. */
  readonly times?: number;
  /** Strike only these, counted from 1. */
  readonly nth?: number | readonly number[];
  /** The first `of` in each group of `every`: a burst that comes again. */
  readonly burst?: { readonly of: number; readonly every: number };
  /** Chance of a strike, by the simulators' seeded source. */
  readonly probability?: number;
  /** Strike only while this says so: a slow moment, an outage in time. */
  readonly during?: () => boolean;
}

/** Counts the events and says for each whether the rule strikes. */
export function scheduler(schedule: Schedule, random: Random): { strikes(): boolean; readonly hits: number } {
  const nth = schedule.nth === undefined ? undefined : [schedule.nth].flat();
  let seen = 0;
  let hits = 0;
  const due = (): boolean => {
    const { after = 0, times = Infinity, burst, probability } = schedule;
    if (schedule.during?.() === false || seen <= after || hits >= times) return false;
    if (nth !== undefined && !nth.includes(seen)) return false;
    if (burst !== undefined && (seen - after - 1) % burst.every >= burst.of) return false;
    return probability === undefined || random() < probability;
  };
  return {
    strikes() {
      seen += 1;
      const strikes = due();
      if (strikes) hits += 1;
      return strikes;
    },
    get hits() {
      return hits;
    },
  };
}
