import { Agent, createServer, request } from 'node:http';
import { type AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { RunningBreakwater } from '../test/support/breakwater.ts';
import { RedisServer } from '../test/support/redis-server.ts';
import { median, quantile } from './lib/stats.ts';

/**
 * Three sidecars in front of one API, each with a cache of its own and then with one Redis for all: what the API is asked, what is answered from the cache, and how long
 * after a write through one sidecar the others still give the old answer. `node bench/scaling.ts [SECONDS]`
 */
const SECONDS = Number(process.argv[2] ?? 10);
const SIDECARS = 3;
const ROWS = 300;
/** Reads a second through each sidecar, and writes through all. */
const READS = 100;
const WRITES = 4;
const LATENCY_MS = 20;

interface Tally {
  reads: number;
  hits: number;
  old: number;
  writes: number;
  readonly readMs: number[];
  readonly delays: number[];
}

const versions = new Map<string, number>();
/** Versions whose writes have been answered: what is older is an old answer. */
const written = new Map<string, number>();
let asked = 0;
const origin = createServer((message, response) => {
  const row = message.url ?? '';
  if (message.method === 'POST') versions.set(row, (versions.get(row) ?? 0) + 1);
  else asked++;
  const version = String(versions.get(row) ?? 0);
  setTimeout(() => response.end(version), LATENCY_MS);
});
await new Promise<void>((resolve) => {
  origin.listen(0, '127.0.0.1', resolve);
});
const agent = new Agent({ keepAlive: true });

await using redis = await RedisServer.start();
await report('own caches', '{ store: memory }');
await report('one Redis', `{ store: redis, redis: { url: "redis://127.0.0.1:${redis.port}", secret: only-for-this-bench } }`);
agent.destroy();
origin.closeAllConnections();
origin.close();

async function report(name: string, cache: string): Promise<void> {
  const { port } = origin.address() as AddressInfo;
  const yaml = `version: 1\nlisten: { port: 0 }\nadmin: { port: 0 }\nlog: { access: false }\ncache: ${cache}\nupstreams:\n  api:\n    origin: http://127.0.0.1:${port}\n    cache: { ttl: 1h }\n`;
  const fleet = await Promise.all(Array.from({ length: SIDECARS }, () => RunningBreakwater.start(yaml)));
  asked = 0;
  const tally: Tally = { reads: 0, hits: 0, old: 0, writes: 0, readMs: [], delays: [] };
  const until = performance.now() + SECONDS * 1000;
  await Promise.all([...fleet.map((sidecar) => read(sidecar, tally, until)), write(fleet, tally, until)]);
  for (const sidecar of fleet) await sidecar[Symbol.asyncDispose]();
  const percent = ((100 * tally.hits) / tally.reads).toFixed(1);
  const worst = tally.delays.length === 0 ? '' : `, the last old answer at worst ${quantile(tally.delays, 1).toFixed(1)} ms after`;
  const read50 = median(tally.readMs).toFixed(1);
  process.stdout.write(
    `${name}: ${tally.reads} reads, ${percent} % from the cache, the API asked ${asked} times, ${tally.old} old answers, read P50 ${read50} ms; ${tally.delays.length} of ${tally.writes} writes seen by both others within a second${worst}\n`,
  );
}

/** Reads rows, some much more than others, at an even rate. */
async function read(sidecar: RunningBreakwater, tally: Tally, until: number): Promise<void> {
  const running: Promise<void>[] = [];
  while (performance.now() < until) {
    running.push(readOne(sidecar, `/rows/${Math.floor(ROWS * Math.random() ** 3)}`, tally));
    await wait(1000 / READS);
  }
  await Promise.all(running);
}

async function readOne(sidecar: RunningBreakwater, row: string, tally: Tally): Promise<void> {
  const known = written.get(row) ?? 0;
  const from = performance.now();
  const { text, hit } = await ask(sidecar, 'GET', row);
  tally.readMs.push(performance.now() - from);
  tally.reads++;
  if (hit) tally.hits++;
  if (Number(text) < known) tally.old++;
}

/** Writes a row through one sidecar, and asks the others until they give the new one. */
async function write(fleet: readonly RunningBreakwater[], tally: Tally, until: number): Promise<void> {
  for (let i = 0; performance.now() < until; i++) {
    await wait(1000 / WRITES);
    const row = `/rows/${Math.floor(ROWS * Math.random() ** 3)}`;
    const [writer, ...others] = [...fleet.slice(i % SIDECARS), ...fleet.slice(0, i % SIDECARS)];
    // so that there is something to drop
    await Promise.all(others.map((sidecar) => ask(sidecar, 'GET', row)));
    if (writer === undefined) return;
    const version = Number((await ask(writer, 'POST', row)).text);
    written.set(row, version);
    tally.writes++;
    const seen = await Promise.all(others.map((sidecar) => seenAfter(sidecar, row, version)));
    if (seen.every((ms) => ms !== undefined)) tally.delays.push(Math.max(...seen.map(Number)));
  }
}

/** When the last old answer was given, in milliseconds after the call; 0 where the first was new already, undefined where none was for a second. */
async function seenAfter(sidecar: RunningBreakwater, row: string, version: number): Promise<number | undefined> {
  const from = performance.now();
  for (let last = 0; performance.now() - from < 1000; last = performance.now() - from) {
    if (Number((await ask(sidecar, 'GET', row)).text) >= version) return last;
  }
  return undefined;
}

function ask(sidecar: RunningBreakwater, method: string, row: string): Promise<{ readonly text: string; readonly hit: boolean }> {
  return new Promise((resolve, reject) => {
    const sent = request(`${sidecar.proxyUrl}/api${row}`, { method, agent }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ text, hit: String(response.headers['cache-status']).includes('; hit') }));
    });
    sent.on('error', reject);
    sent.end();
  });
}
