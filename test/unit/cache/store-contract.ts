import { expect, it } from 'vitest';
import type { CacheStore, StoredResponse } from '../../../src/cache/store.ts';

/** A store under test, the clock that it reads, and its end. */
export interface StoreUnderTest extends AsyncDisposable {
  readonly store: CacheStore;
  /** Moves the wall clock that the store reads. */
  advance(ms: number): void;
  now(): number;
}

/** A stored answer with what a test does not care about filled in. */
export function storedResponse(now: number, parts: Partial<StoredResponse> = {}): StoredResponse {
  return {
    vary: [],
    variant: '',
    status: 200,
    headers: ['content-type', 'text/plain', 'x-twice', '1', 'x-twice', '2'],
    body: Buffer.from('body'),
    range: undefined,
    freshness: { freshMs: 1000, staleWhileRevalidateMs: 0, staleIfErrorMs: undefined, noCache: false, mustRevalidate: false },
    respondedAt: now,
    initialAgeMs: 7,
    keepUntil: now + 60_000,
    upstream: 'api',
    route: 'default',
    tags: ['up:api'],
    ...parts,
  };
}

/** What every store promises. Call it within a `describe`. */
export function storeContract(open: () => Promise<StoreUnderTest>): void {
  const KEY = 'https://api.example/a\nuser';
  const bodies = async (store: CacheStore, key: string): Promise<string[]> =>
    (await store.lookup(key)).map(({ body }) => Buffer.from(body).toString());

  it('gives back what was put, byte for byte and field for field', async () => {
    await using test = await open();
    const body = Buffer.from([0, 255, 1, 254]);
    const put = storedResponse(test.now(), { body, range: { first: 4, last: 7, size: 10 }, status: 206, vary: ['x'], variant: 'x=1\n' });
    await test.store.put(KEY, put);
    const [found] = await test.store.lookup(KEY);
    expect(found).toMatchObject({ ...put, body: expect.anything(), stale: false });
    expect(Buffer.from(found?.body ?? [])).toEqual(body);
  });

  it('finds nothing under another key', async () => {
    await using test = await open();
    await test.store.put(KEY, storedResponse(test.now()));
    expect(await test.store.lookup(`${KEY}2`)).toHaveLength(0);
    expect(await test.store.lookup('https://api.example/a')).toHaveLength(0);
  });

  it('keeps variants and ranges side by side, the newest first, and replaces equal ones', async () => {
    await using test = await open();
    const put = (body: string, parts: Partial<StoredResponse> = {}) =>
      test.store.put(KEY, storedResponse(test.now(), { body: Buffer.from(body), ...parts }));
    await put('a1', { variant: 'a' });
    await put('b1', { variant: 'b' });
    await put('part', { variant: 'a', range: { first: 0, last: 3, size: 9 } });
    expect(await bodies(test.store, KEY)).toEqual(['part', 'b1', 'a1']);
    await put('a2', { variant: 'a' });
    expect(await bodies(test.store, KEY)).toEqual(['a2', 'b1']);
  });

  it('puts a whole answer in the place of its parts, and a part in the place of those within it', async () => {
    await using test = await open();
    const put = (body: string, variant: string, first?: number) =>
      test.store.put(
        KEY,
        storedResponse(test.now(), {
          body: Buffer.from(body),
          variant,
          ...(first === undefined ? {} : { status: 206, range: { first, last: first + body.length - 1, size: 100 } }),
        }),
      );
    await put('45', 'a', 4);
    await put('56', 'a', 5);
    await put('45', 'b', 4);
    expect(await bodies(test.store, KEY)).toEqual(['45', '56', '45'].toReversed());
    await put('3456', 'a', 3);
    expect(await bodies(test.store, KEY)).toEqual(['3456', '45']);
    await put('45', 'a', 4);
    await put('67', 'a', 6);
    expect(await bodies(test.store, KEY)).toEqual(['67', '45', '3456', '45']);
    await put('whole', 'a');
    expect(await bodies(test.store, KEY)).toEqual(['whole', '45']);
    await put('9', 'a', 9);
    expect(await bodies(test.store, KEY)).toEqual(['9', 'whole', '45']);
    expect(test.store.stats.entries ?? 3).toBe(3);
  });

  /** A body that a store may have to write in pieces, all of them different. */
  const large = (letter: string): Buffer => Buffer.from(Buffer.from(letter.repeat(700_000)).map((byte, at) => byte + (at >> 16)));

  it('gives back a large body byte for byte, once it has settled', async () => {
    await using test = await open();
    const body = large('a');
    await test.store.put(KEY, storedResponse(test.now(), { body, variant: 'a' }));
    await test.store.put(KEY, storedResponse(test.now(), { variant: 'b' }));
    const [small, found] = await test.store.lookup(KEY);
    expect(Buffer.from(small?.body ?? []).toString()).toBe('body');
    expect(body.equals(found?.body ?? Buffer.alloc(0))).toBe(true);
    expect(new Set((await test.store.list({}, 10)).map(({ bytes }) => bytes))).toEqual(new Set([4, 700_000]));
    expect(await test.store.purge({}, false)).toBe(2);
    expect(await test.store.lookup(KEY)).toEqual([]);
  });

  it('does not find a large body that was dropped, purged, removed or replaced while it was put', async () => {
    await using test = await open();
    const { store } = test;
    const put = async (meanwhile: () => unknown): Promise<number[]> => {
      const putting = store.put(KEY, storedResponse(test.now(), { body: large('a'), tags: ['t'] }));
      await meanwhile();
      await putting;
      return (await store.lookup(KEY)).map(({ body }) => body.length);
    };
    expect(await put(() => store.invalidate(['t'], false))).toEqual([]);
    expect(await put(() => store.purge({ tag: 't' }, false))).toEqual([]);
    expect(await put(() => store.remove(KEY))).toEqual([]);
    expect(await put(() => store.put(KEY, storedResponse(test.now())))).toEqual([4]);
    expect(await put(() => store.put(KEY, storedResponse(test.now(), { body: large('b') })))).toEqual([700_000]);
    expect(await put(() => undefined)).toEqual([700_000]);
  });

  it('bounds the variants of one key', async () => {
    await using test = await open();
    for (let i = 0; i < 100; i++) await test.store.put(KEY, storedResponse(test.now(), { variant: String(i), body: Buffer.from(String(i)) }));
    const found = await bodies(test.store, KEY);
    expect(found.length).toBeLessThanOrEqual(64);
    expect(found[0]).toBe('99');
  });

  it('forgets a key', async () => {
    await using test = await open();
    await test.store.put(KEY, storedResponse(test.now()));
    await test.store.remove(KEY);
    expect(await test.store.lookup(KEY)).toHaveLength(0);
    expect(await test.store.list({}, 10)).toHaveLength(0);
  });

  it('does not find what has lost its use', async () => {
    await using test = await open();
    await test.store.put(KEY, storedResponse(test.now(), { keepUntil: test.now() + 1000 }));
    test.advance(1001);
    expect(await test.store.lookup(KEY)).toHaveLength(0);
    expect(await test.store.list({}, 10)).toHaveLength(0);
  });

  it('drops by tag, at once, and keeps the rest', async () => {
    await using test = await open();
    await test.store.put('https://a/1', storedResponse(test.now(), { tags: ['t:1', 't:all'] }));
    await test.store.put('https://a/2', storedResponse(test.now(), { tags: ['t:2', 't:all'] }));
    await test.store.put('https://a/3', storedResponse(test.now(), { tags: ['t:11'] }));
    expect(await test.store.invalidate(['t:1', 't:none'], false)).toBe(1);
    expect(await bodies(test.store, 'https://a/1')).toEqual([]);
    expect(await bodies(test.store, 'https://a/2')).toEqual(['body']);
    expect(await test.store.invalidate(['t:all'], false)).toBe(1);
    expect(await bodies(test.store, 'https://a/2')).toEqual([]);
    expect(await bodies(test.store, 'https://a/3')).toEqual(['body']);
  });

  it('stores anew under a tag that was dropped', async () => {
    await using test = await open();
    await test.store.put(KEY, storedResponse(test.now(), { tags: ['t'] }));
    await test.store.invalidate(['t'], false);
    await test.store.put(KEY, storedResponse(test.now(), { tags: ['t'], body: Buffer.from('new') }));
    expect(await bodies(test.store, KEY)).toEqual(['new']);
    expect(await test.store.invalidate(['t'], false)).toBe(1);
    expect(await bodies(test.store, KEY)).toEqual([]);
  });

  it('drops one variant by its tag and keeps the other', async () => {
    await using test = await open();
    await test.store.put(KEY, storedResponse(test.now(), { variant: 'a', tags: ['t:a'], body: Buffer.from('a') }));
    await test.store.put(KEY, storedResponse(test.now(), { variant: 'b', tags: ['t:b'], body: Buffer.from('b') }));
    await test.store.invalidate(['t:a'], false);
    expect(await bodies(test.store, KEY)).toEqual(['b']);
  });

  it('marks softly as stale until it is stored anew, and still drops it afterwards', async () => {
    await using test = await open();
    await test.store.put(KEY, storedResponse(test.now(), { tags: ['t'] }));
    expect(await test.store.invalidate(['t'], true)).toBe(1);
    expect((await test.store.lookup(KEY)).map(({ stale }) => stale)).toEqual([true]);
    await test.store.put(KEY, storedResponse(test.now(), { tags: ['t'] }));
    expect((await test.store.lookup(KEY)).map(({ stale }) => stale)).toEqual([false]);
    await test.store.invalidate(['t'], true);
    await test.store.invalidate(['t'], false);
    expect(await test.store.lookup(KEY)).toHaveLength(0);
  });

  it('purges by upstream, route, prefix and tag, hard and soft', async () => {
    await using test = await open();
    const { store } = test;
    await store.put('https://a/x/1', storedResponse(test.now(), { upstream: 'a', route: 'r', tags: ['t'] }));
    await store.put('https://a/x/2\nuser', storedResponse(test.now(), { upstream: 'a', route: 's' }));
    await store.put('https://b/x/1', storedResponse(test.now(), { upstream: 'b', route: 'r' }));
    expect(await store.purge({ prefix: 'https://a/x/' }, true)).toBe(2);
    expect((await store.lookup('https://a/x/2\nuser'))[0]?.stale).toBe(true);
    expect((await store.lookup('https://b/x/1'))[0]?.stale).toBe(false);
    expect(await store.purge({ upstream: 'a', route: 's' }, false)).toBe(1);
    expect(await store.purge({ tag: 't' }, false)).toBe(1);
    expect(await store.purge({ prefix: 'https://a/' }, false)).toBe(0);
    expect(await store.purge({}, false)).toBe(1);
    expect(await store.list({}, 10)).toHaveLength(0);
  });

  it('lists what holds, up to a limit, without bodies', async () => {
    await using test = await open();
    for (let i = 0; i < 5; i++) await test.store.put(`https://a/${i}`, storedResponse(test.now(), { route: i < 2 ? 'few' : 'many', tags: ['t'] }));
    expect(await test.store.list({}, 3)).toHaveLength(3);
    const found = await test.store.list({ route: 'few' }, 10);
    expect(found.map(({ key }) => key).toSorted()).toEqual(['https://a/0', 'https://a/1']);
    expect(found[0]).toMatchObject({ bytes: 4, status: 200, stale: false, upstream: 'api', tags: ['t'], initialAgeMs: 7 });
    expect(found[0]).not.toHaveProperty('body');
    expect(await test.store.list({ prefix: 'https://a/4' }, 10)).toHaveLength(1);
  });

  it('takes keys and texts of any letters and length', async () => {
    await using test = await open();
    const key = `https://a/${'ü%\'"\\'.repeat(500)}`;
    await test.store.put(key, storedResponse(test.now(), { headers: ['x', 'ÿ"\''] }));
    expect((await test.store.lookup(key))[0]?.headers).toEqual(['x', 'ÿ"\'']);
  });

  it('finds nothing after it was closed, and does not fail', async () => {
    await using test = await open();
    await test.store.put(KEY, storedResponse(test.now()));
    await test.store.close();
    expect(await test.store.lookup(KEY)).toHaveLength(0);
    await test.store.put(KEY, storedResponse(test.now()));
    expect(await test.store.invalidate(['up:api'], false)).toBeTypeOf('number');
  });
}
