import { FORWARDERS, TLS_FORWARDERS } from '../contenders/all.ts';
import type { Effort } from '../lib/effort.ts';
import { byWrk, THROUGHPUT } from './measures.ts';
import type { Case, Scenario } from './scenario.ts';

const common = { baseline: 'forwarder', columns: THROUGHPUT, metric: 'perSecond', better: 'higher', mode: 'reverse' } as const;

function at(connections: number, effort: Partial<Effort> = {}): Case {
  return {
    ...common,
    name: `${connections} ${connections === 1 ? 'connection' : 'connections'}`,
    contenders: FORWARDERS,
    behind: 'http',
    effort,
    measure: (endpoint, visit) => byWrk(endpoint, visit, '/rest/v1/1k', connections),
  };
}

/** Plain forwarding of small answers. */
export const plain: Scenario = {
  name: 'plain',
  title: 'Plain forwarding, 1 KiB of JSON, HTTP origin',
  text: 'wrk with keep-alive connections. The proxy has a core to itself, wrk and origin share the other.',
  // most of the goals are about 32 connections: more rounds
  cases: [at(1), at(32, { rounds: 7, warmUp: 3 }), at(256), at(1024)],
};

/** The same over TLS to the origin. */
export const tlsUpstream: Scenario = {
  name: 'tls-upstream',
  title: 'TLS to the origin, 1 KiB of JSON',
  text: 'HTTP from wrk, TLS with verification to the origin.',
  cases: [
    {
      ...common,
      name: '32 connections',
      contenders: TLS_FORWARDERS,
      excluded: { 'byte-pipe': 'looks at no byte', varnish: 'speaks no TLS to origins', mitmproxy: 'see interception' },
      behind: 'https',
      effort: { warmUp: 2 },
      measure: (endpoint, visit) => byWrk(endpoint, visit, '/rest/v1/1k', 32),
    },
  ],
};
