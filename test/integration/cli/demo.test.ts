import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { scratchDirectory } from '../../support/scratch.ts';

const DEMO = resolve(import.meta.dirname, '../../../bench/demo/main.ts');

describe('the demo', () => {
  it('leaves nothing behind when it is interrupted', async () => {
    await using scratch = await scratchDirectory();
    const child = spawn(process.execPath, [DEMO, '--quick'], { env: { ...process.env, TMPDIR: scratch.path }, stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = once(child, 'exit');
    await once(child.stdout, 'data');
    const ours = (): string[] => readdirSync(scratch.path).filter((name) => name !== 'node-compile-cache');
    expect(ours()).not.toEqual([]);
    child.kill('SIGINT');
    expect(await ended).toEqual([130, null]);
    expect(ours()).toEqual([]);
  });
});
