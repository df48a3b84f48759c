import { systemClock } from '../../../src/model/clock.ts';
import { openSqliteStore } from '../../../src/cache/stores/sqlite.ts';
import { storedResponse } from '../../unit/cache/store-contract.ts';

/** Writes and drops without end, and says after each round that it has settled: to be killed in the middle of it. */
const [, , file = ''] = process.argv;
const store = await openSqliteStore({ file, maxBytes: 1e8, maxVariants: 32, notice: () => undefined }, systemClock);
for (let round = 0; ; round++) {
  const now = Date.now();
  void store.put(`dropped-${round}`, storedResponse(now, { tags: [`t${round}`], body: Buffer.alloc(20_000) }));
  void store.put(`kept-${round}`, storedResponse(now, { tags: ['kept'], body: Buffer.from(`body ${round}`) }));
  store.invalidate([`t${round}`], false);
  process.stdout.write(`${round}\n`);
  if (round % 8 === 0) void store.put('large', storedResponse(now, { body: Buffer.alloc(2_000_000, round % 256) }));
  for (let i = 0; i < 20; i++) void store.put(`noise-${i}`, storedResponse(now, { body: Buffer.alloc(5000) }));
  await new Promise(setImmediate);
}
