import { describe, expect, it } from 'vitest';
import { Drops } from '../../../src/cache/stores/redis-drops.ts';
import type { Commander, Word } from '../../../src/cache/stores/redis-commander.ts';
import { DROP } from '../../../src/cache/stores/redis-scripts.ts';
import { RedisStore } from '../../../src/cache/stores/redis.ts';
import { FakeClock } from '../policy/fixtures.ts';

/** A Redis that counts drops and remembers none, as far as these tests ask. `held`: what waits before it answers a drop. */
class PlayedRedis implements Commander {
  seq = 0;
  held: Promise<void> | undefined;
  /** Replies to those who catch up; nothing new where there is none. */
  readonly caughtUp: Promise<unknown>[] = [];
  readonly dropped: string[] = [];

  async send(_key: string, words: readonly Word[]): Promise<unknown> {
    if (words[0] !== 'EVAL') return words[0] === 'ZSCORE' ? Buffer.from(String(this.seq)) : [];
    if (words[1] !== DROP) return this.caughtUp.shift() ?? reply(this.seq);
    this.dropped.push(...words.slice(7).map(String));
    await this.held;
    return Buffer.from(String(++this.seq));
  }
  servers = () => Promise.resolve([]);
  connect = (ready: () => void) => setImmediate(ready);
  subscribe(): void {}
  isRefusal = () => false;
  destroy(): void {}
}

function reply(seq: number, ...dropped: (string | number)[]): unknown {
  return [Buffer.from(String(seq)), Buffer.from('0'), dropped.map((one) => Buffer.from(String(one)))];
}

function message(seq: number, ...tags: string[]): string {
  return `${seq}\n${JSON.stringify({ from: 'another', soft: false, tags })}`;
}

describe('what was dropped from a shared store', () => {
  it('is remembered up to a bound; past it what was stored before the oldest is found no more', async () => {
    const redis = new PlayedRedis();
    const drops = new Drops('p:', () => undefined);
    await drops.catchUp(redis);
    for (let i = 1; i <= 50_000; i++) drops.heard(message(i, `tag-${i}`), redis);
    expect(drops.isDead(0, ['other'])).toBe(false);
    for (let i = 50_001; i <= 60_000; i++) drops.heard(message(i, `tag-${i}`), redis);
    expect(drops.isDead(0, ['other'])).toBe(true);
    expect(drops.isDead(10_000, ['other'])).toBe(false);
    expect(drops.isDead(59_999, ['tag-60000'])).toBe(true);
    expect(drops.isDead(60_000, ['tag-60000'])).toBe(false);
  });

  it('is not forgotten for an older word of it that comes late', async () => {
    const redis = new PlayedRedis();
    const drops = new Drops('p:', () => undefined);
    await drops.catchUp(redis);
    const late = Promise.withResolvers<unknown>();
    redis.caughtUp.push(late.promise);
    const caught = drops.catchUp(redis);
    drops.heard(message(1, 'bots'), redis);
    drops.heard(message(2, 'bots'), redis);
    late.resolve(reply(1, 'hbots', 1));
    await caught;
    expect(drops.isDead(1, ['bots'])).toBe(true);
  });

  it('is made once the link is back, also where it came while others were being made', async () => {
    const redis = new PlayedRedis();
    const options = { address: { urls: [], cluster: false, connectTimeoutMs: 100, tls: undefined }, prefix: 'p:', timeoutMs: 5000 };
    const store = new RedisStore(() => redis, { ...options, maxVariants: 8, maxKeyBytes: 1000, notice: () => undefined }, new FakeClock());
    await store.invalidate(['first'], false);
    const held = Promise.withResolvers<void>();
    redis.held = held.promise;
    while (redis.dropped.length === 0) await new Promise(setImmediate);
    await store.invalidate(['second'], false);
    held.resolve();
    await store.settled();
    expect(redis.dropped).toEqual(['hfirst', 'hsecond']);
    store.close();
  });
});
