import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DurationHistogram, SECONDS_BOUNDS } from '../../../src/telemetry/histogram.ts';
import { OutcomeWindow } from '../../../src/model/outcome-window.ts';
import { bucketOf, LatencyWindow, lowerBound } from '../../../src/telemetry/quantiles.ts';

const START = 1_000_000;

describe('the window of outcomes', () => {
  it('keeps at least nine tenths of its length and never more than all of it', () => {
    const events = fc.array(fc.record({ afterMs: fc.integer({ min: 0, max: 40_000 }), ok: fc.boolean() }), { maxLength: 60 });
    fc.assert(
      fc.property(events, fc.integer({ min: 0, max: 400_000 }), (list, laterMs) => {
        const window = new OutcomeWindow(300_000);
        let now = START;
        const seen = list.map(({ afterMs, ok }) => {
          now += afterMs;
          window.add(ok, now);
          return { at: now, ok };
        });
        const end = now + laterMs;
        const { ok, failed } = window.counts(end);
        const within = (ms: number, good: boolean): number => seen.filter((one) => one.ok === good && end - one.at < ms).length;
        expect(ok).toBeGreaterThanOrEqual(within(270_000, true));
        expect(ok).toBeLessThanOrEqual(within(300_000, true));
        expect(failed).toBeGreaterThanOrEqual(within(270_000, false));
        expect(failed).toBeLessThanOrEqual(within(300_000, false));
      }),
    );
  });

  it('is empty after a long silence', () => {
    const window = new OutcomeWindow(300_000);
    window.add(false, START);
    expect(window.counts(START + 10_000_000)).toEqual({ ok: 0, failed: 0, slow: 0 });
  });
});

describe('latency buckets', () => {
  it('hold what falls into them and are narrower than a sixteenth of it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 30 - 1 }), (us) => {
        const bucket = bucketOf(us);
        const from = lowerBound(bucket);
        const to = lowerBound(bucket + 1);
        expect(us).toBeGreaterThanOrEqual(from);
        expect(us).toBeLessThan(to);
        expect(to - from).toBeLessThanOrEqual(Math.max(1, us / 16));
      }),
    );
  });
});

describe('the window of latencies', () => {
  it('gives quantiles within a sixteenth of the exact ones', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 200_000, noNaN: true }), { minLength: 1, maxLength: 500 }), (values) => {
        const window = new LatencyWindow(300_000);
        for (const ms of values) window.add(ms, START);
        const read = window.read(START);
        const sorted = values.toSorted((a, b) => a - b);
        const exact = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1] ?? NaN;
        expect(read?.samples).toBe(values.length);
        const pairs = [
          [read?.p50Ms, exact(0.5)],
          [read?.p95Ms, exact(0.95)],
          [read?.p99Ms, exact(0.99)],
        ];
        for (const [found = NaN, wanted = NaN] of pairs) expect(Math.abs(found - wanted)).toBeLessThanOrEqual(wanted / 16 + 0.002);
      }),
    );
  });

  it('forgets what is older than its length', () => {
    const window = new LatencyWindow(300_000);
    window.add(5000, START);
    window.add(10, START + 290_000);
    expect(window.read(START + 310_000)).toMatchObject({ samples: 1 });
    expect(window.read(START + 310_000)?.p99Ms).toBeLessThan(11);
    expect(window.read(START + 700_000)).toBeUndefined();
  });

  it('takes latencies that no clock should give', () => {
    const window = new LatencyWindow(300_000);
    for (const ms of [-1, 0, NaN, Infinity, 1e12]) window.add(ms, START);
    expect(window.read(START)?.samples).toBe(5);
  });
});

describe('the histogram of durations', () => {
  it('counts each duration in the first bucket whose bound it does not pass', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 300_000, noNaN: true })), (values) => {
        const histogram = new DurationHistogram();
        for (const ms of values) histogram.observe(ms);
        let below = 0;
        for (const [i, bound] of SECONDS_BOUNDS.entries()) {
          below += histogram.counts[i] ?? 0;
          expect(below).toBe(values.filter((ms) => ms / 1000 <= bound).length);
        }
        expect(histogram.count).toBe(values.length);
      }),
    );
  });
});
