import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemoryStore } from '../../../src/cache/stores/memory.ts';
import { FakeClock } from '../policy/fixtures.ts';
import { storeContract, storedResponse } from './store-contract.ts';

function memory(maxBytes = 10_000_000) {
  const clock = new FakeClock();
  return { clock, store: new MemoryStore({ maxBytes, maxVariants: 32 }, clock) };
}

describe('the memory store', () => {
  storeContract(() => {
    const { clock, store } = memory();
    return Promise.resolve({
      store,
      advance: (ms) => clock.advance(ms),
      now: () => clock.wallNow(),
      [Symbol.asyncDispose]: () => Promise.resolve(store.close()),
    });
  });

  it('stays within its bytes, and drops what was used least recently', () => {
    const { clock, store } = memory(50_000);
    const put = (key: string): void => store.put(key, storedResponse(clock.wallNow(), { body: Buffer.alloc(1000) }));
    for (let i = 0; i < 20; i++) put(`k${i}`);
    clock.advance(1000);
    store.lookup('k0');
    for (let i = 20; i < 40; i++) {
      clock.advance(1000);
      put(`k${i}`);
      store.lookup('k0');
    }
    expect(store.stats.bytes).toBeLessThanOrEqual(50_000);
    expect(store.stats.evictions).toBeGreaterThan(10);
    expect(store.lookup('k0')).toHaveLength(1);
    expect(store.lookup('k1')).toHaveLength(0);
  });

  it('takes no look of its own for a use: what is not read goes first after a sweep too', async () => {
    const { clock, store } = memory(60_000_000);
    const put = (key: string, tag: string): void => store.put(key, storedResponse(clock.wallNow(), { body: Buffer.alloc(10), tags: [tag] }));
    for (let i = 0; i < 6000; i++) put(`gone ${i}`, 'gone');
    for (let i = 0; i < 6000; i++) put(`k${i}`, 'kept');
    store.invalidate(['gone'], false);
    for (let turn = 0; store.stats.entries !== 6000; turn++) {
      if (turn > 1000) throw new Error('not swept');
      await new Promise((resolve) => setImmediate(resolve));
    }
    // the last slices of the sweep, which drop nothing
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
    for (let i = 0; i < 3000; i++) store.lookup(`k${i}`);
    store.put('large', storedResponse(clock.wallNow(), { body: Buffer.alloc(60_000_000 - (store.stats.bytes ?? 0) / 2) }));
    const left = (from: number): number => Array.from({ length: 3000 }, (_, i) => store.lookup(`k${from + i}`).length).filter(Boolean).length;
    expect(left(0)).toBeGreaterThan(left(3000));
  });

  it('does not take what is larger than all of it', () => {
    const { clock, store } = memory(5000);
    store.put('k', storedResponse(clock.wallNow(), { body: Buffer.alloc(1000) }));
    store.put('k', storedResponse(clock.wallNow(), { body: Buffer.alloc(9000) }));
    expect(store.lookup('k')).toHaveLength(0);
    expect(store.stats).toMatchObject({ entries: 0, bytes: 0 });
  });

  it('counts what it holds, whatever is done to it', () => {
    const key = fc.constantFrom('a', 'b', 'c');
    const tag = fc.constantFrom('x', 'y', 'z');
    const action = fc.oneof(
      fc.record({ kind: fc.constant('put' as const), key, tag, variant: fc.constantFrom('', 'v', 'w'), size: fc.constantFrom(10, 4000) }),
      fc.record({ kind: fc.constantFrom('remove' as const, 'lookup' as const), key }),
      fc.record({ kind: fc.constant('invalidate' as const), tag, soft: fc.boolean() }),
      fc.record({ kind: fc.constant('wait' as const) }),
    );
    const property = fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      const { clock, store } = memory(12_000);
      for (const one of actions) {
        if (one.kind === 'put')
          store.put(one.key, storedResponse(clock.wallNow(), { variant: one.variant, tags: [one.tag, 'all'], body: Buffer.alloc(one.size) }));
        else if (one.kind === 'remove') store.remove(one.key);
        else if (one.kind === 'lookup') store.lookup(one.key);
        else if (one.kind === 'invalidate') store.invalidate([one.tag], one.soft);
        else clock.advance(20_000);
      }
      for (const one of ['a', 'b', 'c']) store.lookup(one);
      const { entries, bytes } = store.stats;
      const held = store.list({}, 100).length;
      for (const one of ['a', 'b', 'c']) store.remove(one);
      return (
        entries === held && (bytes ?? 0) <= 12_000 && store.stats.entries === 0 && store.stats.bytes === 0 && store.invalidate(['all'], false) === 0
      );
    });
    expect(() => fc.assert(property)).not.toThrow();
  });
});
