import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { openSqliteStore } from '../../../src/cache/stores/sqlite.ts';
import { storedResponse } from '../../unit/cache/store-contract.ts';
import { bodyOf, opened } from './sqlite-fixture.ts';

describe('a large body in the SQLite store', () => {
  it('is written in turns, with others between, and no half of it is left when the process is killed in the middle', async () => {
    await using test = await opened(100_000_000);
    const body = Buffer.alloc(3_000_000, 'large');
    const now = test.clock.wallNow();
    const putting = test.store.put('large', storedResponse(now, { body }));
    await new Promise(setImmediate);
    void test.store.put('small', storedResponse(now));
    expect([bodyOf(test.store, 'large'), bodyOf(test.store, 'small')]).toEqual([body.toString(), 'body']);
    const copy = join(test.directory, 'killed.db');
    for (const end of ['', '-wal']) copyFileSync(test.file + end, copy + end);
    await putting;
    expect(bodyOf(test.store, 'large')).toBe(body.toString());

    const piecesIn = (file: string): unknown => {
      const raw = new DatabaseSync(file);
      try {
        return raw.prepare('SELECT count(*) > 0 AS some FROM pieces').get();
      } finally {
        raw.close();
      }
    };
    expect(piecesIn(copy)).toEqual({ some: 1 });
    const killed = await openSqliteStore({ file: copy, maxBytes: 100_000_000, maxVariants: 32, notice: () => undefined }, test.clock);
    expect([bodyOf(killed, 'large'), bodyOf(killed, 'small')]).toEqual([undefined, 'body']);
    killed.close();
    expect(piecesIn(copy)).toEqual({ some: 0 });
  });

  it('is found after a restart, goes with its pieces, and is not found once its bytes have changed', async () => {
    await using test = await opened(100_000_000);
    const now = test.clock.wallNow();
    for (const key of ['a', 'b']) await test.store.put(key, storedResponse(now, { body: Buffer.alloc(1_000_000, key), tags: [key] }));
    test.store.close();
    const again = await test.reopen();
    expect([bodyOf(again, 'a')?.length, bodyOf(again, 'b')?.length]).toEqual([1_000_000, 1_000_000]);
    again.invalidate(['a'], false);
    again.close();
    const raw = new DatabaseSync(test.file);
    expect(raw.prepare('SELECT count(DISTINCT blob) AS bodies FROM pieces').get()).toEqual({ bodies: 1 });
    raw.exec('UPDATE pieces SET piece = zeroblob(length(piece)) WHERE start > 0 AND start < 300000');
    raw.close();
    const changed = await test.reopen();
    expect(bodyOf(changed, 'b')).toBeUndefined();
    expect(changed.stats.entries).toBe(0);
  });

  it('is not stored where too many wait to be written', async () => {
    await using test = await opened(1_000_000_000);
    const now = test.clock.wallNow();
    const large = (n: number) => test.store.put(String(n), storedResponse(now, { body: Buffer.alloc(16 * 1024 * 1024, n) }));
    for (const putting of [0, 1, 2, 3, 4].map(large)) await putting;
    expect([0, 1, 2, 3, 4].map((n) => test.store.lookup(String(n)).length)).toEqual([1, 1, 1, 1, 0]);
  });
});
