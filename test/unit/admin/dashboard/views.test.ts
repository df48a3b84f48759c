import { describe, expect, it } from 'vitest';
import { cardOf } from '../../../../src/admin/dashboard/page/model/card.ts';
import { exchangeRow } from '../../../../src/admin/dashboard/page/model/exchange.ts';
import { overviewOf, reloadProblem } from '../../../../src/admin/dashboard/page/model/overview.ts';
import type { Dependency } from '../../../../src/admin/dashboard/page/model/wire.ts';
import { dependency, exchange, NOW, route, status } from './fixtures.ts';

function card(parts: Partial<Dependency>) {
  const recent = { requests: 9, failed: 2, retries: 4, spanMs: 300_000 };
  return cardOf({ name: 'api', hosts: ['api.example'], dependency: dependency(parts), recent, now: NOW });
}

/** The figure of that name: its value and what it stands on. */
function figure(parts: Partial<Dependency>, name: string): [string, string] | undefined {
  const found = card(parts).figures.find((one) => one.name === name);
  return found === undefined ? undefined : [found.value, found.basis];
}

describe('the head of the page', () => {
  it('says that all is well, in words and with a sign', () => {
    expect(overviewOf(status())).toMatchObject({ mark: '✓', word: 'OK', title: 'The dependency is well', reasons: [] });
  });

  it('says what is not, the worst first, with its evidence', () => {
    const dependencies = {
      api: dependency(),
      slow: dependency({ status: 'degraded', evidence: '3 of 40 failed' }),
      gone: dependency({ status: 'down', evidence: 'the breaker is open' }),
    };
    expect(overviewOf(status({ status: 'degraded', dependencies }))).toMatchObject({
      mark: '!',
      word: 'Degraded',
      title: '2 of 3 dependencies have trouble',
      reasons: [
        { status: 'down', subject: 'gone', text: 'the breaker is open' },
        { status: 'degraded', subject: 'slow', text: '3 of 40 failed' },
      ],
    });
  });

  it('blames Breakwater where it is to blame', () => {
    const config = {
      file: 'proxy.yaml',
      loadedAt: new Date(NOW - 90_000).toISOString(),
      lastReloadOk: false,
      problems: ['proxy.yaml:3:1 unknown key'],
    };
    const refused = status({ status: 'degraded', config });
    expect(overviewOf(refused).reasons).toMatchObject([{ subject: 'configuration' }]);
    expect(reloadProblem(refused)).toEqual({
      title: 'The last change of proxy.yaml was refused. The configuration at work was loaded 1 min 30 s ago.',
      problems: ['proxy.yaml:3:1 unknown key'],
    });
    expect(reloadProblem(status())).toBeUndefined();
    expect(overviewOf(status({ status: 'degraded', internalErrors: 2 })).reasons[0]?.text).toContain('an internal error in the last minute');
    expect(overviewOf(status({ internalErrors: 2 })).reasons).toEqual([]);
    expect(overviewOf(status({ readiness: 'draining' })).reasons[0]?.text).toContain('draining');
  });
});

