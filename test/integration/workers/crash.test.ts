import { Agent, get } from 'node:http';
import { describe, expect, it } from 'vitest';
import { RunningBreakwater } from '../../support/breakwater.ts';
import { allHeard, clientOfEach, metric, Origin, pidsOf, startWorkers } from './fixtures.ts';

const ONE_TRY = 'retry: { attempts: 1 }';
const EVICTIONS = 'breakwater_cache_evictions_total{store="memory"}';
const REQUESTS = 'breakwater_requests_total{upstream="api",route="default",method="GET",code="200",source="upstream",outcome="ok"}';

/** Waits until as many workers became ready as this, replaced ones counted. */
function started(app: RunningBreakwater, count: number): Promise<unknown> {
  return app.said(() => pidsOf(app).length >= count);
}

/** One request on a connection of its own, or of `agent`; the error where it broke. */
function ask(url: string, agent: Agent | false): Promise<string> {
  return new Promise((resolve) => {
    const sent = get(url, { agent }, (response) => {
      response.resume();
      response.on('end', () => resolve(String(response.statusCode)));
      response.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    });
    sent.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
}

/** Asks on and on until `done`, one request at a time. What came of each. */
async function traffic(url: string, agent: Agent | false, done: () => boolean): Promise<string[]> {
  const came: string[] = [];
  while (!done()) came.push(await ask(url, agent));
  return came;
}

describe('a worker that dies', () => {
  it('takes no more with it than what it was answering, and is replaced', async () => {
    await using origin = await Origin.start();
    await using app = await startWorkers(origin, ONE_TRY);
    const counts: number[] = [];
    let over = false;
    const kept = Array.from({ length: 4 }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
    const loads = [...kept.map((agent) => agent as Agent | false), ...Array.from({ length: 8 }, () => false as const)];
    const running = loads.map((agent) => traffic(`${app.proxyUrl}/api/ok`, agent, () => over));
    for (const victim of [0, 1, 2]) {
      counts.push(await metric(app, REQUESTS));
      process.kill(pidsOf(app).at(victim) ?? 0, 'SIGKILL');
      await started(app, 3 + victim);
      counts.push(await metric(app, REQUESTS));
    }
    over = true;
    const came = await Promise.all(running);
    for (const agent of kept) agent.destroy();
    for (const each of came) {
      // each client has one request under way at a time: each of the three deaths can have cost it one, and nothing else was lost or refused
      expect(each.filter((one) => one !== '200').length).toBeLessThanOrEqual(3);
      expect(each.every((one) => one === '200' || one === 'ECONNRESET')).toBe(true);
      expect(each.length).toBeGreaterThan(10);
    }
    expect(counts).toEqual(counts.toSorted((x, y) => x - y));
    expect(await metric(app, 'breakwater_worker_restarts_total')).toBe(3);
    expect(app.log.filter((line) => String(line['msg']).startsWith('worker died'))).toHaveLength(3);
    expect(app.log.find((line) => String(line['msg']).startsWith('worker died'))).toMatchObject({ signal: 'SIGKILL', waitMs: 0 });
  });

  it('leaves what its cache has counted', async () => {
    await using origin = await Origin.start();
    await using app = await startWorkers(origin, `${ONE_TRY}, cache: { ttl: 60s }`, 'cache: { maxBytes: 64KiB }\n');
    for (let i = 0; i < 100; i++) await (await fetch(`${app.proxyUrl}/api/ok?${i}`)).text();
    const evictions = await metric(app, EVICTIONS);
    expect(evictions).toBeGreaterThan(0);
    for (const [at, pid] of pidsOf(app).entries()) {
      process.kill(pid, 'SIGKILL');
      await started(app, 3 + at);
    }
    expect(await metric(app, EVICTIONS)).toBe(evictions);
  });

  it('leaves the connections that wait at its socket to the others while nobody replaces it', async () => {
    await using origin = await Origin.start();
    await using app = await startWorkers(origin, ONE_TRY);
    const [first, second] = pidsOf(app);
    // it accepts no more, but the kernel does for it
    process.kill(second ?? 0, 'SIGSTOP');
    const asked = Array.from({ length: 24 }, () => ask(`${app.proxyUrl}/api/ok`, false));
    const some = await Promise.any(asked);
    expect(some).toBe('200');
    process.kill(second ?? 0, 'SIGKILL');
    expect(new Set(await Promise.all(asked))).toEqual(new Set(['200']));
    expect(first).not.toBe(second);
  });

  it('is replaced by one that knows which breakers are open', async () => {
    await using origin = await Origin.start();
    await using app = await startWorkers(origin, `${ONE_TRY}, breaker: { consecutive: 2, openFor: 60s }`);
    const [client] = await clientOfEach(app);
    for (let i = 0; i < 2; i++) await client?.get('/api/fail');
    await app.said((line) => line['msg'] === 'breaker open');
    for (const pid of pidsOf(app)) {
      const before = pidsOf(app).length;
      process.kill(pid, 'SIGKILL');
      await started(app, before + 1);
    }
    for (const each of await clientOfEach(app)) {
      expect((await each.get('/api/ok')).status).toBe(503);
      each[Symbol.dispose]();
    }
    client?.[Symbol.dispose]();
  });

  it('is replaced by one that knows which breakers are held open by hand, those that nobody has asked for yet too', async () => {
    await using origin = await Origin.start();
    await using app = await startWorkers(origin, `${ONE_TRY}, breaker: { scope: [authority, "path:.*"] }`);
    const url = `${app.adminUrl}/api/breakers/api/default/isolate`;
    expect((await fetch(url, { method: 'POST', headers: { 'x-breakwater-admin': '1' } })).status).toBe(200);
    for (const pid of pidsOf(app)) {
      const before = pidsOf(app).length;
      process.kill(pid, 'SIGKILL');
      await started(app, before + 1);
    }
    const clients = await clientOfEach(app, 2, '/api/thing');
    for (const each of clients) {
      expect((await each.get('/api/ok')).status).toBe(503);
      each[Symbol.dispose]();
    }
    expect(origin.requests).toEqual([]);
  });

  it('gives up the probe that it was making', async () => {
    await using origin = await Origin.start();
    await using app = await startWorkers(origin, `${ONE_TRY}, breaker: { consecutive: 1, openFor: 10ms, probeTimeout: 60s }`);
    const clients = await clientOfEach(app);
    await clients[0]?.get('/api/fail');
    await app.said((line) => line['msg'] === 'breaker open');
    await allHeard(app);
    const probe = clients[0]?.get('/api/held').catch(() => 'lost');
    await origin.held();
    const exchanges = pidsOf(app);
    // whichever of the two it is: the other one goes on
    for (const pid of exchanges) {
      process.kill(pid, 'SIGKILL');
      await started(app, pidsOf(app).length + 1);
    }
    expect(await probe).toBe('lost');
    const [anew] = await clientOfEach(app);
    expect((await anew?.get('/api/ok'))?.status).toBe(200);
    for (const client of [...clients, anew]) client?.[Symbol.dispose]();
  });
});

describe('workers', () => {
  it('finish what runs on SIGTERM, all of them, and end with 0', async () => {
    await using origin = await Origin.start();
    await using app = await startWorkers(origin, ONE_TRY);
    const clients = await clientOfEach(app);
    const [first] = clients;
    const answer = first?.get('/api/held');
    await origin.held();
    const counted = await metric(app, REQUESTS);
    app.signal('SIGTERM');
    await app.said((line) => line['msg'] === 'stopped' && line['worker'] !== undefined);
    // its process ends after that
    await expect.poll(() => metric(app, 'breakwater_workers{state="ready"}')).toBe(1);
    expect(await metric(app, REQUESTS)).toBe(counted);
    expect(await ask(`${app.proxyUrl}/api/ok`, false)).toBe('ECONNREFUSED');
    expect((await fetch(`${app.adminUrl}/health/ready`)).status).toBe(503);
    origin.release();
    expect((await answer)?.body).toBe('released');
    expect(await app.exited).toBe(0);
    expect(app.log.at(-1)).toMatchObject({ msg: 'stopped', clean: true });
    for (const client of clients) client[Symbol.dispose]();
  });

  it('end with the primary where it is killed', async () => {
    await using origin = await Origin.start();
    await using app = await startWorkers(origin, ONE_TRY);
    app.signal('SIGKILL');
    // its outputs are closed when the last of its workers has ended
    await app.exited;
    expect(await ask(`${app.proxyUrl}/api/ok`, false)).toBe('ECONNREFUSED');
  });

  it('do not share a port with another program', async () => {
    await using origin = await Origin.start();
    await using app = await startWorkers(origin, ONE_TRY);
    const port = new URL(app.proxyUrl).port;
    const second = RunningBreakwater.start(`version: 1\nworkers: 2\nlisten: { port: ${port} }\nadmin: { port: 0 }\n`);
    await expect(second).rejects.toThrow(/ended with 1.*the port is taken/s);
  });

  it('log with their number, each line whole', async () => {
    await using origin = await Origin.start();
    await using app = await startWorkers(origin, ONE_TRY);
    const clients = await clientOfEach(app);
    await Promise.all(clients.map((client) => client.get('/api/ok')));
    for (const worker of [0, 1]) {
      const line = await app.said((one) => one['worker'] === worker && one['msg'] === 'exchange');
      expect(line).toMatchObject({ level: 'info', upstream: 'api', status: 200 });
    }
    for (const client of clients) client[Symbol.dispose]();
  });
});
