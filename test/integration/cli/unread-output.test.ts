import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CLI } from '../../support/breakwater.ts';
import { scratchDirectory } from '../../support/scratch.ts';

/** Log lines of more than a pipe and the streams at both of its ends hold. */
const REQUESTS = 1000;

describe('a log that nobody reads any more', () => {
  it('does not keep the process from its end', async () => {
    await using scratch = await scratchDirectory();
    const yaml = 'version: 1\nlisten: { port: 0 }\nadmin: { port: 0 }\nupstreams: { api: { origin: "http://127.0.0.1:9" } }\n';
    writeFileSync(join(scratch.path, 'proxy.yaml'), yaml);
    const child = spawn(process.execPath, [CLI, 'run', '-c', 'proxy.yaml'], { cwd: scratch.path, stdio: ['ignore', 'pipe', 'ignore'] });
    const ended = once(child, 'exit');
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    child.stdout.pause();
    const { proxy } = JSON.parse(String(line).split('\n', 1)[0] ?? '') as { proxy: string };
    for (let i = 0; i < REQUESTS / 50; i++) await Promise.all(Array.from({ length: 50 }, async () => (await fetch(`${proxy}/nowhere`)).text()));
    child.kill('SIGTERM');
    try {
      expect(await ended).toEqual([0, null]);
    } finally {
      child.kill('SIGKILL');
    }
  });
});
