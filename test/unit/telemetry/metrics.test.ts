import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { wantsOpenMetrics } from '../../../src/telemetry/metrics/exposition.ts';
import { Telemetry } from '../../../src/telemetry/telemetry.ts';
import { failed, FakeClock } from '../policy/fixtures.ts';
import { attempt, ended, listening, opening, readingsOf, upstreamReading } from './fixtures.ts';
import { createLog } from '../../../src/telemetry/log.ts';

const OPENMETRICS = 'application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.2';

/** Lines of one metric in a scrape, without its comments. */
async function samples(telemetry: Telemetry, name: string): Promise<string[]> {
  const { body } = await telemetry.metrics.expose(undefined);
  return body.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
}

/** Telemetry that has seen one of each. */
function busy(): ReturnType<typeof listening> {
  const all = listening();
  const { telemetry } = all;
  const breaker = { upstream: 'api', breaker: 'default', authority: 'api.example', state: 'open' as const, retryAfterMs: 5000 };
  const places = { active: 3, queued: 1 };
  telemetry.readFrom(readingsOf(upstreamReading({ breakers: [breaker], bulkhead: places, probe: { ok: true, latencyMs: 42, at: 0 } })));
  const exchange = ended({ startedAt: all.clock.now(), waitedMs: 100, bytesIn: 1000, bytesOut: 900 });
  telemetry.attemptEnded(
    exchange,
    attempt({ status: undefined, failure: failed({ code: 'http_response_timeout', phase: 'headers', kind: 'timeout' }) }),
  );
  telemetry.retryDecided(exchange, 'retried', 'http_response_timeout');
  telemetry.attemptEnded(exchange, attempt({ number: 2, connectMs: 3 }));
  telemetry.cacheLooked(exchange, 'hit');
  telemetry.cacheLooked(exchange, 'miss');
  telemetry.acted(exchange, 'hedge', 'won');
  telemetry.wouldHave(exchange, 'breaker', 'refused');
  telemetry.duplicatePrevented(exchange, 'joined');
  telemetry.exchangeEnded(exchange, 130);
  telemetry.exchangeEnded(ended({ method: 'BREW', status: 504, failure: failed({ code: 'http_response_timeout' }), source: 'proxy' }), 7000);
  telemetry.rejected('loop', 508, 'loop');
  telemetry.breakerChanged(opening());
  return all;
}

