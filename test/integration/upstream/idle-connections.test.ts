import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { client, get, RawUpstream, read } from './fixtures.ts';

const ok = (fields = ''): string => `HTTP/1.1 200 OK\r\nContent-Length: 2\r\n${fields}\r\nok`;

describe('a connection that nobody uses', () => {
  it.each([
    ['after its time', 40, ''],
    ['sooner, where the upstream says when it will close it itself', 600_000, 'Keep-Alive: timeout=3\r\n'],
    ['at once, where that leaves no time to be sure', 600_000, 'Keep-Alive: timeout=1\r\n'],
  ])('is closed %s, and the next request opens another', async (_when, keepAlive, fields) => {
    await using upstream = await RawUpstream.start((socket) => socket.write(ok(fields)));
    await using from = client(upstream.authority, {}, 1, { pool: { connections: 1, keepAlive } });
    expect(await read(await from.service(get(upstream.authority)))).toBe('ok');
    const [first] = upstream.sockets;
    if (first === undefined) throw new Error('no connection');
    if (!first.readableEnded) await once(first, 'end');
    expect(await read(await from.service(get(upstream.authority)))).toBe('ok');
    expect(upstream.sockets.size).toBe(2);
    expect(from.observer.records.map(({ failure }) => failure)).toEqual([undefined, undefined]);
  });

  it('is not kept at all with keepAlive: 0, and the upstream hears so', async () => {
    await using upstream = await RawUpstream.start((socket) => socket.write(ok()));
    await using from = client(upstream.authority, {}, 1, { pool: { connections: 1, keepAlive: 0 } });
    for (let i = 0; i < 3; i++) expect(await read(await from.service(get(upstream.authority)))).toBe('ok');
    expect(upstream.sockets.size).toBe(3);
    expect(upstream.received.every((request) => /\r\nconnection: close\r\n/i.test(request))).toBe(true);
    expect(from.observer.records.map(({ failure }) => failure)).toEqual([undefined, undefined, undefined]);
  });

  it('is not closed while it is used, however often, and for however long an answer takes', async () => {
    await using upstream = await RawUpstream.start((socket, number) => void setTimeout(() => socket.write(ok()), number === 3 ? 200 : 10));
    await using from = client(upstream.authority, {}, 1, { pool: { connections: 1, keepAlive: 60 } });
    for (let i = 0; i < 6; i++) expect(await read(await from.service(get(upstream.authority)))).toBe('ok');
    expect(upstream.sockets.size).toBe(1);
  });
});
