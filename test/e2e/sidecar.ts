import { type ChildProcess, type ChildProcessByStdio, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
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
  const upstream = (name: 'whatsapp' | 'gemini' | 'supabase', preset: string): object => ({
    preset,
    resolve: sim[name].resolve,
    tls: { ca: sim.caFile },
    ...overrides[name],
  });
  const config = (port: number): string =>
    stringify({
      version: 1,
      listen: { host: '127.0.0.1', port },
      admin: { host: '127.0.0.1', port: 0 },
      intercept: { ca: join(directory, 'ca') },
      upstreams: {
        whatsapp: upstream('whatsapp', 'whatsapp-cloud'),
        gemini: upstream('gemini', 'gemini'),
        supabase: { ...upstream('supabase', 'supabase'), origin: `https://${sim.supabase.hosts[0] ?? ''}` },
      },
    });
  const configFile = join(directory, 'proxy.yaml');
  await writeFile(configFile, config(0));
  const child = spawn(process.execPath, [CLI, 'run', '-c', configFile], { stdio: ['ignore', 'pipe', 'pipe'] });
  try {
    const { proxy, admin } = await listening(child, join(directory, 'breakwater.log'));
    const port = Number(new URL(proxy).port);
    // the port is known only now, and a change of the first file would be a reload
    const clientsFile = join(directory, 'clients.yaml');
    await writeFile(clientsFile, config(port));
    const environment = await environmentFor(clientsFile);
    const bundle = await readFile(environment['SSL_CERT_FILE'] ?? '', 'utf8');
    return { proxy: { host: '127.0.0.1', port }, adminUrl: admin, environment, bundle, [Symbol.asyncDispose]: () => ended(child) };
  } catch (error) {
    await ended(child);
    throw error;
  }
}

/** Asks the command line as a person would. */
function environmentFor(configFile: string): Promise<Record<string, string>> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [CLI, 'env', '-c', configFile, '--format', 'json'], (error, stdout, stderr) => {
      if (error === null) resolve(JSON.parse(stdout) as Record<string, string>);
      else reject(new Error(`breakwater env failed: ${stderr}`));
    });
  });
}

/** Where it says that it listens. Its log goes on into a file. */
function listening(child: ChildProcessByStdio<null, Readable, Readable>, logFile: string): Promise<{ proxy: string; admin: string }> {
  const log = createWriteStream(logFile);
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints += text;
    log.write(text);
  });
  return new Promise((resolve, reject) => {
    child.once('close', () => {
      log.end();
      reject(new Error(`Breakwater did not start:\n${complaints}`));
    });
    createInterface({ input: child.stdout }).on('line', (line) => {
      log.write(`${line}\n`);
      if (line.includes('"msg":"listening"')) resolve(JSON.parse(line) as { proxy: string; admin: string });
    });
  });
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  const stubborn = setTimeout(() => child.kill('SIGKILL'), 5000);
  await exit;
  clearTimeout(stubborn);
}
