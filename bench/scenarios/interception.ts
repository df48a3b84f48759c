import { breakwater, breakwaterBare } from '../contenders/breakwater.ts';
import { mitmproxy } from '../contenders/mitmproxy.ts';
import { direct, tlsServer } from '../contenders/node.ts';
import { squid } from '../contenders/squid.ts';
import { byLoad, THROUGHPUT } from './measures.ts';
import { type Case, type Scenario, targetOf } from './scenario.ts';

const common = { baseline: 'tls-server', columns: THROUGHPUT, mode: 'intercept', behind: 'https', effort: { seconds: 1, warmUp: 2 } } as const;
const contenders = [direct, tlsServer, breakwaterBare, breakwater, squid, mitmproxy];

function keepAlive(path: string, connections: number): Case {
  return {
    ...common,
    name: `keep-alive, ${path}, ${connections} connections`,
    contenders: path === '1k' ? contenders : contenders.filter((one) => one !== tlsServer),
    baseline: path === '1k' ? 'tls-server' : 'direct',
    metric: 'perSecond',
    better: 'higher',
    measure: (endpoint, visit) =>
      byLoad(endpoint, { kind: 'closed', target: targetOf(endpoint, visit, `/rest/v1/${path}`), connections, seconds: visit.seconds }),
  };
}

/** TLS interception for those who use Breakwater as a forward proxy. */
export const interception: Scenario = {
  name: 'interception',
  title: 'TLS interception: CONNECT, own leaf certificate, TLS origin',
  text:
    'The load generator is a Node program with raw sockets, on the core of the origin. `tls-server` is no proxy: a bare Node server with one fixed answer, ' +
    'the least that TLS can cost. A new connection is TCP, CONNECT, a full handshake without resumption, one request.',
  cases: [
    keepAlive('1k', 32),
    keepAlive('100k', 8),
    {
      ...common,
      name: 'a new connection per request, 8 at a time',
      // it takes thousands of them until V8 has compiled what they need, and they are a thousand a second at most
      effort: { seconds: 2, warmUp: 8 },
      contenders,
      metric: 'cpuUs',
      better: 'lower',
      measure: (endpoint, visit) => {
        const target = targetOf(endpoint, visit, '/rest/v1/1k');
        return byLoad(endpoint, { kind: 'closed', target, connections: 8, seconds: visit.seconds, fresh: true });
      },
    },
  ],
};

/** What the backend does: a new client for each call, to an origin that is far away. */
export const farOrigin: Scenario = {
  name: 'far-origin',
  title: 'A new client per call, origin 25 ms away',
  text:
    'Each request is a connection of its own. The link to the origin adds 25 ms of round trip, to the TCP handshake too; the proxies keep their connections ' +
    'to the origin, the direct client cannot.',
  cases: [
    {
      ...common,
      name: '4 at a time',
      behind: 'slow',
      effort: { seconds: 2, warmUp: 1 },
      contenders: [direct, breakwater, squid, mitmproxy],
      baseline: 'direct',
      metric: 'p50Us',
      better: 'lower',
      measure: (endpoint, visit) => {
        const target = targetOf(endpoint, visit, '/rest/v1/1k');
        return byLoad(endpoint, { kind: 'closed', target, connections: 4, seconds: visit.seconds, fresh: true });
      },
    },
  ],
};
