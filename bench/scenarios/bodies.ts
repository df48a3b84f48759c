import { FORWARDERS } from '../contenders/all.ts';
import { residentBytes } from '../lib/proc.ts';
import { SIZES } from '../programs/payloads.ts';
import { BYTES, byLoad, byWrk, withBytes } from './measures.ts';
import { type Case, type Scenario, targetOf } from './scenario.ts';

function transfer(name: '100k' | '10m', direction: 'down' | 'up', connections: number): Case {
  const size = SIZES[name] ?? 0;
  return {
    name: `${name === '100k' ? '100 KiB' : '10 MiB'} ${direction}, ${connections} connections`,
    contenders: FORWARDERS,
    baseline: 'forwarder',
    columns: BYTES,
    metric: 'mibPerSecond',
    better: 'higher',
    mode: 'reverse',
    // nginx answers an upload before it has read it
    behind: direction === 'down' ? 'http' : 'streams',
    measure: async (endpoint, visit) => {
      const peak = (): number => (endpoint.program === undefined ? NaN : residentBytes(endpoint.program.pid, true));
      if (direction === 'down') return withBytes(await byWrk(endpoint, visit, `/rest/v1/${name}`, connections), size, peak());
      const target = { ...targetOf(endpoint, visit, '/rest/v1/upload'), upload: size };
      return withBytes(await byLoad(endpoint, { kind: 'closed', target, connections, seconds: visit.seconds }), size, peak());
    },
  };
}

/** Large bodies, both ways. */
export const streams: Scenario = {
  name: 'streams',
  title: 'Large bodies, both ways',
  text: 'Down is a GET by wrk from nginx; up is a POST of known length by a Node program to a Node origin that reads it whole. Peak RSS is that of the whole life so far.',
  cases: [transfer('100k', 'down', 8), transfer('10m', 'down', 4), transfer('100k', 'up', 8), transfer('10m', 'up', 4)],
};
