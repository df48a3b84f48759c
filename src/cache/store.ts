import type { HeaderList } from '../model/headers.ts';
import type { FieldMemo } from '../model/outcome.ts';

/** A value now, where the store lives in this process, or later, where it does not. */
export type MaybePromise<T> = T | Promise<T>;

/** How long a stored answer may be used, and under which conditions. Computed once, when it is stored or freshened. Milliseconds. */
export interface Freshness {
  /** Freshness lifetime (RFC 9111 section 4.2.1), or the operator's `ttl`. */
  readonly freshMs: number;
  /** Past its lifetime: how long it may be served while it is fetched anew (RFC 5861 section 3). */
  readonly staleWhileRevalidateMs: number;
  /** Past its lifetime: how long it may be served when the upstream fails or answers 5xx (RFC 5861 section 4). Undefined where nobody said. */
  readonly staleIfErrorMs: number | undefined;
  /** `no-cache`: never without asking the upstream, however fresh (RFC 9111 section 5.2.2.4). */
  readonly noCache: boolean;
  /** must-revalidate, proxy-revalidate or s-maxage: never stale, not even when the upstream is down. */
  readonly mustRevalidate: boolean;
}

/** The bytes that a stored 206 has of its representation; both ends inclusive. */
export interface StoredRange {
  readonly first: number;
  readonly last: number;
  /** Length of the whole representation; undefined where the upstream did not say. */
  readonly size: number | undefined;
}

/** One stored answer. Plain data, so that every store can write it down: JSON for all but `body`. It holds no credential of a request. */
export interface StoredResponse {
  /** Fields of the request that selected it (`Vary`), lower-case; empty where there is no Vary. */
  readonly vary: readonly string[];
  /** What those fields said, normalised. With `range`, it tells the variants of one key apart. */
  readonly variant: string;
  readonly status: number;
  /** Fields as they are to be sent again, without `age` and what may not be stored. */
  readonly headers: HeaderList;
  readonly body: Uint8Array;
  /** Set on byte ranges alone; undefined for a whole answer. */
  readonly range: StoredRange | undefined;
  readonly freshness: Freshness;
  /** When the answer came, or was last confirmed. Milliseconds since the epoch. */
  readonly respondedAt: number;
  /** Its age at that moment (`corrected_initial_age`, RFC 9111 section 4.2.3). Milliseconds. */
  readonly initialAgeMs: number;
  /** When it has lost all use and may be forgotten. Milliseconds since the epoch. */
  readonly keepUntil: number;
  readonly upstream: string;
  readonly route: string;
  /** Names under which it is dropped: its URL, upstream, route, tables and surrogate keys (see tag-names.ts). */
  readonly tags: readonly string[];
}

/** A stored answer as `lookup` gives it. */
export interface Found extends StoredResponse, FieldMemo {
  /** True once a soft purge marked it: to be treated as just gone stale. */
  readonly stale: boolean;
  /** The body as text in Latin-1, where the store keeps it so. */
  readonly bodyText?: string | undefined;
}

/** What `list` tells of one stored answer. */
export interface StoredSummary {
  readonly key: string;
  readonly variant: string;
  readonly status: number;
  /** Bytes of the body. */
  readonly bytes: number;
  readonly freshness: Freshness;
  readonly respondedAt: number;
  readonly initialAgeMs: number;
  readonly stale: boolean;
  readonly upstream: string;
  readonly route: string;
  readonly tags: readonly string[];
}

/** Which stored answers: every field that is given has to hold. */
export interface StoreFilter {
  readonly upstream?: string | undefined;
  readonly route?: string | undefined;
  /** Start of the key, which begins with the URL. */
  readonly prefix?: string | undefined;
  /** A tag, in full. */
  readonly tag?: string | undefined;
}

/** Where a store stands. */
export interface StoreStats {
  /** Stored answers, variants counted one by one; undefined where the store cannot tell at no cost. */
  readonly entries: number | undefined;
  /** Bytes that count against the bound: keys, fields, bodies and what it costs to keep them. */
  readonly bytes: number | undefined;
  /** Answers dropped to make room, since the start. */
  readonly evictions: number;
  /** Operations that failed and were taken as a miss or a lost write, since the start. */
  readonly errors: number;
}

/** Tags dropped by somebody else who shares the store; undefined where it may have been anything. */
export type InvalidationListener = (tags: readonly string[] | undefined, soft: boolean) => void;

/**
 * Keeps answers by key. Knows nothing of HTTP: the layer decides what is stored, found and served; the store bounds bytes, entry size and variants per key, and
 * finds by tag. **It never throws and never rejects**: an operation that fails is a miss, a lost write or zero, counted in `stats.errors`, within the store's own time limit.
 * A store in this process answers at once (no promise), which keeps a hit free of waits.
 *
 * A key is `URL` or `URL\n` and more parts, without a secret in it: credentials stand there as keyed hashes. It may be long; a store that needs a short one hashes it and
 * keeps the URL for `list` and prefixes.
 */
export interface CacheStore {
  readonly name: string;
  /** True where others see what is stored: the identity hash then needs a secret that they share. */
  readonly shared: boolean;
  /** All variants under a key, the most recent first; empty where there is none. Neither dropped nor past `keepUntil`. */
  lookup(key: string): MaybePromise<readonly Found[]>;
  /** Stores one answer in the place of those with the same `variant` that lie within it: a whole one replaces its parts. It has been read whole and is below the route's `maxEntry`. It is found whole or not at all, at the latest once this has settled. */
  put(key: string, response: StoredResponse): MaybePromise<void>;
  /** Forgets all variants under a key. */
  remove(key: string): MaybePromise<void>;
  /** Drops all that carry one of the tags; soft: marks them stale. How many. After it settled no `lookup` in this process finds them. */
  invalidate(tags: readonly string[], soft: boolean): MaybePromise<number>;
  /** Drops (soft: marks stale) what the filter holds for; may take long. How many. */
  purge(filter: StoreFilter, soft: boolean): MaybePromise<number>;
  /** Up to `limit` stored answers for which the filter holds, in any order. */
  list(filter: StoreFilter, limit: number): MaybePromise<readonly StoredSummary[]>;
  readonly stats: StoreStats;
  /** What keeps it from being used just now, for people and without secrets; undefined where nothing does. Absent where nothing can. */
  readonly problem?: string | undefined;
  /** Calls `listener` for each invalidation that another process made. Absent where nobody else can. */
  onInvalidation?(listener: InvalidationListener): void;
  /** Ends; later calls find nothing. */
  close(): MaybePromise<void>;
}
