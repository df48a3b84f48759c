import type { Clock } from '../model/clock.ts';
import type { Leases } from './coalesce/leases.ts';
import type { Identities } from './identity.ts';
import type { ChainView, Prefetcher } from './prefetch/prefetcher.ts';
import { urlForms } from './request.ts';
import type { CacheStore, StoredSummary, StoreFilter, StoreStats } from './store.ts';
import { anyTableTag, routeTag, scopedTag, upstreamTag, urlTag } from './tag-names.ts';

/** One stored answer, as an operator sees it: no credential, no key. */
export interface CacheEntryView {
  /** Credentials in the query are left out. */
  readonly url: string;
  /** Tells users apart within this listing: a few letters of a keyed hash; empty for answers to requests without credentials and on shared routes. */
  readonly identity: string;
  readonly upstream: string;
  readonly route: string;
  readonly status: number;
  readonly bytes: number;
  readonly ageSeconds: number;
  /** Seconds of freshness that are left; below 0 once it is stale. */
  readonly ttlSeconds: number;
  /** Marked by a soft purge. */
  readonly softPurged: boolean;
  /** Surrogate keys and tables. */
  readonly tags: readonly string[];
}

/** What is to be purged: exactly one of these, `upstream` besides `route` and `tag` where their names are not unique. */
export interface PurgeRequest {
  readonly url?: string;
  readonly prefix?: string;
  readonly tag?: string;
  readonly route?: string;
  readonly upstream?: string;
  readonly all?: boolean;
  /** Serve what is purged as stale while it is fetched anew, instead of forgetting it. */
  readonly soft?: boolean;
}

/** What `list` is asked for. */
export interface ListFilter {
  readonly upstream?: string;
  readonly route?: string;
  readonly prefix?: string;
}

/** Looks into the cache and purges it, for the admin listener and the command line. May take long over a large store; never blocks it for long. */
export class CacheAdmin {
  readonly #store: CacheStore;
  readonly #leases: Leases;
  readonly #identities: Identities;
  readonly #clock: Clock;
  readonly #upstreams: () => Iterable<string>;
  readonly #prefetchers: () => readonly Prefetcher[];

  constructor(
    parts: { store: CacheStore; leases: Leases; identities: Identities; clock: Clock },
    upstreams: () => Iterable<string>,
    prefetchers: () => readonly Prefetcher[],
  ) {
    this.#store = parts.store;
    this.#leases = parts.leases;
    this.#identities = parts.identities;
    this.#clock = parts.clock;
    this.#upstreams = upstreams;
    this.#prefetchers = prefetchers;
  }

  /** Up to `limit` stored answers, in any order. */
  async list(limit: number, filter: ListFilter = {}): Promise<CacheEntryView[]> {
    const prefix = filter.prefix === undefined ? undefined : this.#identities.withoutCredentials(filter.prefix);
    const found = await this.#store.list({ ...filter, prefix }, limit);
    const now = this.#clock.wallNow();
    return found.map((summary) => view(summary, now));
  }

  /** All stored answers for one URL, whoever they are for. */
  async inspect(url: string): Promise<CacheEntryView[]> {
    const now = this.#clock.wallNow();
    const found = await Promise.all(this.#urls(url).map(async (form) => this.#store.list({ tag: urlTag(form) }, MAX_PER_URL)));
    return found.flat().map((summary) => view(summary, now));
  }

  /** Purges; how many stored answers that concerns. Fetches under way for them are not stored either. Zero where the request names nothing. */
  async purge(request: PurgeRequest): Promise<number> {
    const soft = request.soft ?? false;
    let count = 0;
    for (const prefetcher of this.#prefetchers()) prefetcher.drop();
    for (const filter of this.#filters(request)) {
      if (filter.tag === undefined) this.#leases.killAll();
      else this.#leases.kill([filter.tag]);
      count += await this.#store.purge(filter, soft);
    }
    return count;
  }

  /** The chains of requests that are followed ahead of clients. */
  chains(): ChainView[] {
    return this.#prefetchers().flatMap(({ chains }) => chains);
  }

  /** Where the store stands. */
  get stats(): StoreStats & { readonly store: string; readonly problem?: string | undefined } {
    return { store: this.#store.name, ...this.#store.stats, problem: this.#store.problem };
  }

  #filters({ url, prefix, tag, route, upstream, all }: PurgeRequest): StoreFilter[] {
    if (url !== undefined) return this.#urls(url).map((form) => ({ tag: urlTag(form) }));
    if (prefix !== undefined) return [{ prefix: this.#identities.withoutCredentials(prefix), upstream }];
    const within = upstream === undefined ? [...this.#upstreams()] : [upstream];
    // it may be a table
    if (tag !== undefined) return within.flatMap((name) => [{ tag: scopedTag(name, tag) }, { tag: anyTableTag(name) }]);
    if (route !== undefined) return within.map((name) => ({ tag: routeTag(name, route) }));
    if (upstream !== undefined) return [{ tag: upstreamTag(upstream) }];
    return all === true ? [{}] : [];
  }

  /** The names of a URL: as it is written, which is how a client may have sent it, and as a browser would write it. */
  #urls(url: string): string[] {
    if (!URL.canParse(url)) return [];
    const { protocol, host, pathname, search } = new URL(url);
    const browsed = pathname + search;
    const written = /^[^:]+:\/\/[^/?#]*(\/[^#]*)/.exec(url)?.[1] ?? browsed;
    const scheme = protocol === 'http:' ? 'http' : 'https';
    const forms = [browsed, written].flatMap((path) => urlForms({ scheme, authority: host, path }, this.#identities));
    return [...new Set(forms)];
  }
}

/** Answers for one URL that `inspect` shows. */
const MAX_PER_URL = 100;

function view(summary: StoredSummary, now: number): CacheEntryView {
  const { key, upstream, route, status, bytes, freshness, respondedAt, initialAgeMs, stale, tags } = summary;
  const [url = '', second = ''] = key.split('\n');
  const ageMs = initialAgeMs + Math.max(0, now - respondedAt);
  const scope = scopedTag(upstream, '');
  return {
    url: url.replace(/=~[\w-]{22}(?=&|$)/g, '=***'),
    identity: second.includes(':') ? '' : second.slice(0, 6),
    upstream,
    route,
    status,
    bytes,
    ageSeconds: Math.floor(ageMs / 1000),
    ttlSeconds: Math.floor((freshness.freshMs - ageMs) / 1000),
    softPurged: stale,
    tags: tags.filter((tag) => tag.startsWith(scope)).map((tag) => tag.slice(scope.length)),
  };
}
