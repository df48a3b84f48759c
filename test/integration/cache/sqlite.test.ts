import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { openSqliteStore } from '../../../src/cache/stores/sqlite.ts';
import { storeContract, storedResponse } from '../../unit/cache/store-contract.ts';
import { bodyOf, opened } from './sqlite-fixture.ts';

describe('the SQLite store', () => {
  storeContract(async () => {
    const test = await opened();
    return {
      store: test.store,
      advance: (ms) => test.clock.advance(ms),
      now: () => test.clock.wallNow(),
      [Symbol.asyncDispose]: () => test[Symbol.asyncDispose](),
    };
  });

  it('finds after a restart what was put before it, and not what was dropped', async () => {
    await using test = await opened();
    const now = test.clock.wallNow();
    void test.store.put('a', storedResponse(now, { tags: ['t'] }));
    void test.store.put('b', storedResponse(now, { body: Buffer.from('kept') }));
    test.store.invalidate(['t'], false);
    test.store.close();
    const again = await test.reopen();
    expect(bodyOf(again, 'a')).toBeUndefined();
    expect(bodyOf(again, 'b')).toBe('kept');
    expect(again.stats).toMatchObject({ entries: 1, errors: 0 });
  });

  it('is whole after kill -9 in the middle of writes, and has what was settled before', async () => {
    await using test = await opened();
    test.store.close();
    const child = spawn(process.execPath, [join(import.meta.dirname, 'sqlite-writer.ts'), test.file], { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    for await (const chunk of child.stdout) {
      said += String(chunk);
      if (said.split('\n').length > 40) break;
    }
    child.kill('SIGKILL');
    await once(child, 'exit');
    const rounds = said.trim().split('\n').length;
    const again = await test.reopen();
    expect(rounds).toBeGreaterThan(30);
    for (let round = 0; round < rounds - 1; round++) {
      expect(bodyOf(again, `kept-${round}`)).toBe(`body ${round}`);
      expect(bodyOf(again, `dropped-${round}`)).toBeUndefined();
    }
    const [large] = again.lookup('large');
    expect(large === undefined || large.body.every((byte) => byte === large.body[0])).toBe(true);
    again.close();
    const raw = new DatabaseSync(test.file);
    expect(raw.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
    expect(raw.prepare('PRAGMA foreign_key_check').all()).toEqual([]);
    raw.close();
    expect(test.notices).toEqual([]);
  });

  it('stays within its bytes, on the disk too, and drops what was used least recently', async () => {
    await using test = await opened(2_000_000);
    const { store, clock } = test;
    for (let i = 0; i < 1000; i++) {
      clock.advance(100_000);
      void store.put(`k${i}`, storedResponse(clock.wallNow(), { body: Buffer.alloc(10_000), keepUntil: clock.wallNow() + 1e12 }));
      expect(store.lookup('k0')).toHaveLength(1);
    }
    expect(store.stats.bytes).toBeLessThanOrEqual(2_000_000);
    expect(store.stats.evictions).toBeGreaterThan(700);
    expect(store.lookup('k1')).toHaveLength(0);
    expect(store.lookup('k999')).toHaveLength(1);
    store.close();
    expect(statSync(test.file).size).toBeLessThan(2_300_000);
  });

  it('does not take what is larger than all of it, and forgets what it replaces', async () => {
    await using test = await opened(50_000);
    void test.store.put('k', storedResponse(test.clock.wallNow()));
    void test.store.put('k', storedResponse(test.clock.wallNow(), { body: Buffer.alloc(60_000) }));
    expect(test.store.lookup('k')).toHaveLength(0);
  });

  it('drops many at once, and counts what it holds', async () => {
    await using test = await opened();
    const { store, clock } = test;
    for (let i = 0; i < 1500; i++) void store.put(`k${i}`, storedResponse(clock.wallNow(), { tags: ['all', i < 900 ? 'first' : 'second'] }));
    expect(store.invalidate(['first'], false)).toBe(900);
    for (let i = 0; i < 900; i++) expect(store.lookup(`k${i}`)).toHaveLength(0);
    expect(store.lookup('k900')).toHaveLength(1);
    expect(store.invalidate(['second'], true)).toBe(600);
    expect(store.lookup('k1499')[0]?.stale).toBe(true);
    expect(await store.list({}, 5000)).toHaveLength(600);
    while ((store.stats.entries ?? 0) > 600) await new Promise(setImmediate);
    expect(await store.purge({}, false)).toBe(600);
    expect(store.stats).toMatchObject({ entries: 0, bytes: 0, errors: 0 });
  });

  it('goes on with a drop that a kill interrupted', async () => {
    await using test = await opened();
    for (let i = 0; i < 1000; i++) void test.store.put(`k${i}`, storedResponse(test.clock.wallNow(), { tags: ['t'] }));
    test.store.invalidate(['t'], false);
    test.store.close();
    const again = await test.reopen();
    expect(again.lookup('k999')).toHaveLength(0);
    void again.put('new', storedResponse(test.clock.wallNow(), { tags: ['t'] }));
    while ((again.stats.entries ?? 0) > 1) await new Promise(setImmediate);
    expect(again.lookup('new')).toHaveLength(1);
  });

  it('moves a corrupt file aside, says so, and begins anew', async () => {
    await using test = await opened(10_000_000, (file) => writeFileSync(file, 'this is no database '.repeat(500)));
    void test.store.put('k', storedResponse(test.clock.wallNow()));
    expect(bodyOf(test.store, 'k')).toBe('body');
    expect(test.notices).toEqual([expect.stringMatching(/was corrupt: moved to .*cache\.db\.corrupt-\d{4}-.*, and begun anew$/)]);
    expect(readdirSync(test.directory).some((name) => name.startsWith('cache.db.corrupt-'))).toBe(true);
  });

  it('moves a file of another version aside as what it is', async () => {
    await using test = await opened(10_000_000, (file) => {
      const other = new DatabaseSync(file);
      other.exec('CREATE TABLE other (id); PRAGMA user_version = 1');
      other.close();
    });
    void test.store.put('k', storedResponse(test.clock.wallNow()));
    expect(bodyOf(test.store, 'k')).toBe('body');
    expect(test.notices).toEqual([expect.stringMatching(/was written by another version: moved to .*cache\.db\.old-\d{4}-.*, and begun anew$/)]);
    expect(readdirSync(test.directory).some((name) => name.startsWith('cache.db.old-'))).toBe(true);
  });

  it('moves a file aside that turns out to be corrupt later', async () => {
    await using test = await opened();
    for (let i = 0; i < 200; i++) void test.store.put(`k${i}`, storedResponse(test.clock.wallNow(), { body: Buffer.alloc(3000) }));
    test.store.close();
    const bytes = readFileSync(test.file);
    bytes.fill(0xa5, 8192, bytes.length - 4096);
    writeFileSync(test.file, bytes);
    const again = await test.reopen();
    for (let i = 0; i < 200; i++) expect(again.lookup(`k${i}`).length).toBeLessThanOrEqual(1);
    void again.put('k', storedResponse(test.clock.wallNow()));
    expect(bodyOf(again, 'k')).toBe('body');
    expect(test.notices.join()).toContain('was corrupt');
  });

  it('does not give out a body whose bytes have changed on the disk', async () => {
    await using test = await opened();
    void test.store.put('k', storedResponse(test.clock.wallNow(), { body: Buffer.from('the bytes as they were') }));
    test.store.close();
    const bytes = readFileSync(test.file);
    bytes.write('X', bytes.indexOf('the bytes as they were'));
    writeFileSync(test.file, bytes);
    const again = await test.reopen();
    expect(again.lookup('k')).toHaveLength(0);
  });

  it('finds nothing while the file cannot be had, and takes it up when it can', async () => {
    await using test = await opened();
    void test.store.put('k', storedResponse(test.clock.wallNow(), { tags: ['t'] }));
    void test.store.put('other', storedResponse(test.clock.wallNow()));
    expect(test.store.lookup('k')).toHaveLength(1);
    // the first holds the lock
    const second = await test.reopen();
    expect(second.lookup('k')).toHaveLength(0);
    void second.put('k', storedResponse(test.clock.wallNow()));
    expect(second.stats.errors).toBeGreaterThan(0);
    expect(test.notices).toEqual([expect.stringContaining('cannot be used: database is locked')]);
    test.store.close();
    test.clock.advance(2000);
    expect(second.lookup('other')).toHaveLength(1);
    expect(test.notices.at(-1)).toContain('in use again');
  });

  it('does not find what was dropped while the file could not be had', async () => {
    await using test = await opened();
    void test.store.put('k', storedResponse(test.clock.wallNow(), { tags: ['t'] }));
    test.store.close();
    const raw = new DatabaseSync(test.file);
    raw.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    const second = await test.reopen();
    expect(second.invalidate(['t'], false)).toBe(0);
    raw.close();
    test.clock.advance(2000);
    expect(second.lookup('k')).toHaveLength(0);
  });

  it('takes a full disk as lost writes, and forgets what it could not drop', async () => {
    await using test = await opened();
    void test.store.put('k', storedResponse(test.clock.wallNow(), { tags: ['t'] }));
    test.store.close();
    // the file may not grow: as a full disk
    const limited = class extends DatabaseSync {
      constructor(file: string) {
        super(file);
        this.exec('PRAGMA max_page_count = 1');
      }
    };
    const { SqliteStore: Store } = await import('../../../src/cache/stores/sqlite.ts');
    const full = new Store(limited, { file: test.file, maxBytes: 1e7, maxVariants: 8, notice: (text) => test.notices.push(text) }, test.clock);
    void full.put('large', storedResponse(test.clock.wallNow(), { body: Buffer.alloc(100_000) }));
    expect(full.lookup('large')).toHaveLength(0);
    expect(full.lookup('k')).toHaveLength(1);
    expect(full.stats.errors).toBeGreaterThan(0);
    expect(test.notices.join()).toContain('full');
    full.invalidate(['t'], false);
    expect(full.lookup('k')).toHaveLength(0);
    full.close();
  });

  it('keeps its file to its owner', async () => {
    await using test = await opened();
    void test.store.put('k', storedResponse(test.clock.wallNow()));
    test.store.lookup('k');
    for (const name of readdirSync(test.directory)) expect(statSync(join(test.directory, name)).mode & 0o077).toBe(0);
  });

  it('finds nothing where it may not write, and does not fail', async () => {
    await using test = await opened(10_000_000, (file) => writeFileSync(`${file}-in-the-way`, ''));
    chmodSync(test.directory, 0o700);
    const store = await openSqliteStore(
      { file: join(test.directory, 'cache.db-in-the-way', 'cache.db'), maxBytes: 1e6, maxVariants: 8, notice: (text) => test.notices.push(text) },
      test.clock,
    );
    void store.put('k', storedResponse(test.clock.wallNow()));
    expect(store.lookup('k')).toHaveLength(0);
    expect(store.invalidate(['t'], false)).toBe(0);
    expect(await store.list({}, 10)).toEqual([]);
    expect(store.stats.errors).toBeGreaterThan(0);
    expect(test.notices).toHaveLength(1);
    store.close();
  });
});
