import { FORWARDERS } from '../contenders/all.ts';
import { breakwater, breakwaterBare, breakwaterSource } from '../contenders/breakwater.ts';
import type { Endpoint } from '../contenders/contender.ts';
import { haproxy } from '../contenders/haproxy.ts';
import { mitmproxy } from '../contenders/mitmproxy.ts';
import { nginx } from '../contenders/nginx.ts';
import { forwarder, httpProxy3 } from '../contenders/node.ts';
import { Line, open, requestBytes } from '../load/connection.ts';
import { residentBytes } from '../lib/proc.ts';
import { pause, probe, type Program, until } from '../lib/process.ts';
import type { Target } from '../load/spec.ts';
import { byWrk, loadResult } from './measures.ts';
import { type Sample, type Scenario, targetOf, type Visit } from './scenario.ts';

const common = { baseline: 'forwarder', mode: 'reverse', behind: 'http' } as const;
const proxies = FORWARDERS.filter((one) => one.name !== 'direct');
const PATH = '/rest/v1/1k';
const MIB = 1024 * 1024;
/** An answer that takes longer than this is none. */
const PATIENCE_MS = 20_000;
/** Looked at once more when there has been nothing to do for a while: the others keep what they have. */
const RESTING = breakwater.name;
const REST_MS = 75_000;

/** Starts, lets `use` do its work, and stops. */
async function alive(visit: Visit, use: (endpoint: Endpoint, program: Program) => Promise<Sample>): Promise<Sample> {
  const endpoint = await visit.contender.start(visit.setup);
  const { program } = endpoint;
  if (program === undefined) throw new Error('there is no program to measure');
  try {
    await until(program, () => probe(endpoint.port, endpoint.prefix + PATH), 1);
    return await use(endpoint, program);
  } finally {
    await program.stop();
  }
}

/** A connection that breaks rather than keep the benchmark waiting. */
async function patientLine(target: Target): Promise<Line> {
  const socket = await open(target);
  socket.setTimeout(PATIENCE_MS, () => socket.destroy());
  return new Line(socket);
}

/** Memory through a life. */
async function memory(visit: Visit): Promise<Sample> {
  return alive(visit, async (endpoint, program) => {
    const resident = (): number => residentBytes(program.pid) / MIB;
    await pause(500);
    const idleMib = resident();
    const target = targetOf(endpoint, visit, PATH);
    const lines = await Promise.all(Array.from({ length: 1024 }, () => patientLine(target)));
    const statuses = await Promise.all(lines.map((line) => line.ask(requestBytes(target))));
    const openMib = resident();
    for (const line of lines) line.socket.destroy();
    await byWrk(endpoint, visit, PATH, 256);
    const loadedMib = resident();
    const rests = visit.contender.name === RESTING;
    if (rests) await pause(REST_MS);
    return {
      idleMib,
      openMib,
      loadedMib,
      restMib: rests ? resident() : NaN,
      peakMib: residentBytes(program.pid, true) / MIB,
      errors: statuses.filter((status) => status !== 200).length,
    };
  });
}

/** Memory, start-up and what is left after a storm. */
export const memoryUse: Scenario = {
  name: 'memory',
  title: 'Resident memory',
  text: 'After the first request, with 1,024 connections that have asked once, right after full load on 256 connections, and 75 s later (Breakwater alone: the others keep what they have). All processes.',
  cases: [
    {
      ...common,
      name: 'through a life',
      contenders: proxies.filter((one) => one !== mitmproxy),
      excluded: { mitmproxy: 'takes seconds to get over 1,024 connections' },
      effort: { seconds: 2 },
      columns: [
        { key: 'idleMib', label: 'idle MiB' },
        { key: 'openMib', label: '1,024 connections' },
        { key: 'loadedMib', label: 'after load' },
        { key: 'restMib', label: '75 s later' },
        { key: 'peakMib', label: 'peak' },
        { key: 'errors', label: 'errors' },
      ],
      metric: 'loadedMib',
      better: 'lower',
      live: memory,
    },
  ],
};

/** From exec to the first served request. */
export const startUp: Scenario = {
  name: 'startup',
  title: 'Start: from exec to the first served request',
  text: 'Asked again every millisecond until served; a program that says its port itself is read every five.',
  cases: [
    {
      ...common,
      name: 'cold start',
      contenders: [...proxies, breakwaterSource],
      columns: [{ key: 'readyMs', label: 'ms' }],
      metric: 'readyMs',
      better: 'lower',
      live: (visit) => alive(visit, (_endpoint, program) => Promise.resolve({ readyMs: performance.now() - program.startedAt })),
    },
  ],
};

/** What clients that leave may leave behind. */
export const abortStorm: Scenario = {
  name: 'storm',
  title: 'Abort storm: a pool of 8, clients that leave at every stage',
  text: '20 waves of 32 clients each: request half sent, sent and left at once, waited, left after the head, left in the midst of 10 MiB. Then 64 requests at once.',
  cases: [
    {
      ...common,
      name: 'afterwards',
      connections: 8,
      contenders: [forwarder, breakwaterBare, breakwater, httpProxy3, nginx, haproxy],
      columns: [
        { key: 'served', label: 'served of 64' },
        { key: 'errors', label: 'not served' },
        { key: 'p50Us', label: 'P50 us' },
      ],
      metric: 'served',
      better: 'higher',
      live: (visit) =>
        alive(visit, async (endpoint) => {
          const target = targetOf(endpoint, visit, PATH);
          const result = await loadResult({ kind: 'storm', target, large: `${endpoint.prefix}/rest/v1/10m`, clients: 32, waves: 20 });
          return { served: result.done, errors: result.errors, p50Us: result.p50Us };
        }),
    },
  ],
};
