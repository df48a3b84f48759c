import type { Observer } from '../model/events.ts';
import type { AttemptRecord, Exchange } from '../model/exchange.ts';
import type { Failure } from '../model/failure.ts';

type Ends = Pick<Observer, 'attemptEnded'>;

/** An attempt of which one half is known: how it ended, or how its answer is judged. */
interface Open {
  readonly number: number;
  record: AttemptRecord | undefined;
  verdict: Failure | undefined;
  judged: boolean;
  /** True while its body is watched, and may still break for a reason that the attempt knows nothing of. */
  watched: boolean;
}

/**
 * Brings the end of each attempt of a route together with what the policies make of its answer, whichever comes first, and tells both at once: what is counted is then what the policies saw.
 * Attempts whose status needs no judgement are told as they end.
 */
export class AttemptRecords implements Ends {
  readonly #observer: Ends;
  /** By status: whether it is judged. */
  readonly #judged = new Uint8Array(1000);
  readonly #open = new WeakMap<Exchange, Open[]>();

  constructor(observer: Ends) {
    this.#observer = observer;
  }

  /** Attempts answered with a status whose entry is not 0 will be judged, each by one call of `judged`. To be said before the first of them. */
  expect(statuses: Uint8Array): void {
    for (let status = 0; status < statuses.length; status++) if (statuses[status] !== 0) this.#judged[status] = 1;
  }

  /** An attempt has ended; `exchange` is the root. */
  attemptEnded(exchange: Exchange, record: AttemptRecord): void {
    if (record.status === undefined || this.#judged[record.status] === 0) return this.#observer.attemptEnded(exchange, record);
    const open = this.#find(exchange, record.number);
    open.record = record;
    this.#close(exchange, open);
  }

  /** The answer of an exchange's attempt is judged: a failure, or an answer like any other. */
  judged(exchange: Exchange, verdict: Failure | undefined): void {
    const open = this.#find(exchange.root, numberOf(exchange));
    open.judged = true;
    open.verdict ??= verdict;
    this.#close(exchange.root, open);
  }

  /** The body of an attempt's answer is watched until `watchEnded`. Its judgement comes besides. */
  watched(exchange: Exchange): void {
    this.#find(exchange.root, numberOf(exchange)).watched = true;
  }

  /** A watched body has come to an end; `failed` where it broke for whoever reads it. */
  watchEnded(exchange: Exchange, failed: Failure | undefined): void {
    const open = this.#known(exchange.root, numberOf(exchange));
    if (open === undefined) return;
    open.watched = false;
    open.verdict ??= failed;
    this.#close(exchange.root, open);
  }

  #known(root: Exchange, number: number): Open | undefined {
    return this.#open.get(root)?.find((open) => open.number === number);
  }

  #find(root: Exchange, number: number): Open {
    const known = this.#known(root, number);
    if (known !== undefined) return known;
    const made: Open = { number, record: undefined, verdict: undefined, judged: false, watched: false };
    const list = this.#open.get(root);
    if (list === undefined) this.#open.set(root, [made]);
    else list.push(made);
    return made;
  }

  #close(root: Exchange, open: Open): void {
    const { record, verdict, judged, watched } = open;
    if (record === undefined || !judged || watched) return;
    const list = this.#open.get(root);
    list?.splice(list.indexOf(open), 1);
    record.verdict = verdict;
    this.#observer.attemptEnded(root, record);
  }
}

function numberOf({ attemptsBefore, attempt }: Exchange): number {
  return attemptsBefore + attempt;
}
