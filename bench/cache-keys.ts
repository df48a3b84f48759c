import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { opened } from '../test/support/servers.ts';
import { FLAGS } from './contenders/breakwater.ts';
import { thisMachine } from './lib/machine.ts';
import { cpuUs } from './lib/proc.ts';
import { announcedPort, freePort, type Program, probe, run, start, until } from './lib/process.ts';
import { ratios, type Spread, spread } from './lib/stats.ts';
import { parseWrk } from './lib/wrk.ts';

/**
 * What a hit costs over a socket with 10 and with 1,000,000 entries in the memory store, asked for by 10 keys, and at random by all of them, beside a bare server that answers from a Map
 * of as many: CPU time of the process, one core. The bodies have 100 bytes. The sides take turns. What grows with the keys in use is what the processor waits for memory, in both. `node bench/cache-keys.ts [ROUNDS] [SECONDS] [ENTRIES]`; needs wrk and `npm run build`.
 */
const [rounds = 7, seconds = 4, entries = 1_000_000] = process.argv.slice(2).map(Number);
const HOT = 10;
const CONNECTIONS = 32;
const CLI = join(import.meta.dirname, '../dist/cli/main.js');
const MAP_SERVER = join(import.meta.dirname, 'programs/keyed-map-server.ts');
const BODY = JSON.stringify([{ id: 1, name: 'x'.repeat(78) }]);

interface Served {
  readonly program: Program;
  readonly url: string;
}

interface Proxy extends Served {
  readonly adminPort: number;
}

interface Side {
  readonly name: string;
  readonly served: Served;
  readonly keys: number;
  readonly cpu: number[];
  readonly perSecond: number[];
}

async function startProxy(directory: string, originPort: number): Promise<Proxy> {
  const [port, adminPort] = [await freePort(), await freePort()];
  const api = { preset: 'supabase', origin: `http://127.0.0.1:${originPort}`, cache: { ttl: '1h' }, pool: { connections: CONNECTIONS } };
  const config = {
    version: 1,
    listen: { port },
    admin: { port: adminPort },
    log: { level: 'warn', access: false },
    cache: { maxBytes: '8GiB' },
    upstreams: { api },
  };
  const file = join(directory, `proxy-${port}.yaml`);
  writeFileSync(file, JSON.stringify(config));
  const program = start([process.execPath, ...FLAGS, '--max-old-space-size=8000', CLI, 'run', '-c', file], 0, directory);
  await until(program, () => probe(adminPort, '/health/ready'));
  return { program, url: `http://127.0.0.1:${port}/api/rest/v1/bots`, adminPort };
}

async function startMap(directory: string, size: number): Promise<Served> {
  const program = start([process.execPath, '--max-old-space-size=8000', MAP_SERVER, String(size), BODY], 0, directory);
  const port = await announcedPort(program);
  return { program, url: `http://127.0.0.1:${port}/` };
}

async function load(directory: string, { url }: Served, keys: number, inOrder: boolean, forSeconds: number): Promise<ReturnType<typeof parseWrk>> {
  const script = join(directory, `keys-${keys}-${String(inOrder)}.lua`);
  const next = inOrder ? 'n = n + 1' : `n = math.random(0, ${keys - 1})`;
  writeFileSync(script, `n = -1\nfunction request()\n  ${next}\n  return wrk.format("GET", wrk.path .. "?select=id,name&id=eq." .. n)\nend\n`);
  return parseWrk(await run(['wrk', '--latency', '-t', '1', '-c', String(CONNECTIONS), '-d', `${forSeconds}s`, '-s', script, url], '1'));
}

async function stored({ adminPort }: Proxy): Promise<number> {
  const answer = (await (await fetch(`http://127.0.0.1:${adminPort}/api/cache?limit=1`)).json()) as { store: { entries: number } };
  return answer.store.entries;
}

async function measure(directory: string, side: Side): Promise<void> {
  const before = cpuUs(side.served.program.pid);
  const found = await load(directory, side.served, side.keys, false, seconds);
  if (found === undefined || found.errors > 0) throw new Error(`${side.name}: ${found?.errors ?? 'no'} errors`);
  side.cpu.push((cpuUs(side.served.program.pid) - before) / found.requests);
  side.perSecond.push(found.requestsPerSecond);
}

const shown = ({ median, min, max }: Spread, digits = 2): string => `${median.toFixed(digits)} [${min.toFixed(digits)}..${max.toFixed(digits)}]`;
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const directory = mkdtempSync(join(tmpdir(), 'breakwater-keys-'));
let asked = 0;
const origin = createServer((_request, response) => {
  asked++;
  response.writeHead(200, { 'content-type': 'application/json', etag: `"${asked}"` }).end(BODY);
});
const programs: Program[] = [];
try {
  const originPort = await opened(origin);
  const [few, many] = [await startProxy(directory, originPort), await startProxy(directory, originPort)];
  programs.push(few.program, many.program);
  await load(directory, few, HOT, false, 3);
  // in order, a stretch at a time, until all of them are there
  while ((await stored(many)) < entries) await load(directory, many, entries, true, Math.ceil(entries / 10_000));
  const of = { few: await stored(few), many: await stored(many) };
  const [smallMap, largeMap] = [await startMap(directory, HOT), await startMap(directory, entries)];
  programs.push(smallMap.program, largeMap.program);
  const side = (name: string, served: Served, keys: number): Side => ({ name, served, keys, cpu: [], perSecond: [] });
  const sides = [
    side(`a Map of ${HOT}, ${HOT} keys`, smallMap, HOT),
    side(`a Map of ${entries}, ${entries} keys at random`, largeMap, entries),
    side(`${of.few} entries, ${HOT} keys`, few, HOT),
    side(`${of.many} entries, ${HOT} keys`, many, HOT),
    side(`${of.many} entries, ${entries} keys at random`, many, entries),
  ] as const;
  for (const side of sides) await measure(directory, side);
  for (const { cpu, perSecond } of sides) [cpu.length, perSecond.length] = [0, 0];
  const before = asked;
  for (let round = 0; round < rounds; round++)
    for (let n = 0; n < sides.length; n++) await measure(directory, sides[(n + round) % sides.length] as Side);
  const { cpu, cores, system, node } = thisMachine();
  say(`${cpu}, ${cores} cores, ${system}, Node ${node}; ${CONNECTIONS} connections, ${rounds} rounds of ${seconds} s; ${asked - before} misses`);
  for (const { name, cpu: own, perSecond } of sides) say(`${name}: ${shown(spread(own), 1)} us a hit, ${shown(spread(perSecond), 0)} hits/s`);
  const [smallCpu, largeCpu, fewCpu, hotCpu, spreadCpu] = sides.map((one) => one.cpu) as [number[], number[], number[], number[], number[]];
  say(`from ${of.few} to ${of.many} entries, the same ${HOT} keys: ${shown(spread(ratios(hotCpu, fewCpu)))} times the CPU`);
  say(
    `from ${HOT} to ${entries} keys in use: ${shown(spread(ratios(spreadCpu, hotCpu)))}; the Map server ${shown(spread(ratios(largeCpu, smallCpu)))}`,
  );
  say(
    `CPU of the Map server over ours: ${shown(spread(ratios(smallCpu, fewCpu)))} on ${HOT} keys, ${shown(spread(ratios(largeCpu, spreadCpu)))} on ${entries}`,
  );
} finally {
  await Promise.all(programs.map((program) => program.stop()));
  origin.close();
  rmSync(directory, { recursive: true, force: true });
}
