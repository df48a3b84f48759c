import { breakwater } from '../contenders/breakwater.ts';
import { haproxy } from '../contenders/haproxy.ts';
import { nginx } from '../contenders/nginx.ts';
import { mapServer } from '../contenders/node.ts';
import { squid } from '../contenders/squid.ts';
import { varnish } from '../contenders/varnish.ts';
import { byWrk, THROUGHPUT } from './measures.ts';
import type { Scenario } from './scenario.ts';

/** Answers from the cache. */
export const hits: Scenario = {
  name: 'hits',
  title: 'Cached hits, 1 KiB of JSON',
  text: 'wrk asks for one URL again and again; whatever is stored was stored in the warm-up.',
  cases: [
    {
      name: '32 connections',
      contenders: [mapServer, breakwater, nginx, haproxy, varnish, squid],
      excluded: { caddy: 'has no cache of its own', envoy: 'its cache filter is experimental' },
      baseline: 'map-server',
      columns: THROUGHPUT,
      metric: 'perSecond',
      better: 'higher',
      mode: 'cache',
      behind: 'http',
      effort: { rounds: 7, warmUp: 2 },
      measure: (endpoint, visit) => byWrk(endpoint, visit, '/rest/v1/1k', 32),
    },
  ],
};
