import { describe, expect, it } from 'vitest';
import { QuietHeap, type HeapUse } from '../../../src/app/quiet-heap.ts';

const MIB = 1024 * 1024;

/** A heap that load has grown, and a process that has been busy for so many milliseconds. */
function bench(use: Partial<HeapUse> = {}) {
  const now = { youngBytes: 48 * MIB, oldBytes: 20 * MIB, busyMs: 0, ...use };
  let collected = 0;
  const heap = new QuietHeap({
    read: () => ({ ...now }),
    collect: () => {
      collected++;
      now.youngBytes = MIB / 2;
    },
  });
  return {
    now,
    /** Whether it collects after a period in which the process was busy for so long. */
    after: (busyMs: number): boolean => {
      const before = collected;
      now.busyMs += busyMs;
      heap.look();
      return collected > before;
    },
  };
}

describe('a heap that load has grown', () => {
  it('is given back once the process has been quiet for a minute', () => {
    const { after } = bench();
    expect(after(5000)).toBe(false);
    for (let n = 0; n < 5; n++) expect(after(20)).toBe(false);
    expect(after(20)).toBe(true);
  });

  it('is left alone between bursts that come sooner', () => {
    const { after } = bench();
    for (let n = 0; n < 10; n++) {
      for (let quiet = 0; quiet < 5; quiet++) expect(after(0)).toBe(false);
      expect(after(800)).toBe(false);
    }
  });

  it('is left alone while there is work', () => {
    const { after } = bench();
    for (let n = 0; n < 10; n++) expect(after(500)).toBe(false);
  });

  it('is given back once, and again when load has grown it anew', () => {
    const { now, after } = bench();
    for (let n = 0; n < 5; n++) after(20);
    expect(after(20)).toBe(true);
    for (let n = 0; n < 10; n++) expect(after(20)).toBe(false);
    now.youngBytes = 32 * MIB;
    expect(after(9000)).toBe(false);
    for (let n = 0; n < 5; n++) expect(after(0)).toBe(false);
    expect(after(0)).toBe(true);
  });

  it('counts what the process did before the first look', () => {
    const { after } = bench({ busyMs: 60_000 });
    for (let n = 0; n < 5; n++) after(20);
    expect(after(20)).toBe(true);
  });
});

describe('a heap that is left as it is', () => {
  it.each([
    ['a process that never had load', { youngBytes: 4 * MIB }],
    ['one full of answers that are kept, which would take long to go through', { oldBytes: 200 * MIB }],
  ])('%s', (_what, use) => {
    const { after } = bench(use);
    for (let n = 0; n < 10; n++) expect(after(0)).toBe(false);
  });
});

describe('the heap of this process', () => {
  it('has a smaller young generation afterwards', () => {
    const { heap, use } = QuietHeap.ofProcess();
    const kept: object[][] = [];
    for (let n = 0; n < 400; n++) kept.push(Array.from({ length: 5000 }, (_, at) => ({ at })));
    kept.length = 0;
    const grown = use.read().youngBytes;
    expect(grown).toBeGreaterThan(8 * MIB);
    use.collect();
    expect(use.read().youngBytes).toBeLessThan(grown / 2);
    heap.close();
  });
});
