import { describe, expect, it } from 'vitest';
import { type Findings, reportOf } from '../../../bench/soak/report.ts';
import { fitLine } from '../../../bench/soak/slope.ts';

describe('the line through samples of memory', () => {
  it('has the slope of points on a line, for certain', () => {
    const { slope, within } = fitLine([1, 2, 3, 4].map((x) => [x, 3 * x + 7] as const));
    expect(slope).toBeCloseTo(3);
    expect(within).toBeCloseTo(0);
  });

  it('is less certain the more the points stray', () => {
    const near = fitLine([1, 2, 3, 4, 5, 6].map((x) => [x, x + (x % 2)] as const));
    const far = fitLine([1, 2, 3, 4, 5, 6].map((x) => [x, x + 10 * (x % 2)] as const));
    expect(far.within).toBeGreaterThan(near.within);
  });
});

const HOLDING = { rss: 1e8, heapUsed: 3e7, socketHandles: 10, sockets: 9, requests: 0, timers: 9, resources: { TCPServerWrap: 2 }, listeners: 12 };
const FINDINGS: Findings = {
  exchanges: 1_000_000,
  share: 0.1,
  seed: 1,
  atOnce: 48,
  warmUp: 200_000,
  seconds: 600,
  tally: { sent: 1_000_000, answered: 980_000, broken: 10_000, left: 10_000, unanswered: 0, statuses: { 200: 970_000 }, unansweredWhy: {} },
  upstream: { received: 1_000_000, orders: 250_000, duplicates: 0, faults: { reset: 5 }, connections: 7 },
  before: HOLDING,
  after: HOLDING,
  curve: Array.from({ length: 50 }, (_, i) => [200_000 + i * 16_000, 1e8 + (i % 3) * 1e5] as const),
  busy: 0,
  pooled: 7,
  queued: 0,
  clientConnections: 0,
  counted: 999_000,
  retries: 60_000,
  bugs: 0,
};

describe('the report of a soak', () => {
  it('finds nothing wrong where nothing is', () => {
    const { text, failed } = reportOf(FINDINGS);
    expect(failed).toEqual([]);
    expect(text).not.toContain('**no**');
  });

  it.each<[string, Partial<Findings>]>([
    ['unanswered', { tally: { ...FINDINGS.tally, unanswered: 1 } }],
    ['orders that may have been done twice', { upstream: { ...FINDINGS.upstream, duplicates: 1 } }],
    ['exchanges that Breakwater counted', { counted: 980_000 }],
    ['internal errors', { bugs: 1 }],
    ['busy connections and waiting exchanges at rest', { busy: 1 }],
    ['client connections at rest', { clientConnections: 1 }],
    ['sockets at rest beyond those kept for the upstream', { after: { ...HOLDING, socketHandles: 14 } }],
    ['objects at rest: sockets, requests, timers', { after: { ...HOLDING, timers: 40 } }],
    ['what keeps the event loop going', { after: { ...HOLDING, resources: { Timeout: 9 } } }],
    ['listeners on the process', { after: { ...HOLDING, listeners: 13 } }],
    ['growth of resident memory per 100,000 exchanges', { curve: FINDINGS.curve.map(([x]) => [x, x * 11] as const) }],
  ])('says so where it is not: %s', (what, found) => {
    expect(reportOf({ ...FINDINGS, ...found }).failed).toEqual([what]);
  });

  it('says nothing of memory after a run that is too short', () => {
    const { text, failed } = reportOf({ ...FINDINGS, exchanges: 300_000, curve: FINDINGS.curve.map(([x]) => [x, x * 11] as const) });
    expect(text).toContain('too short to say');
    expect(failed).not.toContain('growth of resident memory per 100,000 exchanges');
  });
});
