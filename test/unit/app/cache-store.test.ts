import { execFile } from 'node:child_process';
import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { type Backing, openCacheStore } from '../../../src/app/cache-store.ts';
import { configSchema, type StoreConfig } from '../../../src/config/schema.ts';
import { scratchDirectory } from '../../support/scratch.ts';
import { FakeClock } from '../policy/fixtures.ts';

async function openedWith(cache: object): Promise<Backing> {
  const config: StoreConfig = configSchema.parse({ version: 1, cache }).cache;
  const backing = await openCacheStore(config, new FakeClock(), () => undefined);
  await backing.store?.close();
  return backing;
}

const secretOf = async (cache: object): Promise<string | undefined> => (await openedWith(cache)).secret?.toString('hex');

/** No Redis is there: the store opens all the same. */
const redis = (parts: object): object => ({ store: 'redis', redis: { url: 'redis://:hush@127.0.0.1:1', timeout: '1ms', ...parts } });

describe('the store of an app', () => {
  it('is the memory of the cache unless the configuration says another', async () => {
    expect(await openedWith({})).toEqual({});
  });

  it('keeps the secret of a file beside it, for its owner alone', async () => {
    await using scratch = await scratchDirectory();
    const file = join(scratch.path, 'deep', 'cache.db');
    const cache = { store: 'sqlite', sqlite: { file } };
    const secret = await secretOf(cache);
    expect(secret).toMatch(/^[0-9a-f]{64}$/);
    expect(await secretOf(cache)).toBe(secret);
    expect(statSync(`${file}.secret`).mode & 0o777).toBe(0o600);
    expect(await secretOf({ store: 'sqlite', sqlite: { file: `${file}2` } })).not.toBe(secret);
  });

  it('has one secret for all sidecars with the same password and prefix, however they name the host', async () => {
    const secret = await secretOf(redis({}));
    expect(await secretOf(redis({ url: 'redis://:hush@localhost:1' }))).toBe(secret);
    expect(await secretOf(redis({ url: 'redis://:other@127.0.0.1:1' }))).not.toBe(secret);
    expect(await secretOf(redis({ prefix: 'other:' }))).not.toBe(secret);
    const given = await secretOf(redis({ secret: 'a-secret-of-some-length' }));
    expect(given).not.toBe(secret);
    expect(await secretOf(redis({ secret: 'a-secret-of-some-length', url: 'redis://:other@127.0.0.1:1' }))).toBe(given);
  });

  it('does not load the libraries of stores that are not configured', async () => {
    const app = resolve(import.meta.dirname, '../../../src/app/app.ts');
    const script = `await import(${JSON.stringify(app)}); const { createRequire } = await import('node:module');
      const loaded = [...Object.keys(createRequire(${JSON.stringify(app)}).cache), ...process.moduleLoadList];
      console.log(loaded.length > 100, loaded.filter((name) => /@redis|sqlite/.test(name)).length);`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
    expect(stdout).toBe('true 0\n');
  });
});
