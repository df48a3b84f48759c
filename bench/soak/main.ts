import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { pause } from '../lib/process.ts';
import { Clients } from './clients.ts';
import type { Holding } from './probe.ts';
import { startSubject, startUpstream, type Subject } from './programs.ts';
import { type Findings, reportOf } from './report.ts';

/**
 * Sends a great many exchanges, one in ten of them struck by a fault, through a real Breakwater, and looks for what a day would not show: an answer that never came, an
 * order that was sent twice, a socket, timer or listener that was left behind, memory that grows. Ends with 1 where it finds any.
 */
const { values } = parseArgs({
  options: {
    exchanges: { type: 'string', default: '1000000' },
    faults: { type: 'string', default: '0.1' },
    seed: { type: 'string', default: '1' },
    clients: { type: 'string', default: '48' },
    samples: { type: 'string', default: '100' },
    /** Keeps nothing. */
    dry: { type: 'boolean', default: false },
  },
});

/** Part of the run after which memory has to be flat: pools, caches, journal and compiled code are full by then. */
const WARM_UP = 0.2;
/** How long everything may take to come to rest: the longest limit, and a late answer after it. */
const REST_MS = 4000;

async function atRest(subject: Subject): Promise<Holding> {
  await pause(REST_MS);
  return subject.holding();
}

async function soak(directory: string): Promise<Findings> {
  const exchanges = Number(values.exchanges);
  const atOnce = Number(values.clients);
  const [share, seed] = [Number(values.faults), Number(values.seed)];
  await using upstream = await startUpstream(exchanges, share, seed);
  await using subject = await startSubject(upstream.port, directory);
  const clients = new Clients(subject.port, atOnce, seed + 1);
  const warmUp = Math.ceil(exchanges * WARM_UP);
  const startedAt = performance.now();
  await clients.run(Math.ceil(warmUp / 2), atOnce);
  clients.rest();
  const before = await atRest(subject);
  // memory that was given back at rest, and by looking through the heap, comes back first
  await clients.run(warmUp, atOnce);
  const curve: [number, number][] = [];
  const step = Math.max(1, Math.ceil((exchanges - warmUp) / Number(values.samples)));
  for (let upTo = warmUp + step; clients.tally.sent < exchanges; upTo += step) {
    await clients.run(Math.min(upTo, exchanges), atOnce);
    curve.push([clients.tally.sent, (await subject.sample()).rss]);
    if (process.stdout.isTTY) process.stdout.write(`\r${clients.tally.sent} of ${exchanges}`);
  }
  const seconds = (performance.now() - startedAt) / 1000;
  clients.rest();
  const after = await atRest(subject);
  return {
    exchanges,
    share,
    seed,
    atOnce,
    warmUp,
    seconds,
    tally: clients.tally,
    upstream: await upstream.report(),
    before,
    after,
    curve,
    busy: await subject.metric('breakwater_pool_connections{upstream="api",state="busy"}'),
    pooled: await subject.metric('breakwater_pool_connections{upstream="api",state="open"}'),
    queued: await subject.metric('breakwater_pool_queued'),
    clientConnections: await subject.metric('breakwater_connections{listener="proxy"}'),
    counted: await subject.metric('breakwater_requests_total'),
    retries: await subject.metric('breakwater_retries_total'),
    bugs: await subject.metric('breakwater_internal_errors_total'),
  };
}

const directory = mkdtempSync(join(tmpdir(), 'breakwater-soak-'));
try {
  const { text, failed } = reportOf(await soak(directory));
  process.stdout.write(`\n${text}`);
  if (!values.dry) writeFileSync(new URL('./RESULTS.md', import.meta.url), text);
  if (failed.length > 0) process.exitCode = 1;
} finally {
  rmSync(directory, { recursive: true, force: true });
}
