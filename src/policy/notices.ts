import type { Observer } from '../model/events.ts';
import type { FaultReading } from '../model/status.ts';
import type { Patience, PatienceStatus } from './patience.ts';

/** Faults that are injected on a route: never to be overlooked. */
export interface FaultNotice extends FaultReading {
  readonly upstream: string;
}

/** What the policies of an upstream's routes have to tell whoever shows its health. */
export class Notices {
  readonly #patience: Patience[] = [];
  readonly #faults: FaultNotice[] = [];

  /** Adds what a route learns of its clients. */
  addPatience(patience: Patience): void {
    this.#patience.push(patience);
  }

  /** Adds what is injected on a route. */
  addFaults(notice: FaultNotice): void {
    this.#faults.push(notice);
  }

  /** Warns of what the routes do from now on: once they are at work, since a configuration may still be refused when it has been put together. */
  warn(observer: Observer): void {
    for (const patience of this.#patience) patience.warn();
    for (const { upstream, route, text } of this.#faults) observer.warned(upstream, route, 'faults', `faults are injected on purpose: ${text}`);
  }

  /** Takes that back: they are at work no more. */
  takeBack(observer: Observer): void {
    for (const patience of this.#patience) if (patience.status !== undefined) patience.takeBack();
    for (const { upstream, route } of this.#faults) observer.warned(upstream, route, 'faults', '');
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
