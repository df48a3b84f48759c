import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CLI } from '../../support/breakwater.ts';
import { scratchDirectory } from '../../support/scratch.ts';

/** Sends the process a signal just before it loads the program, which takes most of its start. */
const SIGNALLING = `
import { registerHooks } from 'node:module';
registerHooks({
  load: (url, context, next) => {
    if (url.endsWith('/cli/program.ts')) for (const signal of process.env.SIGNALS.split(' ')) process.kill(process.pid, signal);
    return next(url, context);
  },
});`;

async function started(
  signals: string,
  args: (path: string) => readonly string[],
): Promise<[code: number | null, signal: string | null, left: boolean]> {
  await using scratch = await scratchDirectory();
  writeFileSync(
    join(scratch.path, 'proxy.yaml'),
    'version: 1\nlisten: { port: 0 }\nadmin: { port: 0 }\nupstreams: { api: { origin: "http://127.0.0.1:9" } }\n',
  );
  writeFileSync(join(scratch.path, 'signalling.mjs'), SIGNALLING);
  const child = spawn(process.execPath, ['--import', join(scratch.path, 'signalling.mjs'), CLI, ...args(scratch.path)], {
    cwd: scratch.path,
    env: { ...process.env, SIGNALS: signals },
    stdio: 'ignore',
  });
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
  return [code, signal, existsSync(join(scratch.path, 'ran'))];
}

describe('a signal that comes before the program is loaded', () => {
  it.each([
    ['SIGTERM', 0],
    ['SIGINT', 0],
    ['SIGHUP SIGTERM', 0],
    ['SIGTERM SIGTERM', 1],
  ])('%s has run end with %d', async (signals, code) => {
    expect(await started(signals, () => ['run', '-c', 'proxy.yaml'])).toEqual([code, null, false]);
  });

  it('has exec end as the signal says, its command never run', async () => {
    expect(await started('SIGTERM', (path) => ['exec', '-c', 'proxy.yaml', '--', 'touch', join(path, 'ran')])).toEqual([143, null, false]);
  });

  it('ends a command that does nothing about signals', async () => {
    expect(await started('SIGTERM', () => ['check', 'proxy.yaml'])).toEqual([null, 'SIGTERM', false]);
  });
});