describe('metrics', () => {
  it('name a breaker whose name has blanks', async () => {
    const { telemetry } = listening();
    telemetry.breakerChanged(opening({ breaker: 'my own group', to: 'half-open', cause: 'elapsed' }));
    expect(await samples(telemetry, 'breakwater_breaker_transitions_total')).toEqual([
      'breakwater_breaker_transitions_total{upstream="api",breaker="my own group",to="half-open",reason="elapsed"} 1',
    ]);
  });

  it('count requests by status, source and outcome, with methods that are few', async () => {
    const { telemetry } = busy();
    expect(await samples(telemetry, 'breakwater_requests_total')).toEqual([
      'breakwater_requests_total{upstream="api",route="messages",method="GET",code="200",source="upstream",outcome="ok"} 1',
      'breakwater_requests_total{upstream="api",route="messages",method="OTHER",code="504",source="proxy",outcome="failed"} 1',
    ]);
  });

  it('count attempts, retries and failures by what happened', async () => {
    const { telemetry } = busy();
    expect(await samples(telemetry, 'breakwater_attempts_total')).toEqual([
      'breakwater_attempts_total{upstream="api",route="messages",outcome="failed",phase="headers",kind="timeout"} 1',
      'breakwater_attempts_total{upstream="api",route="messages",outcome="ok",phase="",kind=""} 1',
    ]);
    expect(await samples(telemetry, 'breakwater_retries_total')).toEqual([
      'breakwater_retries_total{upstream="api",route="messages",reason="http_response_timeout",decision="retried"} 1',
    ]);
    expect(await samples(telemetry, 'breakwater_failures_total')).toEqual([
      'breakwater_failures_total{upstream="api",route="messages",reason="http_response_timeout",phase="headers"} 1',
    ]);
  });

  it('give a cumulative histogram and quantiles per route', async () => {
    const { telemetry } = busy();
    const buckets = await samples(telemetry, 'breakwater_request_duration_seconds_bucket');
    expect(buckets).toContain('breakwater_request_duration_seconds_bucket{upstream="api",route="messages",le="0.1"} 0');
    expect(buckets).toContain('breakwater_request_duration_seconds_bucket{upstream="api",route="messages",le="0.25"} 1');
    expect(buckets).toContain('breakwater_request_duration_seconds_bucket{upstream="api",route="messages",le="7.5"} 2');
    expect(buckets).toContain('breakwater_request_duration_seconds_bucket{upstream="api",route="messages",le="+Inf"} 2');
    expect(await samples(telemetry, 'breakwater_request_duration_seconds_count')).toEqual([
      'breakwater_request_duration_seconds_count{upstream="api",route="messages"} 2',
    ]);
    const quantiles = await samples(telemetry, 'breakwater_request_duration_quantile_seconds');
    expect(quantiles.map((line) => /quantile="([\d.]+)"/.exec(line)?.[1])).toEqual(['0.5', '0.95', '0.99']);
  });

  it('show the one state of a breaker, the pools and the places as they stand', async () => {
    const { telemetry } = busy();
    const states = await samples(telemetry, 'breakwater_breaker_state');
    expect(states.map((line) => line.slice(-1))).toEqual(['0', '1', '0', '0']);
    expect(states[1]).toContain('mode="enforce",state="open"');
    expect(await samples(telemetry, 'breakwater_pool_connections')).toEqual([
      'breakwater_pool_connections{upstream="api",state="open"} 1',
      'breakwater_pool_connections{upstream="api",state="busy"} 0',
    ]);
    expect(await samples(telemetry, 'breakwater_bulkhead_exchanges')).toContain('breakwater_bulkhead_exchanges{upstream="api",state="active"} 3');
    expect(await samples(telemetry, 'breakwater_cache_hit_ratio')).toEqual(['breakwater_cache_hit_ratio{upstream="api",route="messages"} 0.5']);
    expect(await samples(telemetry, 'breakwater_dependency_error_ratio')).toEqual(['breakwater_dependency_error_ratio{upstream="api"} 0.5']);
  });

  it('say every scrape the same where nothing has happened in between', async () => {
    const { telemetry } = busy();
    expect(await telemetry.metrics.expose(undefined)).toEqual(await telemetry.metrics.expose(undefined));
  });

  it('stay bounded whatever the labels', async () => {
    const { telemetry } = listening({ access: false });
    for (let i = 0; i < 3000; i++) {
      telemetry.exchangeEnded(ended({ route: `r${i}`, method: `M${i}` }), 1);
      telemetry.retryDecided(ended(), 'retried', `reason-${i}`);
      for (const status of [i % 1000, NaN]) telemetry.exchangeEnded(ended({ status }), 1);
    }
    expect([...telemetry.stats.routes()].length).toBeLessThanOrEqual(2001);
    expect([...telemetry.stats.route('api', 'messages').retries.entries()].length).toBeLessThanOrEqual(201);
    expect([...telemetry.stats.route('api', 'messages').requests.entries()].length).toBeLessThanOrEqual(501);
  });

  it('take families of other parts', async () => {
    const { telemetry } = listening();
    telemetry.metrics.add({
      name: 'breakwater_cache_bytes',
      help: 'Bytes stored.',
      type: 'gauge',
      labels: ['store'],
      read: (emit) => emit(12, 'memory'),
    });
    expect(await samples(telemetry, 'breakwater_cache_bytes')).toEqual(['breakwater_cache_bytes{store="memory"} 12']);
  });

  it('tell of the process where they may', async () => {
    const telemetry = new Telemetry({ clock: new FakeClock(), version: '1.2.3', log: createLog('silent'), access: false });
    expect(await samples(telemetry, 'process_start_time_seconds')).toHaveLength(1);
    expect(await samples(telemetry, 'breakwater_build_info')).toEqual([`breakwater_build_info{version="1.2.3",node="${process.version}"} 1`]);
    const [active] = await samples(telemetry, 'nodejs_eventloop_active_seconds_total');
    expect(Number(active?.split(' ')[1])).toBeGreaterThan(0);
    // what wakes a process at rest fifty times a second
    expect((await telemetry.metrics.expose(undefined)).body).not.toMatch(/nodejs_eventloop_lag_(?:mean|p99)/);
  });
});

