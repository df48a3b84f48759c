import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FORWARDERS } from '../contenders/all.ts';
import { residentBytes } from '../lib/proc.ts';
import { SIZES } from '../programs/payloads.ts';
import { BYTES, byWrk, withBytes } from './measures.ts';
import type { Case, Scenario, Visit } from './scenario.ts';

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
    behind: 'http',
    measure: async (endpoint, visit) => {
      const path = direction === 'down' ? `/rest/v1/${name}` : '/rest/v1/upload';
      const sample = await byWrk(endpoint, visit, path, connections, direction === 'up' ? uploadScript(visit, size) : undefined);
      return withBytes(sample, size, endpoint.program === undefined ? NaN : residentBytes(endpoint.program.pid, true));
    },
  };
}

function uploadScript({ setup }: Visit, size: number): string {
  const file = join(setup.directory, `upload-${size}.lua`);
  writeFileSync(file, `wrk.method = "POST"\nwrk.headers["content-type"] = "application/octet-stream"\nwrk.body = string.rep("x", ${size})\n`);
  return file;
}

/** Large bodies, both ways. */
export const streams: Scenario = {
  name: 'streams',
  title: 'Large bodies, both ways',
  text: 'wrk; down is a GET, up is a POST of known length. Peak RSS is that of the whole life of the process so far.',
  cases: [transfer('100k', 'down', 8), transfer('10m', 'down', 4), transfer('100k', 'up', 8), transfer('10m', 'up', 4)],
};
