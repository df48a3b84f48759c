import { FORWARDERS } from '../contenders/all.ts';
import { byLoad } from './measures.ts';
import { type Column, type Scenario, targetOf } from './scenario.ts';

const columnsOf = (what: string): readonly Column[] => [
  { key: 'perSecond', label: `${what}/s` },
  { key: 'p50Us', label: 'P50 us' },
  { key: 'p99Us', label: 'P99 us' },
  { key: 'cpuUs', label: `CPU us/${what.slice(0, -1)}`, digits: 1 },
  { key: 'errors', label: 'errors' },
];

/** Messages over WebSockets. */
export const websockets: Scenario = {
  name: 'websocket',
  title: 'WebSocket messages',
  text: 'Small text messages that the origin sends back, one at a time per connection. Load and origin, both Node programs on one core, bound the rate: what a message costs counts.',
  cases: [
    {
      name: '32 connections',
      contenders: FORWARDERS.filter((one) => !['forwarder', 'squid', 'varnish'].includes(one.name)),
      excluded: { forwarder: 'carries no upgrades', squid: 'carries no upgrades as accelerator', varnish: 'only as a pipe, by hand-written VCL' },
      baseline: 'byte-pipe',
      columns: columnsOf('messages'),
      metric: 'cpuUs',
      better: 'lower',
      mode: 'reverse',
      behind: 'streams',
      interactive: true,
      effort: { warmUp: 2 },
      measure: (endpoint, visit) => {
        return byLoad(endpoint, {
          kind: 'websocket',
          target: targetOf(endpoint, visit, '/realtime/v1/websocket'),
          connections: 32,
          seconds: visit.seconds,
        });
      },
    },
  ],
};

/** Server-sent events. */
export const serverSentEvents: Scenario = {
  name: 'events',
  title: 'Server-sent events',
  text: '50 streams with an event every 10 ms each. Latency is from the sending at the origin to the reading at the client.',
  cases: [
    {
      name: '50 streams',
      contenders: FORWARDERS,
      baseline: 'forwarder',
      columns: columnsOf('events'),
      metric: 'p50Us',
      better: 'lower',
      mode: 'reverse',
      behind: 'streams',
      interactive: true,
      measure: (endpoint, visit) => {
        const perStream = Math.max(1, Math.round(visit.seconds * 100));
        const target = targetOf(endpoint, visit, `/rest/v1/events?n=${perStream}&ms=10`);
        return byLoad(endpoint, { kind: 'events', target, connections: 50, perStream, seconds: visit.seconds });
      },
    },
  ],
};
