import { History } from '../model/history.ts';
import type { ExchangeAnswer, StatusAnswer } from '../model/wire.ts';
import { ask } from './api.ts';

/** Which exchanges are listed. */
export interface Filter {
  readonly upstream: string;
  readonly failed: boolean;
}

/** What the page knows. Times that are not the server's are of `performance.now()`. */
export interface Known {
  readonly status: StatusAnswer | undefined;
  readonly receivedAt: number;
  readonly exchanges: readonly ExchangeAnswer[];
  readonly filter: Filter;
  /** Undefined while it answers. */
  readonly trouble: { readonly since: number; readonly text: string } | undefined;
}

const EVERY_MS = 2000;
/** Exchanges in the list, and those from which the charts before the page was opened are made. */
const LISTED = 50;
const JOURNAL = 1000;

/** Asks every two seconds as long as somebody looks, and keeps what was answered. */
export class Poller {
  readonly history = new History();
  known: Known = { status: undefined, receivedAt: 0, exchanges: [], filter: { upstream: '', failed: false }, trouble: undefined };
  readonly #changed: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asking = false;
  #again = false;
  /** What was before the last reading has still to be had from the journal. */
  #gap = false;

  constructor(changed: () => void) {
    this.#changed = changed;
    document.addEventListener('visibilitychange', () => this.askNow());
  }

  /** Lists other exchanges. */
  filter(filter: Filter): void {
    this.known = { ...this.known, filter };
    this.#changed();
    this.askNow();
  }

  /** Asks without waiting for its time, unless nobody looks. */
  askNow(): void {
    clearTimeout(this.#timer);
    if (this.#asking) this.#again = true;
    else if (!document.hidden) void this.#turn();
  }

  async #turn(): Promise<void> {
    this.#asking = true;
    this.#again = false;
    try {
      await this.#read();
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      this.known = { ...this.known, trouble: { since: this.known.trouble?.since ?? performance.now(), text } };
    }
    this.#asking = false;
    this.#changed();
    if (this.#again) this.askNow();
    else if (!document.hidden) this.#timer = setTimeout(() => this.askNow(), EVERY_MS);
  }

  async #read(): Promise<void> {
    const { filter } = this.known;
    const status = await ask<StatusAnswer>('api/status');
    const receivedAt = performance.now();
    if (!this.history.follows(status)) this.#gap = true;
    this.history.take(status);
    if (this.#gap) this.history.backfill(await this.#exchanges(`limit=${JOURNAL}`), JOURNAL, status);
    this.#gap = false;
    const upstream = filter.upstream === '' ? '' : `&upstream=${encodeURIComponent(filter.upstream)}`;
    const exchanges = await this.#exchanges(`limit=${LISTED}${upstream}${filter.failed ? '&failed' : ''}`);
    this.known = { ...this.known, status, receivedAt, exchanges, trouble: undefined };
  }

  async #exchanges(query: string): Promise<readonly ExchangeAnswer[]> {
    return (await ask<{ exchanges: readonly ExchangeAnswer[] }>(`api/exchanges?${query}`)).exchanges;
  }
}
