import { getHeapSpaceStatistics } from 'node:v8';
import { describe, expect, it } from 'vitest';
import { QuietHeap, type HeapUse } from '../../../src/app/quiet-heap.ts';

const MIB = 1024 * 1024;

/** A heap that load has grown, and a process that has been busy for so many milliseconds. */
function bench(use: Partial<HeapUse> = {}) {
  const now = { youngBytes: 48 * MIB, oldBytes: 20 * MIB, busyMs: 0, ...use };
  let [collected, whole] = [0, 0];
  const heap = new QuietHeap({
    read: () => ({ ...now }),
    collectYoung: () => {
      // V8 shrinks it in the second
      if (++collected % 2 === 0) now.youngBytes = MIB / 2;
    },
    collectAll: () => {
      whole++;
    },
  });
  return {
    now,
    /** How often all of it has been collected. */
    whole: () => whole,
    /** How often it has collected after so many periods in each of which the process was busy for so long. */
    after: (busyMs: number, periods = 1): number => {
      const before = collected;
      for (let n = 0; n < periods; n++) {
        now.busyMs += busyMs;
        heap.look();
      }
      return collected - before;
    },
  };
}

describe('a heap that load has grown', () => {
  it('is collected once the process is quiet, until all is given back', () => {
    const { now, after } = bench();
    expect(after(2500)).toBe(0);
    expect(after(10, 2)).toBe(2);
    expect(now.youngBytes).toBe(MIB / 2);
    // V8 keeps the pages for some seconds, and gives them back in a collection after that
    expect(after(10, 20)).toBe(4);
  });

  it('is collected as a whole once it has been quiet for a minute, once for each load', () => {
    const { whole, after } = bench();
    after(2500);
    after(10, 11);
    expect(whole()).toBe(0);
    after(10);
    expect(whole()).toBe(1);
    after(10, 30);
    expect(whole()).toBe(1);
    after(2500);
    after(10, 30);
    expect(whole()).toBe(1);
  });

  it('is not collected as a whole between bursts that come sooner, nor where it is full of answers that are kept', () => {
    const bursts = bench();
    for (let n = 0; n < 10; n++) {
      bursts.after(800);
      bursts.after(0, 11);
    }
    expect(bursts.whole()).toBe(0);
    const full = bench({ oldBytes: 200 * MIB });
    full.after(2500);
    full.after(0, 30);
    expect(full.whole()).toBe(0);
  });

  it('is left alone while there is work', () => {
    const { after } = bench();
    expect(after(250, 10)).toBe(0);
  });

  it('is collected anew when load has grown it anew', () => {
    const { now, after } = bench();
    after(2500);
    expect(after(10, 20)).toBe(6);
    now.youngBytes = 32 * MIB;
    expect(after(4500)).toBe(0);
    expect(after(0, 20)).toBe(6);
  });

  it('is collected on when a burst comes between', () => {
    const { after } = bench();
    after(2500);
    expect(after(10, 2)).toBe(2);
    expect(after(800)).toBe(0);
    expect(after(10, 20)).toBe(4);
  });
});

describe('a heap that is left as it is', () => {
  it('that of a process that never had load', () => {
    const { after } = bench({ youngBytes: 4 * MIB });
    expect(after(2500)).toBe(0);
    expect(after(0, 20)).toBe(0);
  });

  it('that of one that has done nothing since it began', () => {
    const { after } = bench({ busyMs: 60_000 });
    expect(after(0, 20)).toBe(0);
  });
});

describe('the heap of this process', () => {
  it('is collected where it is young', () => {
    const { heap, use } = QuietHeap.ofProcess();
    const kept: object[][] = [];
    for (let n = 0; n < 400; n++) kept.push(Array.from({ length: 5000 }, (_, at) => ({ at })));
    kept.length = 0;
    expect(use.read().youngBytes).toBeGreaterThan(8 * MIB);
    expect(use.read().busyMs).toBeGreaterThan(0);
    use.collectYoung();
    use.collectYoung();
    expect(youngInUse()).toBeLessThan(2 * MIB);
    heap.close();
  });
});

function youngInUse(): number {
  return getHeapSpaceStatistics().find((space) => space.space_name === 'new_space')?.space_used_size ?? NaN;
}
