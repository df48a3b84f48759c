import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/model/clock.ts';
import { Resolver } from '../../../src/upstream/dns.ts';
import { client, get, OK, RawUpstream, read } from './fixtures.ts';

function resolvesTo(...addresses: [string, number][]): Resolver {
  return new Resolver(systemClock, {}, (_host, callback) =>
    callback(
      undefined,
      addresses.map(([address, family]) => ({ address, family })),
    ),
  );
}

describe('the addresses of a name', () => {
  it('are all tried: dead ones, of either family, do not keep the request from a live one', async () => {
    await using upstream = await RawUpstream.start((socket) => socket.write(OK));
    const host = `api.test:${upstream.authority.split(':')[1] ?? ''}`;
    await using from = client(host, {}, 1, {}, resolvesTo(['::1', 6], ['127.0.0.2', 4], ['127.0.0.3', 4], ['127.0.0.1', 4]));
    expect(await read(await from.service(get(host)))).toBe('ok');
  });

  it('fail together as unsent when nobody listens at any', async () => {
    const upstream = await RawUpstream.start(() => undefined);
    await upstream[Symbol.asyncDispose]();
    const host = `api.test:${upstream.authority.split(':')[1] ?? ''}`;
    await using from = client(host, {}, 1, {}, resolvesTo(['::1', 6], ['127.0.0.1', 4]));
    expect(await read(await from.service(get(host, '/', 'POST')))).toBe('connect/refused/unsent');
  });

  it('can be set aside by `resolve`, for all hosts or for one', async () => {
    await using upstream = await RawUpstream.start((socket) => socket.write(OK));
    const never = new Resolver(systemClock, {}, () => {
      throw new Error('looked up');
    });
    await using all = client('api.test', {}, 1, { resolve: upstream.authority }, never);
    expect(await read(await all.service(get('api.test')))).toBe('ok');
    await using one = client('api.test', {}, 1, { resolve: { 'media.test': upstream.authority } }, never);
    expect(await read(await one.service(get('media.test')))).toBe('ok');
    expect(upstream.received[1]).toContain('host: media.test');
    const port = '8443';
    await using several = client('api.test', {}, 1, { resolve: { 'Media.Test': upstream.authority, '[::1]': upstream.authority } }, never);
    expect(await read(await several.service(get(`media.test:${port}`)))).toBe('ok');
    expect(await read(await several.service(get(`[::1]:${port}`)))).toBe('ok');
  });

  it('are looked up again by and by: who moved is found without a restart, busy connections or not', async () => {
    await using before = await RawUpstream.start((socket) => socket.write(OK));
    const port = before.authority.split(':')[1] ?? '';
    await using after = await RawUpstream.start((socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nmoved'), {
      host: '127.0.0.2',
      port: Number(port),
    });
    let address = '127.0.0.1';
    const resolver = new Resolver(systemClock, { ttlMs: 0 }, (_host, callback) => callback(undefined, [{ address, family: 4 }]));
    let clockMs = 0;
    const clock = { ...systemClock, now: () => systemClock.now() + clockMs };
    await using from = client(`api.test:${port}`, {}, 1, { pool: { connections: 1, maxAge: 60_000 } }, resolver, clock);
    const ask = async (): Promise<string> => read(await from.service(get(`api.test:${port}`)));
    expect(await ask()).toBe('ok');
    address = '127.0.0.2';
    expect(await ask()).toBe('ok');
    clockMs = 60_001;
    expect([await ask(), after.sockets.size]).toEqual(['moved', 1]);
  });
});