describe('the card of a dependency', () => {
  it('shows the error rate with its samples and interval, and no rate where there were none', () => {
    const errorRate = { ratio: 0.6667, failed: 2, samples: 3, windowSeconds: 300, interval: { low: 0.2077, high: 0.9385 } };
    expect(figure({ errorRate }, 'Error rate')).toEqual(['67 %', '2 of 3 attempts · 95 %: 21 % to 94 %']);
    expect(figure({}, 'Error rate')).toEqual(['–', 'no attempts in 5 min']);
  });

  it('shows the last error with its phase, its age and where it was', () => {
    const at = new Date(NOW - 12_000).toISOString();
    const lastError = {
      code: 'http_response_timeout',
      phase: 'headers',
      kind: 'timeout',
      detail: 'headers timeout after 7000 ms',
      authority: 'api.example',
      route: 'messages',
      at,
    };
    expect(card({ lastError }).lastError).toEqual({
      head: 'timeout in phase headers',
      detail: 'headers timeout after 7000 ms',
      when: '12 s ago · http_response_timeout · api.example, route messages',
    });
    expect(card({ lastError: { ...lastError, kind: 'status', status: 503 } }).lastError?.head).toBe('status in phase headers, status 503');
    expect(card({}).lastError).toBeUndefined();
  });

  it.each([
    ['closed', 0, '✓', 'closed', '', 'isolate'],
    ['open', 41_000, '✕', 'open', 'next try in 41 s', 'isolate'],
    ['open', 0, '✕', 'open', 'the next request is its probe', 'isolate'],
    ['half-open', 0, '◐', 'half-open', '', 'isolate'],
    ['isolated', 0, '⊘', 'held open by hand', '', 'reset'],
  ] as const)('shows a breaker that is %s for %i ms more, and what can be done', (state, retryAfterMs, mark, text, until, action) => {
    const breakers = [{ breaker: 'default', authority: 'api.example', mode: 'enforce' as const, state, retryAfterMs }];
    expect(card({ breakers }).breakers).toEqual([{ breaker: 'default', authority: 'api.example', state, mark, text, until, action }]);
  });

  it('says why tunnels cannot be intercepted', () => {
    const interception = { status: 'warn', problem: '/ca cannot be used' } as const;
    expect(overviewOf(status({ interception })).reasons).toMatchObject([{ subject: 'interception', text: '/ca cannot be used' }]);
  });

  it('says of a breaker that it refuses nothing', () => {
    const breakers = [{ breaker: 'default', authority: 'api.example', mode: 'observe', state: 'open', retryAfterMs: 41_000 }] as const;
    expect(card({ breakers }).breakers).toMatchObject([{ text: 'open, only observes' }]);
  });

  it('shows latencies, probe, retries, cache and connections, each with what it stands on', () => {
    const parts = {
      latencyMs: { samples: 40, p50: 20.4, p95: 410, p99: 1200 },
      probe: { ok: true, latencyMs: 12, at: new Date(NOW - 3000).toISOString() },
      cacheHitRatio: 0.6,
      routes: { messages: route({ retries: 7, cacheHits: 30, cacheMisses: 20 }) },
    };
    expect(figure(parts, 'P95')).toEqual(['410 ms', '40 requests, 5 min']);
    expect(figure(parts, 'Probe')).toEqual(['12 ms', '3 s ago']);
    expect(figure({ probe: { ...parts.probe, ok: false } }, 'Probe')).toEqual(['✕ failed', '3 s ago, 12 ms']);
    expect(figure(parts, 'Retries')).toEqual(['4', 'in 5 min · 7 since start']);
    expect(figure(parts, 'Cache hits')).toEqual(['60 %', '5 min · 30 of 50 since start']);
    expect(figure({}, 'Cache hits')).toEqual(['–', 'not asked']);
    expect(figure({}, 'Connections')).toEqual(['1', '0 busy · 0 waiting']);
  });

  it('notes used-up quotas, injected faults and clients that leave', () => {
    const parts = {
      quotas: [{ scope: 'api.example pro', rule: 'quota_day', retryAfterMs: 3_599_001 }],
      faults: [{ route: 'default', text: 'status 503 on 10 % of the attempts' }],
      patience: [{ route: 'messages', patienceMs: 5000, totalMs: null }],
    };
    expect(card(parts).notes).toEqual([
      'quota used up: api.example pro (quota_day), for 1 h',
      'faults are injected on route default: status 503 on 10 % of the attempts',
      'clients of route messages leave after 5.00 s; there is no total limit',
    ]);
  });
});

describe('an exchange of the list', () => {
  it('tells its attempts, failed ones with their phase', () => {
    const [good] = exchange().attempts;
    const bad = {
      number: 1,
      phase: 'headers',
      kind: 'timeout',
      code: 'http_response_timeout',
      detail: 'after 7000 ms',
      elapsedMs: 7001,
      connectMs: 12,
      firstByteMs: 0,
      reused: false,
    };
    const row = exchangeRow(
      exchange({
        attempts: [bad, { ...good, number: 2, elapsedMs: 30, connectMs: 0, firstByteMs: 20, reused: true, rule: 'limit', upstreamId: '8f' }],
      }),
    );
    expect(row).toMatchObject({
      mark: '✓',
      outcome: 'OK',
      request: 'GET /messages',
      place: 'api · messages',
      attempts: '2 attempts',
      troubled: false,
    });
    expect(row.tries).toEqual([
      {
        number: 'Attempt 1',
        result: 'timeout in phase headers',
        detail: 'after 7000 ms (http_response_timeout)',
        times: '7.00 s in all · connect 12 ms · first byte none',
      },
      {
        number: 'Attempt 2',
        result: 'status 200',
        detail: "rule limit upstream's id 8f",
        times: '30 ms in all · connection reused · first byte 20 ms',
      },
    ]);
  });

  it('tells bytes by where they came from and went to', () => {
    expect(exchangeRow(exchange({ bytesIn: 0, bytesOut: 2048 })).facts).toContainEqual(['Bytes', '0 B from the upstream, 2.0 KiB to the client']);
  });

  it('tells the trace that it belongs to', () => {
    expect(exchangeRow(exchange()).facts.map(([name]) => name)).not.toContain('Trace');
    expect(exchangeRow(exchange({ traceId: 'abc', spanId: 'def' })).facts).toContainEqual(['Trace', 'abc, span def']);
  });

  it('tells why it failed, and outcomes that it does not know', () => {
    const failure = { code: 'destination_unavailable', phase: 'queue', kind: 'refused', detail: 'the breaker is open' };
    expect(exchangeRow(exchange({ outcome: 'failed', failure, attempts: [] }))).toMatchObject({
      mark: '✕',
      troubled: true,
      attempts: '0 attempts',
      failure: 'refused in phase queue: the breaker is open (destination_unavailable)',
    });
    expect(exchangeRow(exchange({ outcome: 'client_closed' }))).toMatchObject({ mark: '↩', outcome: 'client left', troubled: false });
    expect(exchangeRow(exchange({ outcome: 'new' }))).toMatchObject({ mark: '?', outcome: 'new' });
  });
});
