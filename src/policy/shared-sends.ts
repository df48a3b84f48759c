import type { Clock } from '../model/clock.ts';
import { failure } from '../model/failure.ts';
import { callAfter } from '../model/timer.ts';
import type { Ledger, Sent, SentState } from './ledger.ts';
import type { SentNews, UpstreamSharing } from './sharing.ts';

/** Sendings of other processes that are known at once; past it the oldest are forgotten. */
const MAX_KNOWN = 10_000;

/**
 * Sendings of several processes that share an upstream: each tells the others the keys of what it sends and may not be sent twice, so that the same request, coming in
 * elsewhere, finds the process that knows what came of the first.
 */
export class SharedSends {
  readonly #sharing: UpstreamSharing;
  readonly #clock: Clock;
  /** Our own that are under way, or whose client does not know. */
  readonly #own = new Map<string, number>();
  /** Who else sent a key, oldest first. */
  readonly #elsewhere = new Map<string, Set<number>>();
  #untold: SentNews[] = [];

  constructor(sharing: UpstreamSharing, clock: Clock) {
    this.#sharing = sharing;
    this.#clock = clock;
  }

  /** A request is being sent, or is remembered again. */
  started(key: string): void {
    const count = this.#own.get(key) ?? 0;
    this.#own.set(key, count + 1);
    if (count === 0) this.#tell({ key, over: false });
    if (this.#own.size > MAX_KNOWN) for (const [oldest] of this.#own) return void this.#own.delete(oldest);
  }

  /** The client of a sending has gone, or was told that its outcome is unknown: those who were told otherwise in between hear of it again. */
  remembered(key: string): void {
    this.#tell({ key, over: false });
  }

  /** The client of a sending knows what came of it. */
  over(key: string): void {
    const count = this.#own.get(key) ?? 0;
    if (count > 1) return void this.#own.set(key, count - 1);
    this.#own.delete(key);
    this.#tell({ key, over: true });
  }

  /** Whether another process may know of a sending. */
  knows(key: string): boolean {
    return this.#elsewhere.size > 0 && this.#elsewhere.has(key);
  }

  /** What became of the sending in another process, taken over from there; undefined where its client knows. Waits until `untilMs` (monotonic) at most. */
  async claim(key: string, untilMs: number): Promise<SentState | undefined> {
    for (const owner of this.#elsewhere.get(key) ?? []) {
      const state = await this.#ask(owner, key, Math.min(untilMs - this.#clock.now(), MAX_WAIT_MS));
      if (state?.name !== 'running') this.#forget(key, owner);
      if (state !== undefined) return state;
    }
    return undefined;
  }

  /** Gives what is known of a sending to another process: once it is settled, or as `running` after `waitMs`. */
  async release(ledger: Ledger, key: string, waitMs: number): Promise<SentState | undefined> {
    // the client of one that is under way may have left just now: what its socket has to say comes first
    if (this.#own.has(key)) for (let turn = 0; turn < 2; turn++) await new Promise(setImmediate);
    const sent = ledger.claim(key);
    if (sent === undefined) return undefined;
    if (sent.state.name !== 'running') return this.#given(sent);
    // until then others may find it here
    ledger.add(sent, Infinity);
    return new Promise((resolve) => {
      const settled = (): void => {
        clearTimeout(timer);
        // queued so that whoever settles it has put it where it belongs
        queueMicrotask(() => resolve(ledger.claim(key) === sent ? this.#given(sent) : undefined));
      };
      const timer = callAfter(waitMs, () => {
        sent.offSettled(settled);
        resolve(sent.state);
      });
      sent.onSettled(settled);
    });
  }

  /** What the others have yet to hear. */
  takeUntold(): SentNews[] {
    const told = this.#untold;
    this.#untold = [];
    return told;
  }

  /** What another process told. */
  hear(news: readonly SentNews[], from: number): void {
    for (const { key, over } of news) {
      if (over) {
        this.#forget(key, from);
        continue;
      }
      const owners = this.#elsewhere.get(key);
      if (owners === undefined) this.#elsewhere.set(key, new Set([from]));
      else owners.add(from);
    }
    for (const [oldest] of this.#elsewhere) {
      if (this.#elsewhere.size <= MAX_KNOWN) break;
      this.#elsewhere.delete(oldest);
    }
  }

  async #ask(owner: number, key: string, waitMs: number): Promise<SentState | undefined> {
    try {
      return await this.#sharing.claimSent(owner, key, Math.max(0, waitMs));
    } catch {
      return { name: 'unknown', failure: LOST };
    }
  }

  #given(sent: Sent): SentState | undefined {
    this.over(sent.key);
    return sent.state.name === 'void' ? undefined : sent.state;
  }

  #tell(news: SentNews): void {
    this.#untold.push(news);
    this.#sharing.dirty();
  }

  #forget(key: string, owner: number): void {
    const owners = this.#elsewhere.get(key);
    owners?.delete(owner);
    if (owners?.size === 0) this.#elsewhere.delete(key);
  }
}

/** Nobody waits for longer than this for another process's answer where no deadline is set, in milliseconds. */
const MAX_WAIT_MS = 120_000;

const LOST = failure({
  code: 'http_response_timeout',
  phase: 'headers',
  kind: 'timeout',
  replay: 'ambiguous',
  detail: 'the process that sent it has died',
});
