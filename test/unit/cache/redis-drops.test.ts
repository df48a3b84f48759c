import { describe, expect, it } from 'vitest';
import { Drops } from '../../../src/cache/stores/redis-drops.ts';
import type { Commander, Word } from '../../../src/cache/stores/redis-commander.ts';
import { filterTag } from '../../../src/cache/stores/redis-filters.ts';
import { DROP } from '../../../src/cache/stores/redis-scripts.ts';
import { RedisStore } from '../../../src/cache/stores/redis.ts';
import { storedResponse } from './store-contract.ts';
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
    const last = this.seq++;
    return [Buffer.from(String(this.seq)), Buffer.from(String(last))];
  }
  servers = () => Promise.resolve([]);
  connect = (ready: () => void) => setImmediate(ready);
  subscribe(): void {}
  isTolerable = () => false;
  destroy(): void {}
}

/** What is known of an answer that carries one tag. */
const head = (tag: string, key = 'https://x/') => ({ ...storedResponse(0, { tags: [tag] }), key });

function reply(seq: number, ...dropped: (string | number)[]): unknown {
  return [Buffer.from(String(seq)), Buffer.from('0'), dropped.map((one) => Buffer.from(String(one)))];
}

function message(seq: number, ...tags: string[]): string {
  return `${seq} ${seq - 1}\n${JSON.stringify({ from: 'another', soft: false, tags })}`;
}

describe('what was dropped from a shared store', () => {
  it('is remembered up to a bound; past it what was stored before the oldest is found no more', async () => {
    const redis = new PlayedRedis();
    const drops = new Drops('p:', () => undefined);
    await drops.catchUp(redis);
    for (let i = 1; i <= 50_000; i++) drops.heard(message(i, `tag-${i}`), redis);
    expect(drops.isDead(0, head('other'))).toBe(false);
    for (let i = 50_001; i <= 60_000; i++) drops.heard(message(i, `tag-${i}`), redis);
    expect(drops.isDead(0, head('other'))).toBe(true);
    expect(drops.isDead(10_000, head('other'))).toBe(false);
    expect(drops.isDead(59_999, head('tag-60000'))).toBe(true);
    expect(drops.isDead(60_000, head('tag-60000'))).toBe(false);
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
    expect(drops.isDead(1, head('bots'))).toBe(true);
  });

  it('is told from the first: what was under way before Redis was reached may be older', async () => {
    const told: unknown[] = [];
    const drops = new Drops('p:', (tags) => told.push(tags));
    const redis = new PlayedRedis();
    redis.caughtUp.push(Promise.resolve(reply(7, 'hbots', 7)));
    await drops.catchUp(redis);
    expect(told).toEqual([undefined]);
  });

  it('is not taken for known where messages in between were missed', async () => {
    const redis = new PlayedRedis();
    const drops = new Drops('p:', () => undefined);
    await drops.catchUp(redis);
    redis.caughtUp.push(Promise.resolve(reply(9, 'hmissed', 4, 'hbots', 9)));
    drops.heard(`9 4\n${JSON.stringify({ from: 'another', soft: false, tags: ['bots'] })}`, redis);
    expect(drops.seen).toBe(0);
    await drops.catchUp(redis);
    expect([drops.isDead(3, head('missed')), drops.isDead(8, head('bots')), drops.isDead(9, head('bots'))]).toEqual([true, true, false]);
  });

  it.each(['9 4\nnull', '9 4\n"text"', '9 4\n{', '', 'null'])('is not heard of by %j, which is no message of a sidecar', (text) => {
    const told: unknown[] = [];
    const drops = new Drops('p:', (tags) => told.push(tags));
    drops.heard(text, new PlayedRedis());
    expect(told).toEqual([]);
    expect(drops.seen).toBe(-1);
  });

  it.each(['null', '7', '{'])('counts as everything before it where it is by the filter %s, which is none', async (text) => {
    const redis = new PlayedRedis();
    const drops = new Drops('p:', () => undefined);
    await drops.catchUp(redis);
    drops.heard(message(1, `${filterTag({}).slice(0, 1)}${text}`), redis);
    expect(drops.isDead(0, head('bots'))).toBe(true);
  });

  it('may be all that a filter holds for, hard or softly, and is told as what may be anything', async () => {
    const told: unknown[] = [];
    const redis = new PlayedRedis();
    const drops = new Drops('p:', (tags) => told.push(tags));
    await drops.catchUp(redis);
    drops.heard(message(1, filterTag({ prefix: 'https://x/a', upstream: 'api' })), redis);
    expect(drops.isDead(0, head('t', 'https://x/abc'))).toBe(true);
    expect(drops.isDead(1, head('t', 'https://x/abc'))).toBe(false);
    expect(drops.isDead(0, head('t', 'https://x/b'))).toBe(false);
    await drops.drop(redis, [filterTag({ prefix: 'https://x/b' })], true);
    await drops.drop(redis, [filterTag({ prefix: 'https://x/b' })], true);
    expect(drops.isDead(0, head('t', 'https://x/b'))).toBe(false);
    expect([drops.isMarked(redis.seq - 1, head('t', 'https://x/b')), drops.isMarked(redis.seq, head('t', 'https://x/b'))]).toEqual([true, false]);
    expect(told).toEqual([undefined, undefined]);
  });

  it('remembers a bounded number of filters; past it what is older than the first is found no more', async () => {
    const redis = new PlayedRedis();
    const drops = new Drops('p:', () => undefined);
    await drops.catchUp(redis);
    for (let i = 1; i <= 1001; i++) drops.heard(message(i, filterTag({ prefix: `https://x/${i}/` })), redis);
    expect(drops.isDead(0, head('t', 'https://y/'))).toBe(true);
    expect(drops.isDead(1, head('t', 'https://y/'))).toBe(false);
    expect(drops.isDead(1, head('t', 'https://x/2/'))).toBe(true);
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
