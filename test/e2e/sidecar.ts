import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import type { Simulators } from '../simulators/start.ts';

const CLI = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

/** Breakwater as a child process in front of simulators. */
export interface Sidecar extends AsyncDisposable {
  readonly proxy: { readonly host: string; readonly port: number };
  /** Where `/health` and `/metrics` are. */
  readonly adminUrl: string;
  /** What `breakwater env` says: the variables by which an unmodified client goes through it. */
  readonly environment: Readonly<Record<string, string>>;
  /** The roots that such a client trusts, PEM. */
  readonly bundle: string;
}

/** Starts it with the three presets, as they are, pointed at the simulators. `overrides` goes into each upstream. Resolves when it is ready. */
export async function startSidecar(sim: Simulators, directory: string, overrides: Readonly<Record<string, object>> = {}): Promise<Sidecar> {
  const [port, adminPort] = await Promise.all([freePort(), freePort()]);
  const upstream = (name: 'whatsapp' | 'gemini' | 'supabase', preset: string): object => ({
    preset,
    resolve: sim[name].resolve,
    tls: { ca: sim.caFile },
    ...overrides[name],
  });
  const config = {
    version: 1,
    listen: { host: '127.0.0.1', port },
    admin: { host: '127.0.0.1', port: adminPort },
    intercept: { ca: join(directory, 'ca') },
    upstreams: {
      whatsapp: upstream('whatsapp', 'whatsapp-cloud'),
      gemini: upstream('gemini', 'gemini'),
      supabase: { ...upstream('supabase', 'supabase'), origin: `https://${sim.supabase.hosts[0] ?? ''}` },
    },
  };
  const configFile = join(directory, 'proxy.yaml');
  const logFile = join(directory, 'breakwater.log');
  await writeFile(configFile, stringify(config));
  const environment = await environmentFor(configFile);
  const child = spawn(process.execPath, [CLI, 'run', '-c', configFile], { stdio: ['ignore', 'pipe', 'pipe'] });
  const log = createWriteStream(logFile);
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  const adminUrl = `http://127.0.0.1:${adminPort}`;
  const stop = async (): Promise<void> => {
    await ended(child);
    log.end();
  };
  try {
    await untilReady(child, adminUrl, logFile);
    const bundle = await readFile(environment['SSL_CERT_FILE'] ?? '', 'utf8');
    return { proxy: { host: '127.0.0.1', port }, adminUrl, environment, bundle, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Asks the command line as a person would; that also makes the CA. */
function environmentFor(configFile: string): Promise<Record<string, string>> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [CLI, 'env', '-c', configFile, '--format', 'json'], (error, stdout, stderr) => {
      if (error === null) resolve(JSON.parse(stdout) as Record<string, string>);
      else reject(new Error(`breakwater env failed: ${stderr}`));
    });
  });
}

async function untilReady(child: ChildProcess, adminUrl: string, logFile: string): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (child.exitCode !== null) throw new Error(`Breakwater did not start:\n${await readFile(logFile, 'utf8')}`);
    const answer = await fetch(`${adminUrl}/health/ready`).catch(() => undefined);
    if (answer?.ok === true) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`Breakwater was not ready after 10 s:\n${await readFile(logFile, 'utf8')}`);
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  const stubborn = setTimeout(() => child.kill('SIGKILL'), 5000);
  await exit;
  clearTimeout(stubborn);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
