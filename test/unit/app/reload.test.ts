import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Loaded, loadConfig } from '../../../src/config/load.ts';
import type { Config } from '../../../src/config/schema.ts';
import { Reloader } from '../../../src/app/reload.ts';
import { createLog } from '../../../src/telemetry/log.ts';
import { scratchDirectory } from '../../support/scratch.ts';

const GOOD = 'version: 1\nupstreams: { api: { origin: "http://127.0.0.1:9" } }\n';
const BAD = 'version: 1\nnonsense: true\n';
/** Whatever is written during a test is older than each reading of it. */
const clock = { now: () => 0, wallNow: () => Date.now() + 3_600_000, random: () => 0 };

/** A directory as a ConfigMap is mounted: the file is a link into `..data`, and that one is moved from one directory to the next, which may have been there for long. */
function mounted(directory: string, texts: Readonly<Record<string, string>>): { readonly file: string; readonly swap: (to: string) => void } {
  for (const [name, text] of Object.entries(texts)) {
    mkdirSync(join(directory, name));
    writeFileSync(join(directory, name, 'proxy.yaml'), text);
  }
  const swap = (to: string): void => {
    symlinkSync(to, join(directory, '..next'));
    renameSync(join(directory, '..next'), join(directory, '..data'));
  };
  const file = join(directory, 'proxy.yaml');
  symlinkSync('..data/proxy.yaml', file);
  return { file, swap };
}

/** A reloader of a file, and what it puts to work. */
function reloading(file: string): Disposable & { readonly reloader: Reloader; applied(): Promise<Config> } {
  let take: (config: Config) => void = () => undefined;
  const apply = (config: Config): Promise<void> => Promise.resolve(take(config));
  const loaded = loadConfig(file, {}) as Loaded;
  const reloader = new Reloader({ loaded, env: {}, apply, log: createLog('silent', { write: () => undefined }), clock });
  const applied = (): Promise<Config> => new Promise((resolve) => (take = resolve));
  return { reloader, applied, [Symbol.dispose]: () => reloader.close() };
}

describe('the watch of the configuration file', () => {
  it.each([
    ['a refused', BAD, false],
    ['a good', GOOD, true],
  ])('sees a swap to a file that has long been there right after %s reload', async (_name, text, ok) => {
    await using scratch = await scratchDirectory();
    const { file, swap } = mounted(scratch.path, { first: GOOD, second: text, third: GOOD.replace('api', 'third') });
    swap('first');
    using app = reloading(file);
    app.reloader.watch();
    swap('second');
    await app.reloader.reload('asked');
    expect(app.reloader.reading.lastReloadOk).toBe(ok);
    const applied = app.applied();
    swap('third');
    expect(Object.keys((await applied).upstreams)).toEqual(['third']);
    await expect.poll(() => app.reloader.reading.lastReloadOk).toBe(true);
  });
});
