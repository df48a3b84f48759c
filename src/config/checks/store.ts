import type { CheckContext } from './context.ts';

const URL_PATH = ['cache', 'redis', 'url'];

/** The store of the cache: a Redis needs an address that can be one. Addresses may hold a password, so no message shows one. */
export function checkStore(context: CheckContext): void {
  const { store, redis } = context.config.cache;
  if (store === 'sqlite' && context.config.workers !== 1)
    context.report(['cache', 'store'], 'a SQLite file is for one process', 'write workers: 1, or take the redis store');
  const urls = redis.url ?? [];
  if (store === 'redis' && urls.length === 0) {
    const written = context.isWritten(['cache', 'redis']);
    context.reportKey(written ? ['cache', 'redis'] : ['cache', 'store'], 'a redis store needs an address', 'write cache.redis.url: ${REDIS_URL}');
  }
  if (urls.some((url) => /sentinel/i.test(url.split('://')[0] ?? '')))
    context.report(URL_PATH, 'Sentinel is not supported', 'give the address of a proxy that follows the master, or take a cluster');
  else if (urls.some((url) => !isRedisUrl(url)))
    context.report(URL_PATH, 'expected redis://HOST:PORT or rediss://HOST:PORT (not shown: it may hold a password)');
  else if (urls.length > 1 && !redis.cluster) context.report(URL_PATH, 'several addresses are for a cluster', 'write cache.redis.cluster: true');
  else if (redis.tls !== undefined && urls.some((url) => !url.startsWith('rediss:')))
    context.report(URL_PATH, 'cache.redis.tls is for rediss:// addresses, and this is redis://');
  if ((redis.tls?.cert === undefined) !== (redis.tls?.key === undefined))
    context.reportKey(['cache', 'redis', 'tls'], 'cert and key come together', 'write both, or neither');
  if (store === 'redis' && redis.secret === undefined && urls.every((url) => passwordOf(url) === ''))
    context.notes.push('cache.redis has neither a secret nor a password: who reads that Redis can try credentials against the hashes in it');
}

const passwordOf = (url: string): string => (URL.canParse(url) ? new URL(url).password : '');

function isRedisUrl(text: string): boolean {
  return URL.canParse(text) && ['redis:', 'rediss:'].includes(new URL(text).protocol) && new URL(text).hostname !== '';
}
