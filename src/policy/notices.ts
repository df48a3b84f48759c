import type { Patience, PatienceStatus } from './patience.ts';

/** Faults that are injected on a route: never to be overlooked. */
export interface FaultNotice {
  readonly upstream: string;
  readonly route: string;
  /** What they do, for people. */
  readonly text: string;
}

/** What the policies of an upstream's routes have to tell whoever shows its health. */
export class Notices {
  readonly #patience: Patience[] = [];
  readonly #faults: FaultNotice[] = [];

  addPatience(patience: Patience): void {
    this.#patience.push(patience);
  }

  addFaults(notice: FaultNotice): void {
    this.#faults.push(notice);
  }

  /** Routes whose clients are known to leave after some time. */
  get patience(): PatienceStatus[] {
    return this.#patience.flatMap(({ status }) => status ?? []);
  }

  /** Routes on which faults are injected now. */
  get faults(): readonly FaultNotice[] {
    return this.#faults;
  }
}
