import { describe, expect, it, vi } from 'vitest';
import type { ProbeConfig } from '../../../src/config/schema.ts';
import { systemClock } from '../../../src/model/clock.ts';
import { BreakerRegistry } from '../../../src/policy/breaker/registry.ts';
import { Probe, type ProbeResult } from '../../../src/upstream/probe.ts';
import { exchangeOf, Notes } from '../../unit/policy/fixtures.ts';
import { client, get, RawUpstream } from './fixtures.ts';

function http(status: number, body: string, headers = ''): string {
  return `HTTP/1.1 ${status} X\r\nContent-Length: ${body.length}\r\n${headers}\r\n${body}`;
}

/** Runs a probe until it has told `count` results. */
async function results(authority: string, config: Partial<ProbeConfig>, count = 1): Promise<ProbeResult[]> {
  await using from = client(authority);
  const told: ProbeResult[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const probe = new Probe(
    { upstream: 'api', scheme: 'http', authority },
    { path: '/health', every: 5, timeout: 10_000, ...config },
    from.service,
    systemClock,
    (result) => {
      told.push(result);
      if (told.length >= count) resolve();
    },
  );
  probe.start();
  await promise;
  probe.stop();
  return told;
}

describe('an active probe', () => {
  it.each<[string, number, string, Partial<ProbeConfig>, string]>([
    ['any answer below 500 is good', 401, '', {}, ''],
    ['a 503 is not', 503, '', {}, 'status 503'],
    ['only the statuses that are asked for are, where any are', 401, '', { expect: { status: [200] } }, 'status 401'],
    ['a header may be asked for', 400, '', { expect: { header: 'X-Fb-Trace-Id' } }, 'no header x-fb-trace-id'],
    ['a value in the body may be', 400, '{"error":{"code":100}}', { expect: { json: 'error.code' } }, ''],
    ['and is missed', 400, '<html>', { expect: { json: 'error.code' } }, 'no error.code in the body'],
  ])('finds that %s', async (_name, status, body, config, what) => {
    await using upstream = await RawUpstream.start((socket) => socket.write(http(status, body)));
    const [result] = await results(upstream.authority, config);
    expect(result).toMatchObject({ ok: what === '', what });
  });

  it('outlives a bug beneath it, tells it, and asks again', async () => {
    const bugs: unknown[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    const broken = (): Promise<never> => Promise.reject(new Error('a bug'));
    const target = { upstream: 'api', scheme: 'http', authority: 'x.test' } as const;
    const probe = new Probe(
      target,
      { path: '/', every: 1 },
      broken,
      systemClock,
      () => undefined,
      undefined,
      (bug) => {
        bugs.push(bug);
        if (bugs.length === 2) resolve();
      },
    );
    probe.start();
    await promise;
    probe.stop();
    expect(bugs).toHaveLength(2);
  });

  it('sends what it is told to', async () => {
    await using upstream = await RawUpstream.start((socket) => socket.write(http(204, '')));
    await results(upstream.authority, { method: 'GET', headers: { ApiKey: 'anon' } });
    expect(upstream.received[0]).toMatch(/^GET \/health HTTP\/1\.1\r\n(.+\r\n)*apikey: anon\r\n/);
  });

  it('fails when nobody listens, and when nobody answers in time', async () => {
    await using silent = await RawUpstream.start(() => undefined);
    expect(await results(silent.authority, { timeout: 30 })).toMatchObject([{ ok: false, what: 'http_response_timeout' }]);
    await silent[Symbol.asyncDispose]();
    expect(await results(silent.authority, {})).toMatchObject([{ ok: false, what: 'connection_refused' }]);
  });

  it('goes on by itself until it is stopped', async () => {
    await using upstream = await RawUpstream.start((socket) => socket.write(http(200, '')));
    expect(await results(upstream.authority, {}, 3)).toHaveLength(3);
    expect(upstream.sockets.size).toBe(1);
  });

  it('is forgotten as soon as it is not wanted any more, one that was under way too', async () => {
    let answer = (): void => undefined;
    await using upstream = await RawUpstream.start((socket, number) => {
      const fail = (): void => void socket.write(http(500, ''));
      if (number === 1) fail();
      else answer = fail;
    });
    await using from = client(upstream.authority);
    let wanted = true;
    const told: ProbeResult[] = [];
    const target = { upstream: 'api', scheme: 'http', authority: upstream.authority } as const;
    const probe = new Probe(
      target,
      { path: '/', every: 1 },
      from.service,
      systemClock,
      (result) => told.push(result),
      () => wanted,
    );
    probe.start();
    await vi.waitUntil(() => upstream.received.length === 2);
    expect(probe.last).toMatchObject({ ok: false });
    wanted = false;
    expect(probe.last).toBeUndefined();
    answer();
    await vi.waitUntil(() => told.length === 2);
    expect(probe.last).toBeUndefined();
    probe.stop();
  });

  it('finds nothing while it waits for a connection of a pool that is full', async () => {
    await using upstream = await RawUpstream.start((socket, number) => {
      if (number > 1) socket.write(http(200, ''));
    });
    await using from = client(upstream.authority, {}, 1);
    const long = get(upstream.authority);
    const answer = from.service(long);
    const told: ProbeResult[] = [];
    const [waited, found] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let asked = 0;
    const probe = new Probe(
      { upstream: 'api', scheme: 'http', authority: upstream.authority },
      { path: '/health', every: 5, timeout: 200 },
      from.service,
      systemClock,
      (result) => {
        told.push(result);
        found.resolve();
      },
      () => {
        if (++asked === 3) waited.resolve();
        return true;
      },
    );
    probe.start();
    await waited.promise;
    expect([told, probe.last]).toEqual([[], undefined]);
    long.abort();
    await answer;
    await found.promise;
    probe.stop();
    expect(told).toMatchObject([{ ok: true }]);
  });

  it('opens the breaker of its host before a request has failed, and half-opens it when the host is back', async () => {
    let healthy = false;
    await using upstream = await RawUpstream.start((socket) => socket.write(http(healthy ? 200 : 500, '')));
    await using from = client(upstream.authority);
    const notes = new Notes();
    const registry = new BreakerRegistry('api', systemClock, notes);
    const options = {
      consecutive: 5,
      ratio: undefined,
      windowMs: 1e4,
      minimum: 10,
      slow: undefined,
      openForMs: 6e4,
      openMaxMs: 3e5,
      probes: 1,
      probeTimeoutMs: 3e4,
      rampMs: 0,
    };
    const breakerOf = registry.group('default', options);
    const { promise, resolve } = Promise.withResolvers<void>();
    const probe = new Probe(
      { upstream: 'api', scheme: 'http', authority: upstream.authority },
      { path: '/', every: 5 },
      from.service,
      systemClock,
      ({ ok, what }) => {
        registry.probed(upstream.authority, ok, what, probe.leaseMs, 2);
        const { state } = breakerOf(exchangeOf({ authority: upstream.authority }));
        if (state === 'open') healthy = true;
        if (state === 'half-open') resolve();
      },
    );
    probe.start();
    await promise;
    probe.stop();
    expect(notes.transitions.map(({ to, cause }) => `${to} ${cause}`)).toEqual(['open active_probe', 'half-open active_probe']);
  });
});
