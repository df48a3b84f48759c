import { MemoryStore } from '../src/cache/stores/memory.ts';
import type { StoredResponse } from '../src/cache/store.ts';
import { systemClock } from '../src/model/clock.ts';
import { median } from './lib/stats.ts';

/**
 * What a hit in the memory store costs with 10, 10,000 and 1,000,000 entries, and what an entry takes beyond its own texts and bytes. Rounds of all sizes take turns.
 * `node --expose-gc --max-old-space-size=6000 bench/cache-size.ts`
 */
const SIZES = [10, 10_000, 1_000_000];
const ROUNDS = 15;
const LOOKUPS = 200_000;
/** Keys that a round goes round in: those in use. All sizes have as many, or what differs is the processor's cache and not the store. */
const HOT = 10;
const BODY = 100;

const { gc } = globalThis;
if (gc === undefined) throw new Error('run it with node --expose-gc');

interface Filled {
  readonly size: number;
  readonly store: MemoryStore;
  readonly overhead: number;
  readonly times: { readonly hot: number[]; readonly spread: number[] };
}

const filled = SIZES.map(fill);
for (let round = -3; round < ROUNDS; round++) {
  for (const { size, store, times } of filled) {
    const [hot, spread] = [lookups(store, size, HOT), lookups(store, size, size)];
    if (round < 0) continue;
    times.hot.push(hot);
    times.spread.push(spread);
  }
}
for (const { size, overhead, times } of filled) {
  const memory = size < 10_000 ? '' : `, ${Math.round(overhead)} bytes an entry beyond its key, fields and body`;
  process.stdout.write(
    `${size} entries: ${Math.round(median(times.hot))} ns a hit on ${HOT} keys, ${Math.round(median(times.spread))} ns on all of them${memory}\n`,
  );
}

function fill(size: number): Filled {
  const before = used();
  const store = new MemoryStore({ maxBytes: 1e12, maxVariants: 32 }, systemClock);
  let own = 0;
  for (let i = 0; i < size; i++) {
    const key = keyOf(i);
    const response = responseOf(key);
    own += key.length + BODY + response.headers.reduce((sum, text) => sum + text.length, 0);
    store.put(key, response);
  }
  return { size, store, overhead: (used() - before - own) / size, times: { hot: [], spread: [] } };
}

function keyOf(i: number): string {
  return `https://project.example/rest/v1/bot_profiles?id=eq.${i}&select=id,name`;
}

/** As an answer comes from the wire: texts and bytes of its own. */
function responseOf(key: string): StoredResponse {
  const now = Date.now();
  return {
    vary: [],
    variant: '',
    status: 200,
    headers: ['content-type', 'application/json', 'content-length', String(BODY), 'etag', `"${key.length}-${now}"`],
    body: Buffer.from(Buffer.alloc(BODY, 'x')),
    range: undefined,
    freshness: { freshMs: 3_600_000, staleWhileRevalidateMs: 0, staleIfErrorMs: undefined, noCache: false, mustRevalidate: false },
    respondedAt: now,
    initialAgeMs: 0,
    keepUntil: now + 3_600_000,
    upstream: 'supabase',
    route: 'bot_profiles',
    tags: ['up:supabase', 'route:supabase/bot_profiles', key, 'in:supabase/public.bot_profiles'],
  };
}

/** Nanoseconds for one lookup. */
function lookups(store: MemoryStore, size: number, among: number): number {
  const keys = Array.from({ length: Math.min(among, 5000) }, (_, i) => keyOf(Math.floor((i * size) / Math.min(among, 5000))));
  let found = 0;
  const from = process.hrtime.bigint();
  for (let i = 0; i < LOOKUPS; i++) found += store.lookup(keys[i % keys.length] ?? '').length;
  const took = Number(process.hrtime.bigint() - from) / LOOKUPS;
  if (found !== LOOKUPS) throw new Error('not all were hits');
  return took;
}

function used(): number {
  gc?.();
  gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
