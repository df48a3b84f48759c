import type { BreakerAction } from '../../admin/view.ts';
import type { ChainView } from '../../cache/prefetch/prefetcher.ts';
import type { CacheEntryView, ListFilter, PurgeRequest } from '../../cache/admin.ts';
import type { Loaded } from '../../config/load.ts';
import type { Config } from '../../config/schema.ts';
import type { UpstreamPort } from '../../listen/upstream-ports.ts';
import type { BoundSocket } from '../../listen/ports.ts';
import type { BreakerTransition } from '../../model/events.ts';
import type { AuthorityReading, CacheReading, ListenerReading, UpstreamReading } from '../../model/status.ts';
import type { BreakerPosition, ClaimPurpose } from '../../policy/breaker/breaker.ts';
import type { HoldNews } from '../../policy/breaker/holds.ts';
import type { SentState } from '../../policy/ledger.ts';
import type { UpstreamNews } from '../../policy/sharing.ts';
import type { ExchangeSummary, JournalQuery } from '../../telemetry/journal.ts';
import type { StatsSnapshot } from '../../telemetry/stats.ts';

/** What a worker is started with. */
export interface StartOrder {
  readonly loaded: Loaded;
  readonly seat: SeatNumbers;
  /** Secret of the cache's identities and of pseudonyms, the same for all workers: a URL with a credential in it has one tag, a scope one name. */
  readonly secret: Uint8Array;
  /** Addresses to serve besides those of the configuration. */
  readonly kept: readonly UpstreamPort[];
}

/** Which of how many. */
export interface SeatNumbers {
  /** Place, from 0: a worker that takes the place of a dead one has its number. */
  readonly index: number;
  readonly count: number;
  /** Names this process; never used again. */
  readonly id: number;
}

/** One breaker of all workers. */
export interface BreakerPlace {
  readonly upstream: string;
  readonly breaker: string;
  readonly authority: string;
}

/** One worker asks for leave to let a breaker's probes through. */
export interface ProbeClaim {
  readonly place: BreakerPlace;
  readonly purpose: ClaimPurpose;
}

/** Where a breaker stands. */
export interface PlacedPosition extends BreakerPlace, BreakerPosition {}

/** A breaker of one worker has changed its state by itself. */
export interface TransitionNews {
  readonly transition: BreakerTransition;
  readonly position: PlacedPosition;
}

/** What a worker's policies have to tell the others, by upstream. */
export type News = readonly { readonly upstream: string; readonly news: UpstreamNews }[];

/** What a worker says of itself when it is asked. */
export interface WorkerSnapshot {
  readonly stats: StatsSnapshot;
  readonly upstreams: readonly UpstreamReading[];
  /** Names of breakers, used or not. */
  readonly breakerNames: readonly { readonly upstream: string; readonly breaker: string }[];
  readonly listeners: readonly ListenerReading[];
  readonly cache: CacheReading;
  readonly authority: AuthorityReading;
  readonly cpuSeconds: number;
  /** Time in which the event loop had work. */
  readonly activeSeconds: number;
  readonly rssBytes: number;
  readonly heapBytes: number;
}

/** An answer that is a socket. */
export class Handed {
  readonly socket: BoundSocket;

  constructor(socket: BoundSocket) {
    this.socket = socket;
  }
}

/** What the primary asks of a worker: what is given, and what comes back. */
export interface WorkerCalls {
  start: (order: StartOrder) => void;
  apply: (config: Config) => void;
  /** Stops as an app does; whether nothing had to be cut. */
  stop: (drainMs: number) => boolean;
  cover: (address: UpstreamPort, socket?: BoundSocket) => void;
  uncover: () => void;
  snapshot: () => WorkerSnapshot;
  exchanges: (query: JournalQuery) => ExchangeSummary[];
  hear: (told: { readonly from: number; readonly news: News }) => void;
  /** One breaker of all has changed; `own` where this worker did it. */
  follow: (told: { readonly position: PlacedPosition; readonly own: boolean }) => void;
  /** One that is open in another worker stays so for longer. */
  prolong: (position: PlacedPosition) => void;
  /** Acts by hand on the breakers of a name, or on those of one host. */
  act: (order: Omit<BreakerPlace, 'authority'> & { readonly authority: string | undefined; readonly action: BreakerAction }) => void;
  /** What was held by hand before the worker began. */
  hold: (told: { readonly upstream: string; readonly holds: readonly HoldNews[] }) => void;
  openQuotas: (order: { readonly upstream: string; readonly scope: string | undefined }) => number;
  yieldProbes: (claim: ProbeClaim) => number | undefined;
  releaseSent: (order: { readonly upstream: string; readonly key: string; readonly waitMs: number }) => SentState | undefined;
  dropped: (tags: readonly string[]) => void;
  cacheList: (order: { readonly limit: number; readonly filter: ListFilter }) => CacheEntryView[];
  cacheInspect: (url: string) => CacheEntryView[];
  cachePurge: (request: PurgeRequest) => number;
  cacheChains: (order: undefined) => ChainView[];
}

/** What a worker asks of the primary. */
export interface PrimaryCalls {
  socket: (address: UpstreamPort) => Handed;
  news: (news: News) => void;
  transition: (news: TransitionNews) => void;
  prolonged: (position: PlacedPosition) => void;
  claimProbes: (claim: ProbeClaim) => number | undefined;
  claimSent: (order: { readonly upstream: string; readonly owner: number; readonly key: string; readonly waitMs: number }) => SentState | undefined;
  /** Settles once every other worker has dropped them, or its time is over. */
  drop: (tags: readonly string[]) => void;
}

/** How long one process waits for another where nothing else says so, in milliseconds. */
export const PATIENCE_MS = 1000;
