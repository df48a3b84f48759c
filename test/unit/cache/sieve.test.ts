import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Sieve, type Sieved } from '../../../src/cache/stores/sieve.ts';

interface Item extends Sieved<Item> {
  readonly id: number;
}

function item(key: string, cost = 1, id = 0): Item {
  return { key, cost, id, used: false, newer: undefined, older: undefined };
}

/** A sieve with what it evicted. */
function sieve(maxCost: number): { sieve: Sieve<Item>; evicted: string[] } {
  const evicted: string[] = [];
  return { sieve: new Sieve<Item>(maxCost, ({ key }) => evicted.push(key)), evicted };
}

function use(of: Sieve<Item>, key: string): void {
  const found = of.get(key);
  if (found === undefined) throw new Error(`no ${key}`);
  found.used = true;
}

describe('a sieve', () => {
  it('takes the oldest where nothing is used', () => {
    const { sieve: of, evicted } = sieve(3);
    for (const key of 'abcde') of.put(item(key));
    expect([evicted, [...of.keys()]]).toEqual([
      ['a', 'b'],
      ['c', 'd', 'e'],
    ]);
  });

  it('passes what was used, once for each use', () => {
    const { sieve: of, evicted } = sieve(3);
    for (const key of 'abc') of.put(item(key));
    use(of, 'a');
    of.put(item('d'));
    expect(evicted).toEqual(['b']);
    of.put(item('e'));
    expect(evicted).toEqual(['b', 'c']);
    of.put(item('f'));
    of.put(item('g'));
    expect(evicted).toEqual(['b', 'c', 'd', 'e']);
    of.put(item('h'));
    of.put(item('i'));
    expect(evicted.slice(4)).toEqual(['f', 'g']);
  });

  it('comes round to the oldest again', () => {
    const { sieve: of, evicted } = sieve(3);
    for (const key of 'abc') of.put(item(key));
    for (const key of 'abc') use(of, key);
    of.put(item('d'));
    expect(evicted).toEqual(['a']);
  });

  it('keeps a hot set through a scan of ten times its size', () => {
    const { sieve: of } = sieve(100);
    const hot = Array.from({ length: 50 }, (_, n) => `hot ${n}`);
    for (const key of hot) of.put(item(key));
    for (let n = 0; n < 1000; n++) {
      use(of, hot[n % 50] ?? '');
      of.put(item(`once ${n}`));
    }
    expect(hot.filter((key) => of.get(key) !== undefined)).toHaveLength(50);
  });

  it('does not take what is larger than all of it, and has nothing under its key then', () => {
    const { sieve: of, evicted } = sieve(5);
    of.put(item('a', 2));
    expect(of.put(item('a', 6))).toBe(false);
    expect([of.get('a'), of.cost, evicted]).toEqual([undefined, 0, []]);
  });

  it('holds what a map of the same keys would, within its cost, whatever is done to it', () => {
    const key = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
    const action = fc.oneof(
      fc.record({ kind: fc.constant('put' as const), key, cost: fc.integer({ min: 1, max: 6 }) }),
      fc.record({ kind: fc.constantFrom('remove' as const, 'use' as const), key }),
    );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 100 }), (actions) => {
        const model = new Map<string, Item>();
        const of = new Sieve<Item>(12, (gone) => {
          expect(model.get(gone.key)).toBe(gone);
          model.delete(gone.key);
        });
        for (const [id, one] of actions.entries()) {
          const held = of.get(one.key);
          expect(held).toBe(model.get(one.key));
          if (one.kind === 'put') {
            const made = item(one.key, one.cost, id);
            // what is replaced is not evicted
            model.delete(one.key);
            if (of.put(made)) model.set(one.key, made);
          } else if (held !== undefined && one.kind === 'remove') {
            of.remove(held);
            model.delete(one.key);
          } else if (held !== undefined) held.used = true;
          const all = [...of.values()];
          expect(new Set(all)).toEqual(new Set(model.values()));
          expect(of.cost).toBe(all.reduce((sum, { cost }) => sum + cost, 0));
          expect(of.cost).toBeLessThanOrEqual(12);
        }
        expect(linkedOf([...of.values()])).toEqual(new Set(model.keys()));
      }),
    );
  });
});

/** The keys that are found by going along the links from the oldest. */
function linkedOf(all: readonly Item[]): Set<string> {
  const keys = new Set<string>();
  for (let at = all.find(({ older }) => older === undefined); at !== undefined; at = at.newer) keys.add(at.key);
  return keys;
}
