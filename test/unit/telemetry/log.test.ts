import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createLog, errorFields } from '../../../src/telemetry/log.ts';

const LOG = resolve(import.meta.dirname, '../../../src/telemetry/log.ts');

describe('the log of a process', () => {
  it('has every line, in order, once it was flushed', async () => {
    const script = `import { createLog } from ${JSON.stringify(LOG)};
      const log = createLog('info');
      for (let i = 0; i < 2000; i++) i % 2 ? log.info({ i }, 'line') : log.line(JSON.stringify({ i }));
      await log.flush();
      process.exit(0);`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { maxBuffer: 2 ** 24 });
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { i: number }).i);
    expect(lines).toEqual(Array.from({ length: 2000 }, (_, i) => i));
  });

  it('outlives the one who reads it', async () => {
    const script = `import { createLog } from ${JSON.stringify(LOG)};
      const log = createLog('info');
      log.info({}, 'first');
      process.stdin.once('data', async () => {
        for (let i = 0; i < 20; i++) {
          log.info({ i }, 'nobody reads this');
          await new Promise((done) => setImmediate(done));
        }
        await log.flush();
        process.exit(7);
      });`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['pipe', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    child.stdout.destroy();
    await once(child.stdout, 'close');
    child.stdin.write('go');
    expect(await once(child, 'exit')).toEqual([7, null]);
  });
});

describe('an exception in the log', () => {
  it('is told without its own properties, which hold headers in errors of HTTP clients', () => {
    const error = Object.assign(new Error('no'), { headers: ['authorization', 'x'], cause: new TypeError('deep') });
    expect(errorFields(error)).toEqual({
      error: 'no',
      name: 'Error',
      stack: expect.stringContaining('Error: no'),
      cause: { error: 'deep', name: 'TypeError', stack: expect.stringContaining('TypeError: deep') },
    });
    expect(errorFields('plain')).toEqual({ error: 'plain' });
  });

  it('takes a cause that goes round in circles', () => {
    const error = new Error('round');
    error.cause = error;
    expect(JSON.stringify(errorFields(error)).match(/"error":"round"/g)).toHaveLength(4);
  });
});

describe('the level', () => {
  it('is asked before a line is put together', () => {
    const log = createLog('warn', { write: () => undefined });
    expect([log.writes('info'), log.writes('warn')]).toEqual([false, true]);
  });
});
