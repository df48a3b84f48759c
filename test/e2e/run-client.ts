import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const CLIENTS = fileURLToPath(new URL('./clients/', import.meta.url));
const SETUP = fileURLToPath(new URL('./setup.sh', import.meta.url));
const PYTHON = fileURLToPath(new URL('../../.venv/bin/python', import.meta.url));

/** The program of a client, under `clients/`. */
export type ClientProgram = `${string}.py` | `${string}.ts` | `${string}.sh`;

/** Makes the Python environment where it is missing or out of date; fails with the reason where that cannot be done. */
export function installClients(): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile('sh', [SETUP], (error, _stdout, stderr) => {
      if (error === null) resolve();
      else reject(new Error(`the Python clients cannot be installed: ${stderr}`));
    });
  });
}

/** Variables that would lead a client elsewhere; none of them is passed on. */
const OWN = /^(https?_proxy|all_proxy|no_proxy|ssl_cert_|requests_ca|curl_ca|node_extra|node_use|node_options|google_|supabase_|pip_)/i;

/** Runs a client to its end and gives the JSON that it prints. Fails with what it said where it cannot be run or ends badly. */
export function runClient(program: ClientProgram, environment: Readonly<Record<string, string>>): Promise<Record<string, unknown>> {
  const [command, ...args] = commandOf(program);
  const inherited = Object.entries(process.env).filter(([name]) => !OWN.test(name));
  return new Promise((resolve, reject) => {
    execFile(
      command,
      args,
      { env: { ...Object.fromEntries(inherited), ...environment }, timeout: 60_000, maxBuffer: 16 * 1024 * 1024 },
      (error, stdout, stderr) => {
        if (error !== null) reject(new Error(`${program} failed: ${error.message}\n${stderr}`));
        else resolve(JSON.parse(stdout) as Record<string, unknown>);
      },
    );
  });
}

function commandOf(program: ClientProgram): [string, ...string[]] {
  const path = `${CLIENTS}${program}`;
  if (program.endsWith('.ts')) return [process.execPath, path];
  if (program.endsWith('.sh')) return ['sh', path];
  if (!existsSync(PYTHON)) throw new Error('the Python clients are not installed: run test/e2e/setup.sh');
  return [PYTHON, path];
}
