import { connect } from 'node:net';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { json } from '../../../src/admin/replies.ts';
import { startAdmin } from '../../../src/admin/server.ts';
import { configOf } from '../../unit/config/fixtures.ts';
import { failed } from '../../unit/policy/fixtures.ts';
import { attempt, ended, upstreamReading } from '../../unit/telemetry/fixtures.ts';
import { startStillAdmin } from './fixtures.ts';

const CHANGE = { 'x-breakwater-admin': '1' };
const SECRETS = `version: 1
upstreams:
  api:
    origin: https://api.example
    probe: { path: /live, headers: { x-auth-key: s3cr3t, x-region: s3cr3t } }
    fallback: { steps: [{ status: 503, body: '{"access_token": "s3cr3t"}' }] }
    routes: [{ name: one, match: { header: { apikey: s3cr3t } } }]
`;
const open = { upstream: 'api', breaker: 'default', authority: 'api.example', state: 'open' as const, retryAfterMs: 41_000 };
const spent = { scope: 'api.example pro', rule: 'quota_day', retryAfterMs: 3_599_999.5 };

describe('/health', () => {
  it('says which dependency is failing, in which phase, since when, and on what evidence', async () => {
    await using server = await startStillAdmin();
    const { telemetry, clock, read } = server;
    telemetry.attemptEnded(ended(), attempt());
    const timeout = failed({ code: 'http_response_timeout', phase: 'headers', kind: 'timeout', detail: 'headers timeout after 7000 ms' });
    for (const _ of [1, 2]) telemetry.attemptEnded(ended(), attempt({ status: undefined, failure: timeout }));
    clock.advance(3000);
    const health = await read('/health');
    expect(health).toMatchObject({
      status: 'degraded',
      version: '1.2.3',
      readiness: 'ready',
      config: { file: 'proxy.yaml', lastReloadOk: true, problems: [] },
    });
    expect(health['dependencies']).toEqual({
      api: {
        status: 'degraded',
        evidence: '2 of 3 failed; too few to judge',
        lastError: {
          code: 'http_response_timeout',
          phase: 'headers',
          kind: 'timeout',
          detail: 'headers timeout after 7000 ms',
          authority: 'api.example',
          route: 'messages',
          at: new Date(clock.wallNow() - 3000).toISOString(),
        },
        lastSuccessAt: new Date(clock.wallNow() - 3000).toISOString(),
        errorRate: { ratio: 0.6667, failed: 2, samples: 3, windowSeconds: 300, interval: { low: 0.2077, high: 0.9385, confidence: 0.95 } },
        breakers: [],
        quotas: [],
        usage: [],
        patience: [],
        faults: [],
        probe: null,
        cacheHitRatio: null,
        connections: { open: 1, busy: 0, queued: 0 },
      },
    });
  });

  it('answers 200 with an open breaker, and stays ready and live', async () => {
    await using server = await startStillAdmin();
    server.app.all = [upstreamReading({ breakers: [open], probe: { ok: true, latencyMs: 12, at: 0 } })];
    const { status, text } = await server.ask('GET', '/health');
    expect(status).toBe(200);
    expect(JSON.parse(text)).toMatchObject({
      status: 'down',
      dependencies: {
        api: {
          status: 'down',
          breakers: [{ breaker: 'default', authority: 'api.example', state: 'open', retryAfterMs: 41_000 }],
          probe: { latencyMs: 12 },
        },
      },
    });
    expect((await server.ask('GET', '/health/ready')).status).toBe(200);
    expect((await server.ask('GET', '/health/live')).status).toBe(200);
  });

  it('is degraded while a refused configuration waits to be mended, and says why', async () => {
    await using server = await startStillAdmin();
    server.app.loaded = { ...server.app.loaded, lastReloadOk: false, problems: ['proxy.yaml:3:1 unknown key'] };
    expect(await server.read('/health')).toMatchObject({
      status: 'degraded',
      config: { lastReloadOk: false, problems: ['proxy.yaml:3:1 unknown key'] },
    });
  });

  it('tells quotas that are used up, how long clients wait, and faults that are injected', async () => {
    await using server = await startStillAdmin();
    const patience = { route: 'messages', patienceMs: 5003.25, totalMs: Infinity, departures: 4 };
    const faults = [{ route: 'default', text: 'status 503 on 10 % of the attempts' }];
    server.app.all = [upstreamReading({ quotas: [spent], patience: [patience], faults })];
    expect(await server.read('/health')).toMatchObject({
      status: 'ok',
      dependencies: {
        api: {
          quotas: [{ scope: 'api.example pro', rule: 'quota_day', retryAfterMs: 3_600_000 }],
          patience: [{ route: 'messages', patienceMs: 5003.25, totalMs: null, departures: 4 }],
          faults,
        },
      },
    });
  });

  it('tells hosts and routes with ?verbose', async () => {
    await using server = await startStillAdmin();
    const { telemetry, clock } = server;
    telemetry.attemptEnded(ended(), attempt());
    telemetry.exchangeEnded(ended({ startedAt: clock.now() }), 30);
    const health = await server.read('/health?verbose');
    expect(health['dependencies']).toMatchObject({
      api: {
        hosts: { 'api.example': { errorRate: { samples: 1 } } },
        routes: { messages: { latencyMs: { samples: 1 } }, default: { latencyMs: null } },
      },
    });
  });

  it('counts with ?verbose what each route has done, and puts the latencies of all routes together', async () => {
    await using server = await startStillAdmin();
    const { telemetry, clock } = server;
    const over = (parts: Parameters<typeof ended>[0], elapsedMs: number): void => {
      telemetry.exchangeEnded(ended({ startedAt: clock.now(), ...parts }), elapsedMs);
    };
    over({}, 10);
    over({ status: 503 }, 30);
    const left = ended({ startedAt: clock.now() });
    left.abort();
    telemetry.exchangeEnded(left, 5000);
    over({ route: 'default' }, 200);
    for (const decision of ['retried', 'retried', 'budget'] as const) telemetry.retryDecided(ended(), decision, 'status');
    for (const result of ['hit', 'stale', 'miss', 'bypass', 'coalesced'] as const) telemetry.cacheLooked(ended(), result);
    expect((await server.read('/health?verbose'))['dependencies']).toMatchObject({
      api: {
        // who has left says nothing of how fast it is
        latencyMs: { samples: 3, p99: expect.closeTo(200, -1) },
        routes: {
          messages: { requests: 3, failed: 1, departed: 1, retries: 2, cacheHits: 3, cacheMisses: 1 },
          default: { requests: 1, failed: 0, departed: 0, retries: 0, cacheHits: 0, cacheMisses: 0 },
        },
      },
    });
  });

  it('is not ready while the app starts or drains, and live all the same', async () => {
    await using server = await startStillAdmin();
    for (const state of ['starting', 'draining'] as const) {
      server.app.state = state;
      expect(await server.ask('GET', '/health/ready')).toMatchObject({ status: 503, text: `${state}\n` });
      expect((await server.ask('GET', '/health/live')).status).toBe(200);
    }
  });
});

