import { describe, expect, it } from 'vitest';
import { BodyMemory, youngCollector } from '../../../src/app/heap.ts';

const MIB = 1024 * 1024;

describe('the memory that bodies come in', () => {
  it('is taken back once for every eight megabytes that have passed', () => {
    let collections = 0;
    const memory = new BodyMemory(() => collections++);
    for (let n = 0; n < 128; n++) memory.passed(64 * 1024);
    expect(collections).toBe(1);
    for (let n = 0; n < 127; n++) memory.passed(64 * 1024);
    expect(collections).toBe(1);
    memory.passed(10 * MIB);
    expect(collections).toBe(2);
  });

  it('does not pile up while bodies pass', () => {
    const memory = new BodyMemory(youngCollector());
    let most = 0;
    const before = process.memoryUsage().arrayBuffers;
    for (let n = 0; n < 1000; n++) {
      memory.passed(Buffer.allocUnsafeSlow(MIB).length);
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
    }
    expect(most).toBeLessThan(100 * MIB);
  });
});
