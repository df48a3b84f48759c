import { pathToFileURL } from 'node:url';
import { writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { type DashboardFiles, fromBuild } from '../../../src/admin/dashboard/files.ts';
import { cardOf } from '../../../src/admin/dashboard/page/model/card.ts';
import { exchangeRow } from '../../../src/admin/dashboard/page/model/exchange.ts';
import { History } from '../../../src/admin/dashboard/page/model/history.ts';
import { overviewOf } from '../../../src/admin/dashboard/page/model/overview.ts';
import type { ExchangeAnswer, StatusAnswer } from '../../../src/admin/dashboard/page/model/wire.ts';
import { dashboardRoutes } from '../../../src/admin/dashboard/routes.ts';
import { scratchDirectory } from '../../support/scratch.ts';
import { failed } from '../../unit/policy/fixtures.ts';
import { attempt, ended, upstreamReading } from '../../unit/telemetry/fixtures.ts';
import { startStillAdmin } from './fixtures.ts';

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'; form-action 'none'";
const FILES = { '/': 'text/html; charset=utf-8', '/dashboard.js': 'text/javascript; charset=utf-8', '/dashboard.css': 'text/css; charset=utf-8' };

/** The listener with the page's files from elsewhere, and how often they were loaded. */
async function withFiles(load: () => Promise<DashboardFiles>) {
  const loads = { count: 0 };
  const routes = dashboardRoutes(() => {
    loads.count++;
    return load();
  });
  return { loads, server: await startStillAdmin({ routes }) };
}

describe('the dashboard', () => {
  it('is a page, a script and a style sheet, under a policy that lets nothing else run or load', async () => {
    await using server = await startStillAdmin();
    for (const [path, type] of Object.entries(FILES)) {
      const { status, headers, text } = await server.ask('GET', path);
      expect(status).toBe(200);
      expect(headers).toMatchObject({
        'content-type': type,
        'content-security-policy': POLICY,
        'cache-control': 'no-cache',
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'content-length': String(Buffer.byteLength(text)),
      });
    }
  });

  it('has all that it needs in these: nothing within the page that the policy forbids, no address of another server', async () => {
    await using server = await startStillAdmin();
    const page = (await server.ask('GET', '/')).text;
    expect(page).not.toMatch(/<style|style=|<script(?! type="module" src="dashboard.js">)|\son\w+=/);
    expect((page.match(/(?:src|href)="[^"]*"/g) ?? []).filter((link) => !/"(?:dashboard\.\w+|health|data:image\/svg\+xml,.*)"$/.test(link))).toEqual(
      [],
    );
    const script = (await server.ask('GET', '/dashboard.js')).text;
    expect(script).not.toMatch(/^\s*(?:import\b|export .* from)/m);
    const style = (await server.ask('GET', '/dashboard.css')).text;
    expect(style).not.toMatch(/@import|url\(/);
    // what the charts need stands in it, before what the page says of them
    expect(style.indexOf('.u-over')).toBeGreaterThanOrEqual(0);
  });

  it('answers 304 to a browser that has it, whatever else it has', async () => {
    await using server = await startStillAdmin();
    for (const path of Object.keys(FILES)) {
      const { etag = '' } = (await server.ask('GET', path)).headers;
      for (const known of [String(etag), `"other", W/${String(etag)}`, '*']) {
        const again = await server.ask('GET', path, { 'if-none-match': known });
        expect(again).toMatchObject({ status: 304, text: '' });
        expect(again.headers).toMatchObject({ etag, 'cache-control': 'no-cache', 'content-security-policy': POLICY });
      }
      expect((await server.ask('GET', path, { 'if-none-match': '"other"' })).status).toBe(200);
      expect((await server.ask('HEAD', path)).headers['etag']).toBe(etag);
    }
    expect((await server.ask('GET', '/health', { 'if-none-match': '*' })).status).toBe(200);
  });

  it('is loaded when it is first asked for, once', async () => {
    const { loads, server } = await withFiles(() => Promise.resolve({ script: 'let a;', style: 'a{}' }));
    await using _ = server;
    await server.ask('GET', '/health');
    await server.ask('GET', '/api');
    expect(loads.count).toBe(0);
    await Promise.all(['/', '/dashboard.js', '/dashboard.css'].map((path) => server.ask('GET', path)));
    expect((await server.ask('GET', '/dashboard.js')).text).toBe('let a;');
    expect(loads.count).toBe(1);
  });

  it('says what is missing where its files are not there, leaves all else alone, and looks again', async () => {
    await using folder = await scratchDirectory();
    const at = pathToFileURL(`${folder.path}/<b>/`);
    const { server } = await withFiles(() => fromBuild(at));
    await using _ = server;
    const { status, headers, text } = await server.ask('GET', '/');
    expect(status).toBe(500);
    expect(headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': expect.stringContaining("default-src 'none'"),
    });
    expect(text).toContain('ENOENT');
    expect(text).toContain('npm run build');
    expect(text).not.toContain('<b>');
    expect((await server.ask('GET', '/dashboard.js')).status).toBe(500);
    expect((await server.ask('GET', '/health')).status).toBe(200);
    expect(server.telemetry.stats.internalErrors).toBe(0);
  });

  it('serves what the build has made', async () => {
    await using folder = await scratchDirectory();
    await writeFile(`${folder.path}/dashboard.js`, 'built()');
    await writeFile(`${folder.path}/dashboard.css`, 'b{}');
    const { server } = await withFiles(() => fromBuild(pathToFileURL(`${folder.path}/`)));
    await using _ = server;
    expect([(await server.ask('GET', '/')).status, (await server.ask('GET', '/dashboard.js')).text]).toEqual([200, 'built()']);
    expect((await server.ask('GET', '/dashboard.css')).text).toBe('b{}');
  });

  it('refuses a foreign Host and other methods as everything does', async () => {
    await using server = await startStillAdmin();
    expect((await server.ask('GET', '/', { host: 'evil.example' })).status).toBe(421);
    expect(await server.ask('POST', '/dashboard.js', { 'x-breakwater-admin': '1' })).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } });
  });
});

