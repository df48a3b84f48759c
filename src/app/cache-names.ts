import type { CacheNames } from '../admin/api/cache-names.ts';
import { routesOf } from '../config/effective.ts';
import type { Config } from '../config/schema.ts';
import { placeOf } from './explain/find-route.ts';

/** What requests to look into the cache name, in the configuration at work. `served` gives it with the port that the proxy really has. */
export function cacheNamesOf(served: () => Config): CacheNames {
  return {
    upstreams: () => Object.keys(served().upstreams),
    routes: (upstream) => {
      const all = Object.entries(served().upstreams).filter(([name]) => upstream === undefined || name === upstream);
      return [...new Set(all.flatMap(([name, config]) => routesOf(name, config).map((route) => route.name)))];
    },
    urlOf: (text) => {
      if (!text.startsWith('/') && !/^https?:/i.test(text))
        return { problem: `${JSON.stringify(text)} is no URL: write https://HOST/PATH, or /UPSTREAM/PATH` };
      const found = placeOf(served(), text);
      if (typeof found !== 'string')
        return found.entry === 'prefix' || found.entry === 'port' ? { url: `${found.scheme}://${found.authority}${found.path}` } : { url: text };
      // of a host that is configured no more there may still be answers
      return text.startsWith('/') ? { problem: found } : { url: text };
    },
  };
}
