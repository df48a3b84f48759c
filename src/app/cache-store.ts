import { hkdfSync, randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { CacheOptions } from '../cache/cache.ts';
import type { StoreConfig } from '../config/schema.ts';
import type { Clock } from '../model/clock.ts';

/** What the cache keeps answers in, where that is not its own memory. */
export type Backing = Pick<CacheOptions, 'store' | 'secret'>;

/** Answers under one key. */
const MAX_VARIANTS = 32;
/** In Redis a lookup reads all of them: fewer, and bounded in bytes. */
const REDIS_VARIANTS = 16;
const REDIS_KEY_BYTES = 16 * 1024 * 1024;
const SECRET_BYTES = 32;

/**
 * The store that the configuration names, with the secret that its identities need; neither where answers are kept in memory. A store that cannot be reached now is
 * there all the same: it finds nothing until it can. `notice` is told, in a sentence, what an operator should know of it.
 */
export async function openCacheStore(config: StoreConfig, clock: Clock, notice: (text: string) => void): Promise<Backing> {
  if (config.store === 'sqlite') return openSqlite(config, clock, notice);
  return config.store === 'redis' ? openRedis(config, clock, notice) : {};
}

// what is not configured is not loaded: a start takes as long as what it uses

async function openSqlite({ sqlite, maxBytes }: StoreConfig, clock: Clock, notice: (text: string) => void): Promise<Backing> {
  const { openSqliteStore } = await import('../cache/stores/sqlite.ts');
  const secret = await secretBeside(sqlite.file);
  const store = await openSqliteStore({ file: sqlite.file, maxBytes, maxVariants: MAX_VARIANTS, notice }, clock);
  return { store, secret };
}

async function openRedis({ redis }: StoreConfig, clock: Clock, notice: (text: string) => void): Promise<Backing> {
  const { openRedisStore } = await import('../cache/stores/redis.ts');
  const { url = [], cluster, timeout, prefix, tls } = redis;
  const pem = async (file: string | undefined): Promise<string | undefined> => (file === undefined ? undefined : readFile(file, 'utf8'));
  const trust =
    tls === undefined ? undefined : { ca: await pem(tls.ca), cert: await pem(tls.cert), key: await pem(tls.key), servername: tls.serverName };
  const address = { urls: url, cluster, connectTimeoutMs: timeout, tls: trust };
  const bounds = { prefix, timeoutMs: timeout, maxVariants: REDIS_VARIANTS, maxKeyBytes: REDIS_KEY_BYTES };
  return { store: await openRedisStore({ address, ...bounds, notice }, clock), secret: sharedSecret(redis) };
}

/** The same for all sidecars of one cache: made of the secret that they were given, else of the password with which they log in. Hosts may have other names for each of them. */
function sharedSecret({ secret, url = [], prefix }: StoreConfig['redis']): Buffer {
  const { username, password } = new URL(url[0] ?? 'redis://none');
  return Buffer.from(hkdfSync('sha256', secret ?? `${username}:${password}`, prefix, 'breakwater cache identities', SECRET_BYTES));
}

/** The secret of a file's identities, in a file of its own beside it: who gets hold of the answers alone cannot try credentials against them. A new one where it cannot be kept. */
async function secretBeside(file: string): Promise<Buffer> {
  const path = `${file}.secret`;
  const made = randomBytes(SECRET_BYTES);
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(path, made.toString('hex'), { flag: 'wx', mode: 0o600 });
    return made;
  } catch {
    const kept = Buffer.from(await readFile(path, 'utf8').catch(() => ''), 'hex');
    return kept.length === SECRET_BYTES ? kept : made;
  }
}