describe('what the page reads', () => {
  it('is what the API says', async () => {
    await using server = await startStillAdmin();
    const { telemetry, clock } = server;
    const timeout = failed({ code: 'http_response_timeout', phase: 'headers', kind: 'timeout', detail: 'headers timeout after 7000 ms' });
    const bad = attempt({ status: undefined, failure: timeout });
    telemetry.attemptEnded(ended(), bad);
    telemetry.exchangeEnded(ended({ status: 504, failure: timeout, attempts: [bad], source: 'proxy', startedAt: clock.now() }), 7001);
    const breaker = { upstream: 'api', breaker: 'default', authority: 'api.example', state: 'open' as const, retryAfterMs: 41_000 };
    const quotas = [{ scope: 'pro', rule: 'day', retryAfterMs: 1000 }];
    server.app.all = [upstreamReading({ breakers: [breaker], quotas, probe: { ok: true, latencyMs: 12, at: clock.wallNow() } })];

    const status = (await server.read('/api/status')) as unknown as StatusAnswer;
    const { exchanges } = (await server.read('/api/exchanges')) as unknown as { exchanges: ExchangeAnswer[] };
    const history = new History();
    history.take(status);
    history.backfill(exchanges, 1000, status);
    const now = Date.parse(status.time);
    expect(now).toBe(clock.wallNow());
    expect(overviewOf(status)).toMatchObject({
      word: 'Down',
      reasons: [{ subject: 'api', text: 'the breaker for api.example is open, next probe in 41 s' }],
    });
    const [dependency, hosts] = [status.dependencies['api'], status.upstreams[0]?.hosts ?? []];
    if (dependency === undefined) throw new Error('the dependency is not there');
    const card = cardOf({ name: 'api', hosts, dependency, recent: history.recent(now, 'api'), now });
    expect(card).toMatchObject({
      hosts: 'api.example',
      lastError: { head: 'timeout in phase headers', detail: 'headers timeout after 7000 ms' },
      breakers: [{ state: 'open', until: 'next try in 41 s' }],
      notes: ['quota used up: pro (day), for 1 s'],
    });
    expect(card.figures.map(({ name, value }) => `${name}: ${value}`)).toEqual(
      expect.arrayContaining(['Error rate: 100 %', 'Probe: 12 ms', 'Retries: 0', 'Cache hits: –', expect.stringMatching(/^P95: [67]\.\d+ s$/)]),
    );
    expect(history.recent(now, 'api', 'messages')).toMatchObject({ requests: 1, failed: 1 });
    expect(exchanges.map(exchangeRow)).toMatchObject([{ outcome: 'failed', status: '504', tries: [{ result: 'timeout in phase headers' }] }]);
    expect(JSON.stringify([card, overviewOf(status), exchanges.map(exchangeRow)])).not.toMatch(/undefined|NaN|\[object/);
  });
});
