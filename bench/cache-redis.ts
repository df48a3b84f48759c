import { createClient } from 'redis';
import { openRedisStore } from '../src/cache/stores/redis.ts';
import { systemClock } from '../src/model/clock.ts';
import { RedisServer } from '../test/support/redis-server.ts';
import { storedResponse } from '../test/unit/cache/store-contract.ts';
import { median, quantile, ratios } from './lib/stats.ts';

/**
 * What a hit in the Redis store costs, in round trips of the bare client that gets as many bytes. Rounds of both take turns, so that the machine's drift falls on both.
 * `node bench/cache-redis.ts [ROUNDS]`
 */
const ROUNDS = Number(process.argv[2] ?? 40);
const EACH = 250;
const BODY = Buffer.alloc(1024, 'x');

await using server = await RedisServer.start();
const address = { urls: [server.url], cluster: false, connectTimeoutMs: 2000, tls: undefined };
const bounds = { prefix: 'bench:', timeoutMs: 2000, maxVariants: 16, maxKeyBytes: 1e6 };
const store = await openRedisStore({ address, ...bounds, notice: (text) => process.stderr.write(`${text}\n`) }, systemClock);
const bare = createClient({ url: server.url, RESP: 2 });
await bare.connect();

const url = 'https://project.example/rest/v1/bot_profiles?id=eq.7&select=id,name';
const tags = ['up:supabase', 'route:supabase/bot_profiles', url, 'in:supabase/public.bot_profiles', 'in:supabase/rows'];
await store.put(url, storedResponse(Date.now(), { tags, body: BODY, keepUntil: Date.now() + 3_600_000 }));
// a store that is in use has drops to look through
for (let i = 0; i < 1000; i++) await store.invalidate([`in:supabase/table_${i}`], false);
await bare.set('bench:bare', BODY);

const getBare = (): Promise<unknown> => bare.get('bench:bare');
const getHit = async (): Promise<void> => {
  if ((await store.lookup(url)).length !== 1) throw new Error('not a hit');
};

for (const concurrency of [1, 32]) {
  const times: Record<'bare' | 'hit', number[]> = { bare: [], hit: [] };
  for (let round = -3; round < ROUNDS; round++) {
    const took = { bare: await timed(getBare, concurrency), hit: await timed(getHit, concurrency) };
    if (round < 0) continue;
    times.bare.push(took.bare);
    times.hit.push(took.hit);
  }
  const all = ratios(times.hit, times.bare);
  const [low, middle, high] = [quantile(all, 0.05), median(all), quantile(all, 0.95)].map((ratio) => ratio.toFixed(2));
  const line = `concurrency ${concurrency}: bare ${median(times.bare).toFixed(1)} us, hit ${median(times.hit).toFixed(1)} us, ratio ${middle} (5 % ${low}, 95 % ${high})`;
  process.stdout.write(`${line}\n`);
}
process.stdout.write(`${await told()}\n`);
store.close();
bare.destroy();

/** How long after one sidecar has asked for a drop the others have heard of it; what they look up once it has settled they do not find in any case. */
async function told(): Promise<string> {
  const other = await openRedisStore({ address, ...bounds, notice: () => undefined }, systemClock);
  const after: number[] = [];
  let heard = (): void => undefined;
  other.onInvalidation(() => heard());
  for (let i = 0; i < 300; i++) {
    const message = new Promise<number>((resolve) => {
      heard = () => resolve(performance.now());
    });
    const asked = performance.now();
    const [heardAt] = await Promise.all([message, store.invalidate(['in:supabase/told'], false)]);
    after.push(heardAt - asked);
  }
  other.close();
  return `a drop is told to others ${median(after).toFixed(2)} ms after it was asked for, at worst ${quantile(after, 1).toFixed(2)} ms`;
}

/** Microseconds for one call, of many in a row, or of `concurrency` rows side by side. */
async function timed(call: () => Promise<unknown>, concurrency: number): Promise<number> {
  const row = async (): Promise<void> => {
    for (let i = 0; i < EACH; i++) await call();
  };
  const from = performance.now();
  await Promise.all(Array.from({ length: concurrency }, row));
  return ((performance.now() - from) * 1000) / (EACH * concurrency);
}