describe('the format of a scrape', () => {
  it.each([
    [undefined, false],
    ['*/*', false],
    ['text/plain', false],
    [OPENMETRICS, true],
    ['application/openmetrics-text', true],
    ['application/openmetrics-text;q=0', false],
    ['application/openmetrics-text;q=0.1, text/plain;q=0.9', false],
  ])('for Accept %s is OpenMetrics: %s', (accept, wanted) => {
    expect(wantsOpenMetrics(accept)).toBe(wanted);
  });

  it('is right in both, in turn: counters have their family without _total in OpenMetrics, and with it in the other', async () => {
    const { telemetry } = busy();
    const before = await telemetry.metrics.expose(undefined);
    const open = await telemetry.metrics.expose(OPENMETRICS);
    const after = await telemetry.metrics.expose(undefined);
    expect(after).toEqual(before);
    expect(before.contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(before.body).toContain('# TYPE breakwater_requests_total counter\n');
    expect(open.contentType).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
    expect(open.body).toContain('# TYPE breakwater_requests counter\nbreakwater_requests_total{');
    expect(open.body).not.toMatch(/\n\n/);
    expect(open.body.endsWith('\n# EOF\n')).toBe(true);
  });

  it('holds to the text format in every line', async () => {
    const { body } = await busy().telemetry.metrics.expose(undefined);
    const line = /^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{([a-z]+="([^"\\\n]|\\["\\n])*",?)*\})? (-?\d+(\.\d+)?(e[+-]\d+)?|[+-]Inf|NaN))?$/;
    expect(body.split('\n').filter((text) => !line.test(text))).toEqual([]);
  });
});

describe('what alerts wait for', () => {
  it('counts from 0, for every route that is configured or was counted', async () => {
    const { telemetry } = listening();
    telemetry.readFrom(readingsOf(upstreamReading()));
    const unknown = (): Promise<string[]> => samples(telemetry, 'breakwater_unknown_outcomes_total');
    const budget = (): Promise<string[]> => samples(telemetry, 'breakwater_retry_budget_refusals_total');
    const of = (name: string, route: string, count: number): string => `breakwater_${name}_total{upstream="api",route="${route}"} ${count}`;
    expect(await unknown()).toEqual(['messages', 'default'].map((route) => of('unknown_outcomes', route, 0)));
    expect(await budget()).toEqual(['messages', 'default'].map((route) => of('retry_budget_refusals', route, 0)));
    const lost = ended({ outcomeUnknown: true, status: 504 });
    telemetry.retryDecided(lost, 'budget', 'http_response_timeout');
    telemetry.retryDecided(lost, 'retried', 'http_response_timeout');
    telemetry.exchangeEnded(lost, 10);
    telemetry.exchangeEnded(ended({ route: 'gone' }), 10);
    expect(await unknown()).toEqual([of('unknown_outcomes', 'messages', 1), of('unknown_outcomes', 'gone', 0), of('unknown_outcomes', 'default', 0)]);
    expect(await budget()).toContain(of('retry_budget_refusals', 'messages', 1));
  });
});

describe('docs/metrics.md', () => {
  const file = resolve(import.meta.dirname, '../../../docs/metrics.md');

  it('lists every metric with its type, labels and meaning, and no other', () => {
    const rows = readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('| `breakwater_'))
      .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim()));
    const listed = rows.map(([, name = '', type = '', labels = '', help = '']) => `${name} ${type} (${labels}): ${help}`);
    expect(listed).toEqual(
      listening().telemetry.metrics.families.map(
        ({ name, type, labels, help }) => `\`${name}\` ${type} (${labels.map((label) => `\`${label}\``).join(' ')}): ${help}`,
      ),
    );
  });

  it('names follow the conventions: our prefix, counters end in _total and nothing else does', () => {
    for (const { name, type } of listening().telemetry.metrics.families) {
      expect(name).toMatch(/^breakwater_[a-z_]+$/);
      expect(name.endsWith('_total')).toBe(type === 'counter');
    }
  });
});
