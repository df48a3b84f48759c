import { describe, expect, it } from 'vitest';
import { freePort } from '../../support/servers.ts';
import { allHeard, clientOfEach, metric, Origin, startWorkers } from './fixtures.ts';

const ONE_TRY = 'retry: { attempts: 1 }';
const BREAKER = `${ONE_TRY}, breaker: { consecutive: 5, openFor: 60s }`;

describe('several workers', () => {
  it('count, show and list as one', async () => {
    await using origin = await Origin.start();
    await using app = await startWorkers(origin, ONE_TRY);
    const [a, b] = (await clientOfEach(app)) as [never, never];
    using first = a as Awaited<ReturnType<typeof clientOfEach>>[number];
    using second = b as Awaited<ReturnType<typeof clientOfEach>>[number];
    const before = origin.requests.length;
    await Promise.all([first.get('/api/ok'), second.get('/api/ok'), second.get('/api/fail')]);
    const health = (await (await fetch(`${app.adminUrl}/health`)).json()) as {
      dependencies: { api: { errorRate: { samples: number; failed: number } } };
    };
    expect(health.dependencies.api.errorRate).toMatchObject({ samples: before + 3, failed: 1 });
    const labels = 'upstream="api",route="default",method="GET",code="200",source="upstream",outcome="ok"';
    expect(await metric(app, `breakwater_requests_total{${labels}}`)).toBe(before + 2);
    expect(await metric(app, 'breakwater_workers{state="ready"}')).toBe(2);
    for (const each of ['cpu_seconds_total', 'resident_memory_bytes', 'heap_used_bytes', 'eventloop_active_seconds_total'])
      for (const worker of [0, 1]) expect(await metric(app, `breakwater_worker_${each}{worker="${worker}"}`)).toBeGreaterThan(0);
    const listed = (await (await fetch(`${app.adminUrl}/api/exchanges?limit=1000`)).json()) as { exchanges: { id: string }[] };
    expect(new Set(listed.exchanges.map(({ id }) => id.split('-')[0]))).toEqual(new Set([first.process, second.process]));
    expect(listed.exchanges).toHaveLength(before + 3);
  });

  it('open a breaker on failures in a row that are spread over them, counted and said once', async () => {
    await using origin = await Origin.start();
    await using app = await startWorkers(origin, BREAKER);
    const clients = await clientOfEach(app);
    for (const client of [0, 0, 0, 1, 1]) {
      expect((await clients[client]?.get('/api/fail'))?.status).toBe(500);
      await allHeard(app);
    }
    for (const client of clients) expect((await client.get('/api/ok')).status).toBe(503);
    expect(await metric(app, 'breakwater_breaker_transitions_total{upstream="api",breaker="default",to="open",reason="consecutive"}')).toBe(1);
    expect(app.log.filter((line) => line['msg'] === 'breaker open')).toHaveLength(1);
    for (const client of clients) client[Symbol.dispose]();
  });

  it('take a good answer in one of them for the end of a run of failures', async () => {
    await using origin = await Origin.start();
    await using app = await startWorkers(origin, BREAKER);
    const [first, second] = await clientOfEach(app);
    for (let i = 0; i < 4; i++) await first?.get('/api/fail');
    await allHeard(app);
    expect((await second?.get('/api/ok'))?.status).toBe(200);
    await allHeard(app);
    for (let i = 0; i < 4; i++) expect((await first?.get('/api/fail'))?.status).toBe(500);
    expect((await first?.get('/api/ok'))?.status).toBe(200);
    first?.[Symbol.dispose]();
    second?.[Symbol.dispose]();
  });

  it('let one probe of a half-open breaker through in all, and close it in all', async () => {
    await using origin = await Origin.start();
    await using app = await startWorkers(origin, `${ONE_TRY}, breaker: { consecutive: 2, openFor: 10ms }`);
    const [first, second] = await clientOfEach(app);
    for (let i = 0; i < 2; i++) await first?.get('/api/fail');
    await app.said((line) => line['msg'] === 'breaker open');
    // its open time is over before anyone can ask
    await allHeard(app);
    const probe = first?.get('/api/held');
    await origin.held();
    expect((await second?.get('/api/ok'))?.status).toBe(503);
    expect(app.log.filter((line) => line['msg'] === 'breaker half-open')).toHaveLength(1);
    origin.release();
    expect((await probe)?.status).toBe(200);
    await app.said((line) => line['msg'] === 'breaker closed');
    await allHeard(app);
    expect((await second?.get('/api/ok'))?.status).toBe(200);
    first?.[Symbol.dispose]();
    second?.[Symbol.dispose]();
  });

  it('change a breaker in all when it is changed by hand', async () => {
    await using origin = await Origin.start();
    await using app = await startWorkers(origin, BREAKER);
    const clients = await clientOfEach(app);
    const act = async (action: string): Promise<unknown> =>
      (await fetch(`${app.adminUrl}/api/breakers/api/default/${action}`, { method: 'POST', headers: { 'x-breakwater-admin': '1' } })).json();
    expect(await act('isolate')).toMatchObject({ breakers: [{ state: 'isolated' }] });
    await allHeard(app);
    for (const client of clients) expect((await client.get('/api/ok')).status).toBe(503);
    expect(await act('reset')).toMatchObject({ breakers: [{ state: 'closed' }] });
    await allHeard(app);
    for (const client of clients) expect((await client.get('/api/ok')).status).toBe(200);
    for (const client of clients) client[Symbol.dispose]();
  });

  it('hold what a used-up quota stops in all, and open it in all by hand', async () => {
    await using origin = await Origin.start();
    const rule = '{ status: [500], as: answered, code: spent, quota: { until: duration, for: 1h } }';
    await using app = await startWorkers(origin, `${ONE_TRY}, breaker: { enabled: false }, classify: [${rule}]`);
    const clients = await clientOfEach(app);
    await clients[0]?.get('/api/fail');
    await allHeard(app);
    for (const client of clients) expect((await client.get('/api/ok')).status).toBe(429);
    const health = await (await fetch(`${app.adminUrl}/health`)).json();
    expect(health).toMatchObject({ dependencies: { api: { quotas: [{ rule: 'spent' }] } } });
    const opened = await fetch(`${app.adminUrl}/api/quotas/api/open`, { method: 'POST', headers: { 'x-breakwater-admin': '1' } });
    expect(await opened.json()).toEqual({ opened: 1, quotas: [] });
    for (const client of clients) expect((await client.get('/api/ok')).status).toBe(200);
    for (const client of clients) client[Symbol.dispose]();
  });

  it('spend one retry budget', async () => {
    await using origin = await Origin.start();
    const retry = 'retry: { attempts: 2, resends: 0s, backoff: { base: 1ms, max: 1ms }, budget: { ratio: 0, minPerSecond: 0.3, window: 10s } }';
    await using app = await startWorkers(origin, retry);
    const clients = await clientOfEach(app);
    for (let round = 0; round < 4; round++) {
      for (const client of clients) {
        await client.get('/api/fail');
        await allHeard(app);
      }
    }
    // eight requests, and the three retries that the floor of ten seconds allows
    expect(origin.count('/fail')).toBe(8 + 3);
    for (const client of clients) client[Symbol.dispose]();
  });

  it('drop in all of them what a write in one has made stale, before its answer goes out', async () => {
    await using origin = await Origin.start();
    await using app = await startWorkers(origin, 'cache: { enabled: true }');
    const clients = await clientOfEach(app);
    const [first] = clients;
    for (let round = 0; round < 5; round++) {
      for (const client of clients) expect((await client.get('/api/thing')).body).toBe(`version ${round + 1}`);
      expect((await first?.send('POST', '/api/thing', 'x'))?.status).toBe(201);
    }
    expect(origin.count('GET /thing')).toBe(10);
    for (const client of clients) await client.get('/api/thing');
    const purge = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"all":true}' };
    expect(await (await fetch(`${app.adminUrl}/api/cache/purge`, purge)).json()).toEqual({ purged: 2 });
    for (const client of clients) client[Symbol.dispose]();
  });

  it('do not send a message twice when its client comes back to another worker', async () => {
    await using origin = await Origin.start();
    await using app = await startWorkers(origin, `${ONE_TRY}, repeatable: false, resend: { enabled: true }`);
    const [first, second] = await clientOfEach(app);
    const leaves = new AbortController();
    const left = first?.send('POST', '/api/held', 'hello', leaves.signal).catch(() => 'left');
    await origin.held();
    leaves.abort();
    expect(await left).toBe('left');
    await allHeard(app);
    const again = second?.send('POST', '/api/held', 'hello');
    // it waits for the answer of the first: the origin sees one request
    await allHeard(app);
    origin.release(201, 'sent');
    expect(await again).toMatchObject({ status: 201, body: 'sent' });
    expect(origin.count('POST /held')).toBe(1);
    // and a third is a new one
    const anew = second?.send('POST', '/api/held', 'hello');
    await origin.held();
    origin.release(201, 'sent anew');
    expect((await anew)?.body).toBe('sent anew');
    first?.[Symbol.dispose]();
    second?.[Symbol.dispose]();
  });

  it('take up a new configuration, all or none', async () => {
    await using origin = await Origin.start();
    await using app = await startWorkers(origin, ONE_TRY);
    const yaml = (name: string, more = ''): string =>
      `version: 1\nworkers: 2\nlisten: { port: 0 }\nadmin: { port: 0 }\nupstreams:\n  ${name}: { origin: "${origin.url}"${more} }\n`;
    app.configure(yaml('renamed', ', listen: { port: 0 }'));
    app.signal('SIGHUP');
    await app.said((line) => line['msg'] === 'configuration reloaded');
    for (const client of await clientOfEach(app, 2, '/renamed/ok')) {
      expect((await client.get('/renamed/ok')).status).toBe(200);
      expect((await client.get('/api/ok')).status).toBe(404);
      client[Symbol.dispose]();
    }
    app.configure(yaml('bad name!'));
    app.signal('SIGHUP');
    await app.said((line) => String(line['msg']).startsWith('configuration refused'));
    for (const client of await clientOfEach(app, 2, '/renamed/ok')) {
      expect((await client.get('/renamed/ok')).status).toBe(200);
      client[Symbol.dispose]();
    }
  });

  it('hold a breaker open by hand in all, though a reload had dropped it while it was held', async () => {
    await using origin = await Origin.start();
    await using app = await startWorkers(origin, BREAKER);
    const yaml = (name: string): string =>
      `version: 1\nworkers: 2\nlisten: { port: 0 }\nadmin: { port: 0 }\nupstreams:\n  ${name}: { origin: "${origin.url}", ${BREAKER} }\n`;
    const isolate = { method: 'POST', headers: { 'x-breakwater-admin': '1' } };
    const held = async (): Promise<void> => {
      const clients = await clientOfEach(app);
      expect((await fetch(`${app.adminUrl}/api/breakers/api/default/isolate`, isolate)).status).toBe(200);
      await allHeard(app);
      expect(await Promise.all(clients.map(async (client) => (await client.get('/api/ok')).status))).toEqual([503, 503]);
      for (const client of clients) client[Symbol.dispose]();
    };
    await held();
    for (const [times, name] of ['other', 'api'].entries()) {
      app.configure(yaml(name));
      app.signal('SIGHUP');
      await app.said(() => app.log.filter((line) => line['msg'] === 'configuration reloaded').length > times);
    }
    await held();
  });

  it('keep the port of an upstream that is renamed, and move it to another host', async () => {
    await using origin = await Origin.start();
    const port = await freePort();
    const listen = (host: string): string => `listen: { host: "${host}", port: ${port} }`;
    await using app = await startWorkers(origin, listen('127.0.0.1'));
    const yaml = (host: string): string =>
      `version: 1\nworkers: 2\nlisten: { port: 0 }\nadmin: { port: 0 }\nupstreams:\n  renamed: { origin: "${origin.url}", ${listen(host)} }\n`;
    const status = async (host: string): Promise<number> => (await fetch(`http://${host}:${port}/ok`, { headers: { connection: 'close' } })).status;
    for (const [times, host] of ['127.0.0.1', '0.0.0.0', '127.0.0.1'].entries()) {
      app.configure(yaml(host));
      app.signal('SIGHUP');
      await app.said(() => app.log.filter((line) => line['msg'] === 'configuration reloaded').length > times);
      expect(await Promise.all(Array.from({ length: 8 }, () => status('127.0.0.1')))).toEqual(Array(8).fill(200));
    }
    await expect(status('127.0.0.2')).rejects.toThrow('fetch failed');
  });
});
