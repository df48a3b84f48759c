import type { CacheControl } from '../../admin/api/cache-routes.ts';
import type { CacheEntryView, ListFilter, PurgeRequest } from '../../cache/admin.ts';
import type { ChainView } from '../../cache/prefetch/prefetcher.ts';
import type { CacheReading } from '../../model/status.ts';
import type { Crew } from './crew.ts';

/** How long a worker may look into its store, in milliseconds. */
const LOOK_MS = 5000;

/** The caches of all workers, for the admin listener. */
export class CacheOfAll implements CacheControl {
  readonly #crew: Crew;
  readonly #reading: () => CacheReading;

  constructor(crew: Crew, reading: () => CacheReading) {
    this.#crew = crew;
    this.#reading = reading;
  }

  get stats(): CacheControl['stats'] {
    return this.#reading();
  }

  /** Whether each worker has a store of its own. */
  get #apart(): boolean {
    return this.#reading().store === 'memory';
  }

  async list(limit: number, filter: ListFilter = {}): Promise<CacheEntryView[]> {
    const lists = await this.#crew.askAll('cacheList', { limit, filter }, LOOK_MS);
    return this.#joined(lists).slice(0, limit);
  }

  async inspect(url: string): Promise<CacheEntryView[]> {
    return this.#joined(await this.#crew.askAll('cacheInspect', url, LOOK_MS));
  }

  /** Every worker purges: what it fetches just now must not be stored either. */
  async purge(request: PurgeRequest): Promise<number> {
    const counts = (await this.#crew.askAll('cachePurge', request, LOOK_MS)).map(({ value }) => value);
    return this.#apart ? counts.reduce((sum, count) => sum + count, 0) : Math.max(0, ...counts);
  }

  /** Each worker learns by itself: what several have learned is told once. */
  async chains(): Promise<ChainView[]> {
    const known = new Map<string, ChainView>();
    for (const chain of (await this.#crew.askAll('cacheChains', undefined, LOOK_MS)).flatMap(({ value }) => value)) {
      const key = JSON.stringify([chain.upstream, chain.after, chain.ask, chain.written]);
      const { came, of } = known.get(key) ?? { came: 0, of: 0 };
      known.set(key, { ...chain, came: came + chain.came, of: of + chain.of });
    }
    return [...known.values()];
  }

  #joined(lists: readonly { readonly value: CacheEntryView[] }[]): CacheEntryView[] {
    return (this.#apart ? lists : lists.slice(0, 1)).flatMap(({ value }) => value);
  }
}
