import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import type { Clock } from '../model/clock.ts';

/** Addresses of a host, or the error of a lookup that nothing can stand in for. */
type Answer = { readonly addresses: LookupAddress[] } | { readonly error: NodeJS.ErrnoException };

/** Called with the addresses of a host: once, maybe before `resolve` returns. */
export type ResolveCallback = (error: NodeJS.ErrnoException | undefined, addresses: LookupAddress[]) => void;

/** How a name is looked up; the system's resolver unless a test says otherwise. */
export type Lookup = (host: string, callback: ResolveCallback) => void;

const systemResolve: Lookup = (host, callback) => {
  systemLookup(host, { all: true, verbatim: true }, (error, addresses) => callback(error ?? undefined, addresses));
};

interface Entry {
  addresses: LookupAddress[];
  freshUntil: number;
  waiting: ResolveCallback[] | undefined;
}

/**
 * Addresses by host name, kept for `ttlMs`, one lookup at a time per name. A failing resolver is covered by the last good answer, however old;
 * a changed answer is taken up as soon as the kept one is past its time.
 */
export class Resolver {
  readonly #entries = new Map<string, Entry>();
  readonly #clock: Clock;
  readonly #lookup: Lookup;
  readonly #ttlMs: number;

  constructor(clock: Clock, ttlMs = 30_000, lookup: Lookup = systemResolve) {
    this.#clock = clock;
    this.#ttlMs = ttlMs;
    this.#lookup = lookup;
  }

  /** Gives the addresses of a host, in the order in which they should be tried. */
  resolve(host: string, callback: ResolveCallback): void {
    const entry = this.#entries.get(host) ?? { addresses: [], freshUntil: -Infinity, waiting: undefined };
    this.#entries.set(host, entry);
    if (this.#clock.now() < entry.freshUntil) return callback(undefined, entry.addresses);
    if (entry.waiting !== undefined) {
      entry.waiting.push(callback);
      return;
    }
    entry.waiting = [callback];
    this.#lookup(host, (error, addresses) => {
      this.#settle(host, entry, error === undefined && addresses.length > 0 ? { addresses } : { error: error ?? notFound(host) });
    });
  }

  #settle(host: string, entry: Entry, answer: Answer): void {
    const waiting = entry.waiting ?? [];
    entry.waiting = undefined;
    if ('addresses' in answer) {
      entry.addresses = answer.addresses;
      entry.freshUntil = this.#clock.now() + this.#ttlMs;
    }
    const error = 'error' in answer && entry.addresses.length === 0 ? answer.error : undefined;
    if (error !== undefined) this.#entries.delete(host);
    for (const callback of waiting) callback(error, entry.addresses);
  }
}

function notFound(host: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`no address for ${host}`), { code: 'ENOTFOUND' });
}
