import { type ConnectionFault, type Fault, isConnectionFault, isHeadFault, type RequestFault } from './faults.ts';
import { type Match, type Matchable, matcher } from './match.ts';
import type { Random } from './random.ts';
import { type Schedule, scheduler } from './schedule.ts';

/** A fault, the requests that it is for, and when it strikes. */
export interface Rule extends Schedule {
  /** Requests that it is for; absent: all. */
  readonly on?: Match;
  /** Whether the struck request has its effect; the default depends on the fault. */
  readonly effect?: boolean;
}

/** What the maker of a rule holds. */
export interface FaultHandle {
  /** How often it has struck. */
  readonly hits: number;
  /** Takes the rule away; what it has struck stays struck. */
  remove(): void;
}

/** A strike: the fault, and what its rule says of the effect. */
export interface Strike<F extends Fault = RequestFault> {
  readonly fault: F;
  readonly effect: boolean | undefined;
}

interface Entry extends Strike<Fault> {
  readonly matches: (request: Matchable) => boolean;
  readonly schedule: ReturnType<typeof scheduler>;
}

/** The faults of one simulator, asked in the order in which they were added; the first that strikes wins. */
export class Plan {
  readonly #random: Random;
  #entries: Entry[] = [];

  constructor(random: Random) {
    this.#random = random;
  }

  add(fault: Fault, rule: Rule): FaultHandle {
    const entry: Entry = { fault, effect: rule.effect, matches: matcher(rule.on ?? {}), schedule: scheduler(rule, this.#random) };
    this.#entries.push(entry);
    return {
      get hits() {
        return entry.schedule.hits;
      },
      remove: () => {
        this.#entries = this.#entries.filter((other) => other !== entry);
      },
    };
  }

  clear(): void {
    this.#entries = [];
  }

  /** Asked once for each connection. */
  forConnection(): ConnectionFault | undefined {
    for (const { fault, schedule } of this.#entries) {
      if (isConnectionFault(fault) && schedule.strikes()) return fault;
    }
    return undefined;
  }

  /** Asked twice for each request: at its head, with the faults that strike there, and when it is complete, with the others. */
  forRequest(request: Matchable, stage: 'head' | 'complete'): Strike | undefined {
    for (const { fault, effect, matches, schedule } of this.#entries) {
      if (isConnectionFault(fault) || isHeadFault(fault) !== (stage === 'head') || !matches(request)) continue;
      if (schedule.strikes()) return { fault, effect };
    }
    return undefined;
  }
}
