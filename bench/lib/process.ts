import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';

/** The core that the program under test has to itself, and the one for origin and load. */
export const PROXY_CORE = 0;
export const LOAD_CORE = 1;

/** A program that the benchmark has started. */
export interface Program {
  readonly pid: number;
  /** Milliseconds (`performance.now()`) at which it was started. */
  readonly startedAt: number;
  /** What it has written so far, both streams. */
  output(): string;
  /** True once it has ended. */
  ended(): boolean;
  /** Ends it and waits until it is gone; kills what does not go within five seconds. */
  stop(): Promise<void>;
}

let outputs = 0;
/** What runs now, to be ended where the benchmark is. */
const running = new Set<ChildProcess>();

/** Starts a program on one core, or on several (`0,1`); its output goes to a file in `directory`. */
export function start(command: readonly string[], core: number | string, directory: string, environment: NodeJS.ProcessEnv = {}): Program {
  const file = join(directory, `output-${++outputs}.log`);
  const out = openSync(file, 'a');
  const startedAt = performance.now();
  const child = spawn('taskset', ['-c', String(core), ...command], {
    stdio: ['ignore', out, out],
    cwd: directory,
    env: { ...process.env, ...environment },
    detached: true,
  });
  closeSync(out);
  if (child.pid === undefined) throw new Error(`cannot start ${command.join(' ')}`);
  running.add(child);
  child.once('exit', () => running.delete(child));
  return {
    pid: child.pid,
    startedAt,
    output: () => readFileSync(file, 'utf8'),
    ended: () => child.exitCode !== null || child.signalCode !== null,
    stop: () => stop(child),
  };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  signalGroup(child, 'SIGTERM');
  const timer = setTimeout(() => signalGroup(child, 'SIGKILL'), 5000);
  await gone;
  clearTimeout(timer);
  signalGroup(child, 'SIGKILL');
}

/** Kills all that runs: for an end that cannot wait. */
export function killAll(): void {
  for (const child of running) {
    signalGroup(child, 'SIGKILL');
    child.kill('SIGKILL');
  }
}

/** To the program and what it has started: each was made the leader of a group of its own. */
function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // the group is gone already
  }
}

/** Runs a program on one core to its end. Throws where it fails, or takes longer than `limitMs`. */
export async function run(command: readonly string[], core: number | string, limitMs = 120_000): Promise<string> {
  const child = spawn('taskset', ['-c', String(core), ...command], { stdio: ['ignore', 'pipe', 'pipe'], timeout: limitMs, killSignal: 'SIGKILL' });
  running.add(child);
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  running.delete(child);
  const text = Buffer.concat(chunks).toString();
  if (code !== 0) throw new Error(`${command.slice(0, 3).join(' ')} ended with ${code ?? signal}: ${text.slice(-2000)}`);
  return text;
}

/** A port of loopback that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Waits for the line `listening PORT`. */
export async function announcedPort(program: Program): Promise<number> {
  const found = await until(program, () => /^listening (\d+)$/m.exec(program.output())?.[1]);
  return Number(found);
}

/** Waits until something answers with a status under 400 at this address. */
export async function answering(program: Program, port: number, path: string): Promise<void> {
  await until(program, () => probe(port, path));
}

/** Asks again and again for up to 20 seconds. Throws where the program ends or nothing comes. */
export async function until<T>(program: Program, ask: () => T | undefined | Promise<T | undefined>, pauseMs = 5): Promise<T> {
  const deadline = performance.now() + 20_000;
  while (performance.now() < deadline) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (program.ended()) throw new Error(`ended before it was ready: ${program.output().slice(-1500)}`);
    await pause(pauseMs);
  }
  throw new Error(`not ready within 20 s: ${program.output().slice(-1500)}`);
}

/** One request; true where it was served, undefined where not. */
export function probe(port: number, path: string): Promise<true | undefined> {
  return new Promise((resolve) => {
    const asked = request({ host: '127.0.0.1', port, path, agent: false }, (response) => {
      response.resume();
      response.on('error', () => resolve(undefined));
      response.on('end', () => resolve((response.statusCode ?? 500) < 400 ? true : undefined));
    });
    asked.on('error', () => resolve(undefined));
    asked.end();
  });
}

/** Waits. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
