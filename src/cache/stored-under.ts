import { isOn, routesOf } from '../config/effective.ts';
import type { UpstreamConfig } from '../config/schema.ts';

type Upstreams = Readonly<Record<string, UpstreamConfig>>;

/**
 * Knows under which names the answers of each upstream are stored, and so when writes miss what was stored before: once the names are others, or while nothing is cached and nobody
 * listens to writes.
 */
export class StoredUnder {
  /** Undefined for an upstream that caches nothing. */
  readonly #names = new Map<string, string | undefined>();

  /**
   * Takes a configuration that is at work from now on. Gives the upstreams of which everything stored has to be dropped. `shared`: others store and drop answers too, and go on while
   * this process does not cache.
   */
  change(upstreams: Upstreams, shared: boolean): string[] {
    const outdated = [];
    for (const name of new Set([...this.#names.keys(), ...Object.keys(upstreams)])) {
      const upstream = upstreams[name];
      const names = upstream !== undefined && cachesAnything(upstream) ? namesOf(name, upstream) : undefined;
      const isSame = this.#names.has(name) ? this.#names.get(name) === names : names !== undefined;
      this.#names.set(name, names);
      if (!isSame && !(shared && names === undefined)) outdated.push(name);
    }
    return outdated;
  }
}

/** Whether anything of an upstream is stored, or asked for ahead: writes to it are then watched. */
export function cachesAnything({ cache, prefetch, routes = [] }: UpstreamConfig): boolean {
  // where answers are asked for ahead, other processes have to hear of writes as well
  return isOn(prefetch) || isOn(cache) || routes.some((route) => isOn(route.cache));
}

/** The tables and surrogate keys. Tags that a route fills from its path depend on that too. */
function namesOf(name: string, upstream: UpstreamConfig): string {
  const tagged = routesOf(name, upstream).flatMap((route) => {
    const tags = isOn(route.cache) ? (route.cache.tags ?? []) : [];
    return tags.length === 0 ? [] : [{ match: route.match, tags }];
  });
  return JSON.stringify([upstream.tables, tagged]);
}