describe('/metrics', () => {
  it('come in the format that is asked for', async () => {
    await using server = await startStillAdmin();
    const plain = await server.ask('GET', '/metrics');
    const openMetrics = await server.ask('GET', '/metrics', { accept: 'application/openmetrics-text; version=1.0.0' });
    expect(plain.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(plain.text).toContain('breakwater_build_info{version="1.2.3"');
    expect(openMetrics.headers['content-type']).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
    expect(openMetrics.text.endsWith('# EOF\n')).toBe(true);
  });
});

describe('/api', () => {
  it('lists exchanges, newest first, by upstream, by failure and by trace', async () => {
    await using server = await startStillAdmin();
    for (const status of [200, 503, 201]) server.telemetry.exchangeEnded(ended({ status, path: '/x?key=s3cr3t' }), 1);
    const statuses = async (query: string): Promise<unknown> =>
      ((await server.read(`/api/exchanges${query}`))['exchanges'] as { status: number }[]).map(({ status }) => status);
    expect(await statuses('')).toEqual([201, 503, 200]);
    expect(await statuses('?limit=1')).toEqual([201]);
    expect(await statuses('?failed')).toEqual([503]);
    expect(await statuses('?upstream=other')).toEqual([]);
    expect(await statuses('?trace=4bf92f3577b34da6a3ce929d0e0e4736')).toEqual([]);
    expect((await server.ask('GET', '/api/exchanges?limit=x')).status).toBe(400);
    expect((await server.ask('GET', '/api/exchanges')).text).not.toContain('s3cr3t');
  });

  it('shows the configuration without its secrets, and the status with its listeners', async () => {
    await using server = await startStillAdmin();
    server.app.effective = configOf(SECRETS);
    const { text } = await server.ask('GET', '/api/config');
    expect(text).not.toContain('s3cr3t');
    expect(JSON.parse(text)).toMatchObject({
      file: 'proxy.yaml',
      config: {
        version: 1,
        drain: 30_000,
        upstreams: {
          api: {
            probe: { path: '/live', headers: { 'x-auth-key': '[redacted]', 'x-region': '***' } },
            routes: [{ match: { header: { apikey: '[redacted]' } } }],
          },
        },
      },
    });
    expect(await server.read('/api/status')).toMatchObject({
      status: 'ok',
      upstreams: [{ name: 'api' }],
      listeners: [{ listener: 'proxy', connections: 2 }],
    });
  });

  it('lists breakers and acts on them', async () => {
    await using server = await startStillAdmin();
    server.app.all = [upstreamReading({ breakers: [open] })];
    expect(await server.read('/api/breakers')).toEqual({ breakers: [{ ...open, mode: 'enforce' }] });
    for (const action of ['trip', 'reset', 'isolate'])
      expect((await server.ask('POST', `/api/breakers/api/default/${action}`, CHANGE)).status).toBe(200);
    const one = await server.ask('POST', '/api/breakers/api/default/reset?authority=api.example', { 'content-type': 'application/json' }, '{}');
    expect(JSON.parse(one.text)).toEqual({
      breakers: [{ upstream: 'api', breaker: 'default', authority: 'api.example', mode: 'enforce', state: 'closed', retryAfterMs: 60_000 }],
    });
    expect(server.app.acts).toEqual([
      ['api', 'default', 'trip', undefined],
      ['api', 'default', 'reset', undefined],
      ['api', 'default', 'isolate', undefined],
      ['api', 'default', 'reset', 'api.example'],
    ]);
    expect(server.logged().filter(({ msg }) => msg === 'breaker changed over the admin API')).toHaveLength(4);
  });

  it('lists quotas that are used up and opens them, one or all', async () => {
    await using server = await startStillAdmin();
    server.app.all = [upstreamReading({ quotas: [spent, { ...spent, scope: 'api.example flash' }, { ...spent, scope: 'other' }] })];
    expect(await server.read('/api/quotas')).toMatchObject({
      quotas: [{ upstream: 'api', scope: 'api.example pro', retryAfterMs: 3_600_000 }, {}, {}],
    });
    const one = await server.ask('POST', '/api/quotas/api/open?scope=api.example%20pro', CHANGE);
    expect(JSON.parse(one.text)).toMatchObject({ opened: 1, quotas: [{ scope: 'api.example flash' }, { scope: 'other' }] });
    expect((await server.ask('POST', '/api/quotas/api/open?scope=api.example%20pro', CHANGE)).status).toBe(409);
    expect(JSON.parse((await server.ask('POST', '/api/quotas/api/open', CHANGE)).text)).toEqual({ opened: 2, quotas: [] });
    expect((await server.ask('POST', '/api/quotas/other/open', CHANGE)).status).toBe(404);
    expect(server.logged().filter(({ msg }) => msg === 'quotas opened over the admin API')).toMatchObject([{ opened: 1 }, { opened: 2 }]);
  });

  it('names what there is where a breaker or upstream is not known', async () => {
    await using server = await startStillAdmin();
    const unknown = await server.ask('POST', '/api/breakers/apj/default/trip', CHANGE);
    expect(unknown.status).toBe(404);
    expect(JSON.parse(unknown.text)).toMatchObject({ detail: 'No upstream is called "apj"; there are: api.' });
    const unnamed = await server.ask('POST', '/api/breakers/api/other/trip', CHANGE);
    expect(unnamed.status).toBe(404);
    expect(JSON.parse(unnamed.text)).toMatchObject({ detail: 'The upstream api has no breaker called "other"; there are: default, unasked.' });
    expect((await server.ask('POST', '/api/breakers/api/unasked/trip', CHANGE)).status).toBe(409);
    expect((await server.ask('POST', '/api/breakers/api/default/explode', CHANGE)).status).toBe(404);
  });
});

describe('the listener', () => {
  it('answers what is not there with problem+json, and names the methods of what is', async () => {
    await using server = await startStillAdmin();
    const nothing = await server.ask('GET', '/nothing');
    expect(nothing).toMatchObject({ status: 404, headers: { 'content-type': 'application/problem+json' } });
    const wrong = await server.ask('DELETE', '/health');
    expect(wrong).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } });
    expect(JSON.parse(wrong.text)).toMatchObject({ status: 405, title: 'Method Not Allowed' });
  });

  it('answers HEAD with the head of GET', async () => {
    await using server = await startStillAdmin();
    const [head, get] = [await server.ask('HEAD', '/health/live'), await server.ask('GET', '/health/live')];
    expect(head).toMatchObject({ status: 200, text: '' });
    expect(head.headers['content-length']).toBe(get.headers['content-length']);
  });

  it('shows at /api what there is, the endpoints of other parts too', async () => {
    const route = { method: 'GET', path: '/api/cache', summary: 'What is <stored>', handle: () => json({ entries: 0 }) } as const;
    await using server = await startStillAdmin({ routes: [route] });
    const { text, headers } = await server.ask('GET', '/api');
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    for (const part of ['/health', '/metrics', '/api/breakers/{upstream}/{breaker}/trip', '/api/cache', 'What is &lt;stored>'])
      expect(text).toContain(part);
    expect(await server.read('/api/cache')).toEqual({ entries: 0 });
  });

  it('refuses a foreign Host, by which a web page would rebind a name to this machine', async () => {
    await using server = await startStillAdmin({ hosts: ['breakwater'] });
    expect((await server.ask('GET', '/health', { host: 'evil.example' })).status).toBe(421);
    expect((await server.ask('GET', '/health', { host: 'breakwater:9090' })).status).toBe(200);
  });

  it('refuses a change that a form or script of another page could send', async () => {
    await using server = await startStillAdmin();
    const path = '/api/breakers/api/default/trip';
    expect((await server.ask('POST', path)).status).toBe(403);
    expect((await server.ask('POST', path, { 'content-type': 'text/plain' }, '{}')).status).toBe(403);
    expect((await server.ask('POST', path, { ...CHANGE, origin: 'https://evil.example' })).status).toBe(403);
    expect((await server.ask('POST', path, { ...CHANGE, 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect(server.app.acts).toEqual([]);
    expect((await server.ask('POST', path, { ...CHANGE, origin: server.admin.url, 'sec-fetch-site': 'same-origin' })).status).toBe(200);
  });

  it('reads bodies up to a bound and takes only JSON', async () => {
    await using server = await startStillAdmin();
    const path = '/api/breakers/api/default/trip';
    const large = JSON.stringify('x'.repeat(70_000));
    expect((await server.ask('POST', path, { ...CHANGE, 'content-length': String(large.length) }, large)).status).toBe(413);
    expect((await server.ask('POST', path, { ...CHANGE, 'transfer-encoding': 'chunked' }, large)).status).toBe(413);
    expect((await server.ask('POST', path, CHANGE, '{"a":')).status).toBe(400);
    expect(server.app.acts).toEqual([]);
  });

  it('survives a bug in what it shows: 500 without a word of it, and the bug is reported', async () => {
    await using server = await startStillAdmin();
    server.app.broken = true;
    const { status, text } = await server.ask('GET', '/health');
    expect(status).toBe(500);
    expect(text).not.toContain('bug');
    expect(server.telemetry.stats.internalErrors).toBe(1);
    expect(server.lines.join('')).not.toContain('s3cr3t');
    expect((await server.ask('GET', '/health/live')).status).toBe(200);
    server.app.broken = false;
    expect(await server.read('/health')).toMatchObject({ status: 'degraded', internalErrors: 1 });
    server.clock.advance(61_000);
    expect(await server.read('/health')).toMatchObject({ status: 'ok', internalErrors: 1 });
  });

  it('keeps a connection for the next request, also after a refusal', async () => {
    await using server = await startStillAdmin();
    const socket = connect(server.admin.port, '127.0.0.1');
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    socket.write('GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\nGET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    await once(socket, 'close');
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 404', 'HTTP/1.1 200']);
  });

  it('closes with connections open, and says who holds its port', async () => {
    const server = await startStillAdmin();
    const socket = connect(server.admin.port, '127.0.0.1');
    socket.write('GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await once(socket, 'data');
    expect(server.admin.connections).toBe(1);
    const { app, telemetry, clock } = server;
    const second = startAdmin({ host: '127.0.0.1', port: server.admin.port, view: app, telemetry, clock });
    await expect(second).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await Promise.all([server.admin.close(), once(socket, 'close')]);
    expect(server.admin.connections).toBe(0);
  });
});
