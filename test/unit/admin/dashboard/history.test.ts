import { describe, expect, it } from 'vitest';
import { History } from '../../../../src/admin/dashboard/page/model/history.ts';
import { routeTable } from '../../../../src/admin/dashboard/page/model/routes.ts';
import { counted, exchange, NOW } from './fixtures.ts';

/** The beginning of a bucket. */
const START = Math.ceil(NOW / 10_000) * 10_000;

/** Reads the counts every two seconds, `requests` more each time. */
function watched(history: History, from: number, to: number, each = 1): void {
  for (let at = from, requests = 100; at <= to; at += 2000, requests += each) history.take(counted(at, { requests, failed: requests - 100 }));
}

describe('the history that the page keeps', () => {
  it('is the differences of counts, per second, of completed buckets', () => {
    const history = new History();
    watched(history, START, START + 30_000, 5);
    const { times, requests, failed } = history.series('api', START + 30_000);
    expect(times.slice(-3)).toEqual([1, 2, 3].map((i) => (START + i * 10_000) / 1000));
    // what was before the first reading is not known, so neither is its bucket
    expect(requests.slice(-3)).toEqual([null, 2.5, 2.5]);
    expect(failed.slice(-3)).toEqual([null, 2.5, 2.5]);
    expect(requests.length).toBe(30);
  });

  it('has a gap where nobody asked, and says over which time it looks back', () => {
    const history = new History();
    watched(history, START, START + 20_000);
    history.take(counted(START + 61_000, { requests: 500 }));
    history.take(counted(START + 63_000, { requests: 504 }));
    const { requests } = history.series('api', START + 63_000);
    expect(requests.slice(-6)).toEqual([null, 0.5, null, null, null, null]);
    expect(history.recent(START + 63_000, 'api')).toEqual({ requests: 4, failed: 0, retries: 0, spanMs: 2000 });
  });

  it('keeps nothing of a process that is gone', () => {
    const history = new History();
    watched(history, START, START + 40_000);
    history.take(counted(START + 42_000, { requests: 3 }, { uptimeSeconds: 1 }));
    expect(history.recent(START + 42_000, 'api').requests).toBe(0);
    expect(history.series('api', START + 42_000).requests.filter((value) => value !== null)).toEqual([]);
  });

  it('takes what was before the page from the journal, where that is whole', () => {
    const history = new History();
    const now = START + 5000;
    const status = counted(now, { requests: 900 });
    const at = (age: number, more = {}) => exchange({ time: new Date(now - age).toISOString(), ...more });
    history.take(status);
    const listed = [
      at(-500),
      at(1000),
      at(12_000, { outcome: 'failed', elapsedMs: 7000, attempts: [at(0).attempts[0], at(0).attempts[0]] }),
      at(24_000),
    ];
    history.backfill(listed, 1000, status);
    expect(history.series('api', now).requests.slice(-4)).toEqual([0, 0, 0.1, 0.1]);
    expect(history.series('api', now).p95.at(-1)).toBe(7000);
    const { spanMs, ...seen } = history.recent(now, 'api', 'messages');
    expect(seen).toEqual({ requests: 3, failed: 1, retries: 1 });
    expect(spanMs).toBeGreaterThan(290_000);
    // and goes on from there with what is counted
    history.take(counted(now + 2000, { requests: 902 }));
    expect(history.recent(now + 2000, 'api', 'messages').requests).toBe(5);
  });

  it('trusts the journal no further back than it reaches, and not where it keeps only some', () => {
    const now = START + 5000;
    const at = (age: number) => exchange({ time: new Date(now - age).toISOString() });
    const full = new History();
    full.take(counted(now, {}));
    full.backfill([at(1000), at(12_000), at(24_000)], 3, counted(now, {}));
    expect(full.recent(now, 'api').spanMs).toBe(now - (START - 10_000));
    const thinned = new History();
    thinned.take(counted(now, {}));
    thinned.backfill([at(1000), ...Array.from({ length: 100 }, () => at(12_500)), at(24_000)], 1000, counted(now, {}));
    expect(thinned.recent(now, 'api').spanMs).toBe(5000);
  });

  it('knows all of a process that is younger than the window', () => {
    const history = new History();
    const status = counted(START + 5000, { requests: 1 }, { uptimeSeconds: 20 });
    history.take(status);
    history.backfill([exchange({ time: new Date(START - 9000).toISOString() })], 1000, status);
    expect(history.recent(START + 5000, 'api')).toEqual({ requests: 1, failed: 0, retries: 0, spanMs: 21_000 });
  });

  it('forgets what is older than the charts', () => {
    const history = new History();
    watched(history, START, START + 3_600_000);
    expect(history.series('api', START + 3_600_000).requests).toEqual(Array.from({ length: 180 }, () => 0.5));
  });
});

describe('the table of routes', () => {
  it('counts the last minutes, and leaves out what nobody has taken', () => {
    const history = new History();
    watched(history, START, START + 20_000);
    const status = counted(START + 20_000, { requests: 110, failed: 10, cacheHits: 1 });
    const idle = { ...status, dependencies: { ...status.dependencies, other: counted(0, {}).dependencies['api'] ?? status.dependencies['api'] } };
    const table = routeTable(idle as typeof status, history);
    expect(table).toMatchObject({ spanMs: 20_000, unused: 1 });
    expect(table.rows).toMatchObject([
      { upstream: 'api', route: 'messages', requests: '10', total: '110', failed: '10', errorRate: '100 %', troubled: true, p50: '–' },
    ]);
  });
});
