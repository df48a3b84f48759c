import { join } from 'node:path';
import { openSqliteStore, type SqliteStore } from '../../../src/cache/stores/sqlite.ts';
import { scratchDirectory } from '../../support/scratch.ts';
import { FakeClock } from '../../unit/policy/fixtures.ts';

/** A store in a file of its own, with a clock that stands still. */
export interface OpenedSqlite extends AsyncDisposable {
  readonly store: SqliteStore;
  readonly clock: FakeClock;
  readonly file: string;
  readonly directory: string;
  readonly notices: string[];
  reopen(): Promise<SqliteStore>;
}

/** Opens such a store; `prepare` may put something in the place of its file before. */
export async function opened(maxBytes = 10_000_000, prepare?: (file: string) => void): Promise<OpenedSqlite> {
  const scratch = await scratchDirectory();
  const file = join(scratch.path, 'cache.db');
  prepare?.(file);
  const clock = new FakeClock();
  const notices: string[] = [];
  const open = () => openSqliteStore({ file, maxBytes, maxVariants: 32, notice: (text) => notices.push(text) }, clock);
  const stores = [await open()];
  return {
    store: stores[0] as SqliteStore,
    clock,
    file,
    directory: scratch.path,
    notices,
    reopen: async () => {
      stores.push(await open());
      return stores.at(-1) as SqliteStore;
    },
    [Symbol.asyncDispose]: async () => {
      for (const store of stores) store.close();
      await scratch[Symbol.asyncDispose]();
    },
  };
}

/** The newest body under a key. */
export const bodyOf = (store: SqliteStore, key: string): string | undefined => {
  const [found] = store.lookup(key);
  return found === undefined ? undefined : Buffer.from(found.body).toString();
};
