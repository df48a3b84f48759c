import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import type { Clock } from '../model/clock.ts';
import { callAfter } from '../model/timer.ts';

/** Called with the addresses of a host: once, maybe before `resolve` returns. */
export type ResolveCallback = (error: NodeJS.ErrnoException | undefined, addresses: LookupAddress[]) => void;

/** How a name is looked up; the system's resolver unless a test says otherwise. */
export type Lookup = (host: string, callback: ResolveCallback) => void;

/** How long answers are kept. Milliseconds. */
export interface ResolverOptions {
  /** The system's resolver does not tell the TTL of a record: how long an answer holds. */
  readonly ttlMs: number;
  /** How long a name without an address is not looked up again. */
  readonly negativeMs: number;
  /** How long a lookup may take before the last good answer stands in for it, if there is one. */
  readonly patienceMs: number;
}

/** What holds where the configuration does not say. */
export const DEFAULT_RESOLVER: ResolverOptions = { ttlMs: 30_000, negativeMs: 1000, patienceMs: 1000 };

/**
 * How long a resolver that has failed is left alone, in milliseconds. Whoever asks meanwhile waits for the next lookup instead of failing with the last one: it may go well, and a retry that was told
 * what its first attempt was told would be none. All wait for the same, so that a resolver in trouble is asked ten times a second at most.
 */
const REST_MS = 100;
/** The one error by which a resolver says that it knows: the name has no address. */
const NO_ADDRESS = 'ENOTFOUND';

/** Names that are remembered at once: a pattern such as `*.example.com` can name no end of hosts. */
const MAX_NAMES = 1024;

const systemResolve: Lookup = (host, callback) => {
  systemLookup(host, { all: true, verbatim: true }, (error, addresses) => callback(error ?? undefined, addresses));
};

interface Entry {
  addresses: LookupAddress[];
  /** Of the last lookup, where there are no addresses to stand in for it. */
  error: NodeJS.ErrnoException | undefined;
  freshUntil: number;
  looking: boolean;
  waiting: ResolveCallback[];
}

/**
 * Addresses by host name, one lookup at a time per name. A resolver that fails, or hangs, is covered by the last good answer, however old; a changed
 * answer is taken up as soon as the kept one is past its time. A name that has no address fails for `negativeMs` without a new lookup.
 */
export class Resolver {
  readonly #entries = new Map<string, Entry>();
  readonly #clock: Clock;
  readonly #options: ResolverOptions;
  readonly #lookup: Lookup;

  constructor(clock: Clock, options: Partial<ResolverOptions> = {}, lookup: Lookup = systemResolve) {
    this.#clock = clock;
    this.#options = { ...DEFAULT_RESOLVER, ...options };
    this.#lookup = lookup;
  }

  /** Gives the addresses of a host, in the order in which they should be tried. */
  resolve(host: string, callback: ResolveCallback): void {
    const entry = this.#entries.get(host) ?? this.#remember(host);
    const leftMs = entry.freshUntil - this.#clock.now();
    if (leftMs > 0 && !mayPass(entry.error)) return callback(entry.error, entry.addresses);
    entry.waiting.push(callback);
    if (!entry.looking) this.#lookIn(leftMs, host, entry);
    if (entry.addresses.length > 0 && entry.waiting.length === 1) this.#boundWait(entry);
  }

  #remember(host: string): Entry {
    if (this.#entries.size >= MAX_NAMES) this.#forgetOne();
    const entry = { addresses: [], error: undefined, freshUntil: -Infinity, looking: false, waiting: [] };
    this.#entries.set(host, entry);
    return entry;
  }

  #forgetOne(): void {
    for (const [host, entry] of this.#entries) {
      if (entry.looking) continue;
      this.#entries.delete(host);
      return;
    }
  }

  #lookIn(ms: number, host: string, entry: Entry): void {
    entry.looking = true;
    if (ms <= 0) this.#look(host, entry);
    // whoever waits has a client that keeps the process alive
    else callAfter(ms, () => this.#look(host, entry))?.unref();
  }

  #look(host: string, entry: Entry): void {
    this.#lookup(host, (error, addresses) => {
      entry.looking = false;
      const now = this.#clock.now();
      if (error === undefined && addresses.length > 0) {
        entry.addresses = addresses;
        entry.error = undefined;
        entry.freshUntil = now + this.#options.ttlMs;
      } else {
        entry.error = entry.addresses.length > 0 ? undefined : (error ?? notFound(host));
        entry.freshUntil = now + (mayPass(entry.error) ? Math.min(REST_MS, this.#options.negativeMs) : this.#options.negativeMs);
      }
      tell(entry);
    });
  }

  /** A resolver that hangs keeps nobody waiting who could be served by the last good answer; its late answer is taken up all the same. */
  #boundWait(entry: Entry): void {
    const waiting = entry.waiting;
    callAfter(this.#options.patienceMs, () => {
      if (entry.waiting === waiting) tell(entry);
    })?.unref();
  }
}

/** Whether the next lookup may go well: the resolver could not be asked, or did not know. */
function mayPass(error: NodeJS.ErrnoException | undefined): boolean {
  return error !== undefined && error.code !== NO_ADDRESS;
}

function tell(entry: Entry): void {
  const waiting = entry.waiting;
  entry.waiting = [];
  for (const callback of waiting) callback(entry.error, entry.addresses);
}

function notFound(host: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`no address for ${host}`), { code: NO_ADDRESS });
}
