import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FLAGS } from './contenders/breakwater.ts';
import { thisMachine } from './lib/machine.ts';
import { cpuUs } from './lib/proc.ts';
import { answering, freePort, type Program, probe, run, start, until } from './lib/process.ts';
import { AA_BOUNDS, ratios, type Spread, spread } from './lib/stats.ts';
import { parseWrk } from './lib/wrk.ts';
import { ONE_KIB } from './programs/payloads.ts';

/**
 * What a second worker brings: one worker with everything on one core, against two workers with everything on two. Origin and load take the same share of the machine in
 * both, so that the ratio of the two is what the workers make of the second core. CPU per request is compared with one worker that has two cores beside its origin and load too: a process that
 * has a core for itself finds fewer requests at each turn of its loop, which costs each of them more, with one worker as with two.
 * `node bench/workers.ts [rounds] [seconds]`; needs nginx, wrk and `npm run build`.
 */
const [rounds = 7, seconds = 4] = process.argv.slice(2).map(Number);
const CONNECTIONS = 64;
const CLI = join(import.meta.dirname, '../dist/cli/main.js');

interface Side {
  readonly name: string;
  readonly cores: string;
  readonly proxy: Program;
  readonly origin: Program;
  readonly url: string;
  readonly perSecond: number[];
  readonly cpuPerRequest: number[];
}

async function startOrigin(directory: string, cores: string): Promise<{ readonly program: Program; readonly port: number }> {
  const port = await freePort();
  const file = join(directory, `nginx-${port}.conf`);
  writeFileSync(
    file,
    `daemon off; master_process off; worker_processes 1; pid ${directory}/nginx-${port}.pid; error_log stderr crit;
events { worker_connections 4096; }
http { access_log off; keepalive_requests 100000000; keepalive_timeout 600s; default_type application/json; client_body_temp_path ${directory}/body;
  server { listen 127.0.0.1:${port} backlog=4096; location / { return 200 '${ONE_KIB.toString()}'; } } }
`,
  );
  const program = start(['nginx', '-p', directory, '-e', 'stderr', '-c', file], cores, directory);
  await answering(program, port, '/');
  return { program, port };
}

async function startSide(directory: string, name: string, cores: string, workers: number): Promise<Side> {
  const origin = await startOrigin(directory, cores);
  const [port, adminPort] = [await freePort(), await freePort()];
  const file = join(directory, `proxy-${port}.yaml`);
  const api = { preset: 'supabase', origin: `http://127.0.0.1:${origin.port}`, cache: { enabled: false }, pool: { connections: 2 * CONNECTIONS } };
  const config = { version: 1, workers, listen: { port }, admin: { port: adminPort }, log: { level: 'warn', access: false }, upstreams: { api } };
  writeFileSync(file, JSON.stringify(config));
  const proxy = start([process.execPath, ...FLAGS, CLI, 'run', '-c', file], cores, directory);
  await until(proxy, () => probe(adminPort, '/health/ready'));
  return { name, cores, proxy, origin: origin.program, url: `http://127.0.0.1:${port}/api/rest/v1/1k`, perSecond: [], cpuPerRequest: [] };
}

async function measure(side: Side, forSeconds: number): Promise<void> {
  const before = cpuUs(side.proxy.pid);
  const found = parseWrk(await run(['wrk', '--latency', '-t', '1', '-c', String(CONNECTIONS), '-d', `${forSeconds}s`, side.url], side.cores));
  if (found === undefined || found.errors > 0) throw new Error(`${side.name}: ${found?.errors ?? 'no'} errors`);
  side.perSecond.push(found.requestsPerSecond);
  side.cpuPerRequest.push((cpuUs(side.proxy.pid) - before) / found.requests);
}

const shown = ({ median, min, max }: Spread, digits = 2): string => `${median.toFixed(digits)} [${min.toFixed(digits)}..${max.toFixed(digits)}]`;
const say = (line: string): void => void process.stdout.write(`${line}\n`);

function report([one, again, wide, two]: readonly [Side, Side, Side, Side]): void {
  const aa = spread(ratios(again.perSecond, one.perSecond));
  const scaling = spread(ratios(two.perSecond, one.perSecond));
  const cost = spread(ratios(two.cpuPerRequest, wide.cpuPerRequest));
  const { cpu, cores, system, node } = thisMachine();
  say(`${cpu}, ${cores} cores, ${system}, Node ${node}; ${CONNECTIONS} connections, ${rounds} rounds of ${seconds} s`);
  for (const side of [one, again, wide, two])
    say(`${side.name}: ${shown(spread(side.perSecond), 0)} requests/s, ${shown(spread(side.cpuPerRequest), 1)} us of CPU each`);
  say(`A/A ${shown(aa)}${aa.median < AA_BOUNDS.min || aa.median > AA_BOUNDS.max ? ': void, the machine is not quiet' : ''}`);
  say(`two workers on two cores, times one on one: ${shown(scaling)} (goal 1.7)`);
  say(
    `CPU per request, times that of one worker on two cores: ${shown(cost)}; two cores of their own would carry ${(2 / cost.median).toFixed(2)} times one`,
  );
}

const directory = mkdtempSync(join(tmpdir(), 'breakwater-workers-'));
const sides: Side[] = [];
try {
  sides.push(await startSide(directory, 'one worker, one core', '0', 1));
  sides.push(await startSide(directory, 'the same again', '0', 1));
  sides.push(await startSide(directory, 'one worker, two cores', '0,1', 1));
  sides.push(await startSide(directory, 'two workers, two cores', '0,1', 2));
  for (const side of sides) await measure(side, Math.max(2, seconds));
  for (const side of sides) {
    side.perSecond.length = 0;
    side.cpuPerRequest.length = 0;
  }
  for (let round = 0; round < rounds; round++)
    for (let n = 0; n < sides.length; n++) await measure(sides[(n + round) % sides.length] as Side, seconds);
  report(sides as unknown as [Side, Side, Side, Side]);
} finally {
  await Promise.all(sides.flatMap(({ proxy, origin }) => [proxy.stop(), origin.stop()]));
  rmSync(directory, { recursive: true, force: true });
}
