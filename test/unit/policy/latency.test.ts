import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Latencies } from '../../../src/policy/latency.ts';

describe('the latencies of a route', () => {
  it('know nothing at first', () => {
    expect(new Latencies(95)).toMatchObject({ known: 0, value: Infinity });
  });

  it('give the percentile of the last 128, at most 8 behind', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 400 }),
        fc.constantFrom(50, 90, 95, 99),
        (all, percentile) => {
          const latencies = new Latencies(percentile);
          for (const one of all) latencies.add(one);
          const last = all.slice(-128).toSorted((a, b) => a - b);
          expect(latencies.value).toBe(last[Math.ceil((percentile / 100) * last.length) - 1]);
          expect(latencies.known).toBe(last.length);
        },
      ),
    );
  });

  it('forget yesterday', () => {
    const latencies = new Latencies(95);
    for (let i = 0; i < 128; i++) latencies.add(9000);
    expect(latencies.value).toBe(9000);
    for (let i = 0; i < 128; i++) latencies.add(10);
    expect(latencies.value).toBe(10);
  });
});
