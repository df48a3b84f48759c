import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DurationHistogram } from '../../../src/telemetry/histogram.ts';
import { OutcomeWindow } from '../../../src/model/outcome-window.ts';
import { LatencyWindow } from '../../../src/telemetry/quantiles.ts';
import { Stats } from '../../../src/telemetry/stats.ts';
import { DependencyWindow, type LastError } from '../../../src/telemetry/upstream-stats.ts';

/** Clocks of two processes differ: what happens at `at` happens here at another reading. */
const SKEW = 600_000;
const events = fc.array(
  fc.record({ here: fc.boolean(), ok: fc.boolean(), ms: fc.integer({ min: 0, max: 100_000 }), at: fc.integer({ min: 0, max: 250_000 }) }),
  {
    maxLength: 80,
  },
);
const NOW = 250_000;

const ERROR: LastError = {
  code: 'connection_refused',
  phase: 'connect',
  kind: 'refused',
  detail: 'x',
  status: undefined,
  authority: 'a',
  route: 'r',
  at: 0,
};

describe('counts of several processes, added up', () => {
  it('are what one process would have counted', () => {
    fc.assert(
      fc.property(events, (all) => {
        const sorted = all.toSorted((a, b) => a.at - b.at);
        const one = { window: new OutcomeWindow(300_000), latency: new LatencyWindow(300_000), histogram: new DurationHistogram() };
        const here = { window: new OutcomeWindow(300_000), latency: new LatencyWindow(300_000), histogram: new DurationHistogram() };
        const there = { window: new OutcomeWindow(300_000), latency: new LatencyWindow(300_000), histogram: new DurationHistogram() };
        for (const event of sorted) {
          const [own, skew] = event.here ? [here, 0] : [there, SKEW];
          for (const [counts, at] of [[one, event.at] as const, [own, event.at + skew] as const]) {
            counts.window.add(event.ok, at);
            counts.latency.add(event.ms, at);
            counts.histogram.observe(event.ms);
          }
        }
        here.window.absorb(there.window.export(NOW + SKEW), NOW);
        here.latency.absorb(there.latency.export(NOW + SKEW), NOW);
        here.histogram.absorb(there.histogram.export());
        expect(here.window.counts(NOW)).toEqual(one.window.counts(NOW));
        expect(here.latency.read(NOW)).toEqual(one.latency.read(NOW));
        expect(here.histogram.export().counts).toEqual(one.histogram.export().counts);
      }),
    );
  });

  it('end a run of failures with a success that came later elsewhere, and go on with it where it came before', () => {
    const run = (failures: readonly number[], success: number): number => {
      const [here, there] = [new DependencyWindow(), new DependencyWindow()];
      for (const at of failures) here.failed({ ...ERROR, at }, 1000, false);
      there.answered(1000, success);
      there.absorb(here.export(1000), 1000);
      return there.read(1000).inARow;
    };
    expect(run([10, 20, 30], 40)).toBe(0);
    expect(run([10, 20, 30], 5)).toBe(3);
  });

  it('can be cleared and taken in anew without counting twice', () => {
    const worker = new Stats();
    worker.rejected('tls');
    worker.internalErrors = 2;
    const sum = new Stats();
    for (let i = 0; i < 3; i++) {
      sum.clear();
      sum.absorb(worker.export(0), 0);
    }
    expect(sum.rejections.get('tls')).toBe(1);
    expect(sum.internalErrors).toBe(2);
  });
});
