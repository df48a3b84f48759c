import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { OwnAuthority } from '../../../src/app/own-authority.ts';
import { systemClock } from '../../../src/model/clock.ts';
import { createLog } from '../../../src/telemetry/log.ts';
import { scratchDirectory } from '../../support/scratch.ts';

describe('the certificate authority of a process', () => {
  it('is tried again until its directory can be used, and says each time what is wrong once', async () => {
    await using scratch = await scratchDirectory();
    const directory = join(scratch.path, 'ca');
    writeFileSync(directory, 'a file');
    const lines: string[] = [];
    const log = createLog('info', { write: (line) => lines.push((JSON.parse(line) as { msg: string }).msg) });
    const own = new OwnAuthority({ directory, clock: systemClock, log, retryMs: 1 });
    await own.writeRoots();
    expect(own.reading).toMatchObject({ directory, missed: false, problem: expect.stringContaining(directory) as string });
    await expect(own.load()).rejects.toThrow(directory);
    expect(own.reading.missed).toBe(false);
    await expect(own.loadForClient()).rejects.toThrow(directory);
    expect(own.reading.missed).toBe(true);
    rmSync(directory);
    await expect.poll(() => own.reading).toMatchObject({ problem: undefined, missed: false });
    expect(lines).toEqual([
      'no CA bundle for clients: HTTPS_PROXY cannot be used until what the reason says is mended; base URLs can',
      'the certificate authority can be used again',
    ]);
    own.close();
  });
});
