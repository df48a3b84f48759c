import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { describe, expect, it } from 'vitest';
import { type Clock, systemClock } from '../../../src/model/clock.ts';
import { client, get, OK, RawUpstream, read } from './fixtures.ts';

/** Runs `act` in the moment before the next request is written to its socket: the narrowest race there is. */
function justBeforeWriting(act: () => void): void {
  const once = (): void => {
    unsubscribe('undici:client:sendHeaders', once);
    act();
  };
  subscribe('undici:client:sendHeaders', once);
}

/** A clock on which each look is a second after the last: to it every connection has rested. */
const HURRIED: Clock = { ...systemClock, now: () => (hurried += 1000) };
let hurried = 0;

const METHODS = ['GET', 'POST', 'PATCH', 'DELETE'];

describe('a kept connection that dies under the next request', () => {
  it.each(METHODS)('costs nothing when it was reset while idle: %s goes out once more, uncounted', async (method) => {
    await using upstream = await RawUpstream.start((socket) => socket.write(OK));
    await using from = client(upstream.authority);
    expect(await read(await from.service(get(upstream.authority)))).toBe('ok');
    for (const socket of upstream.sockets) socket.resetAndDestroy();
    const exchange = get(upstream.authority, '/again', method);
    expect(await read(await from.service(exchange))).toBe('ok');
    expect(exchange.attempts).toHaveLength(1);
    expect(exchange.attempt).toBe(1);
    expect(upstream.received.filter((text) => text.includes('/again'))).toHaveLength(1);
  });

  it.each(METHODS)('costs nothing when it was closed while idle: %s', async (method) => {
    await using upstream = await RawUpstream.start((socket) => socket.write(OK));
    await using from = client(upstream.authority, {}, 8, {}, undefined, HURRIED);
    expect(await read(await from.service(get(upstream.authority)))).toBe('ok');
    await Promise.all([...upstream.sockets].map((socket) => new Promise<void>((resolve) => socket.end(resolve))));
    const exchange = get(upstream.authority, '/again', method);
    expect(await read(await from.service(exchange))).toBe('ok');
    expect([exchange.attempts?.length, upstream.received.filter((text) => text.includes('/again')).length]).toEqual([1, 1]);
  });

  it('costs nothing when every kept connection is dead', async () => {
    await using upstream = await RawUpstream.start((socket) => setImmediate(() => socket.write(OK)));
    await using from = client(upstream.authority);
    await Promise.all(Array.from({ length: 4 }, async () => read(await from.service(get(upstream.authority)))));
    expect(from.pools.stats.open).toBe(4);
    for (const socket of upstream.sockets) socket.resetAndDestroy();
    const outcomes = await Promise.all(Array.from({ length: 6 }, async () => read(await from.service(get(upstream.authority, '/', 'POST')))));
    expect(outcomes).toEqual(Array.from({ length: 6 }, () => 'ok'));
    expect(upstream.received).toHaveLength(10);
  });

  it.each(METHODS)('is unsent when the reset arrives before the first byte is written: %s is sent at once on another', async (method) => {
    await using upstream = await RawUpstream.start((socket) => socket.write(OK));
    await using from = client(upstream.authority);
    expect(await read(await from.service(get(upstream.authority)))).toBe('ok');
    const exchange = get(upstream.authority, '/again', method);
    exchange.body = { kind: 'bytes', bytes: Buffer.from('once only') };
    justBeforeWriting(() => {
      for (const socket of upstream.sockets) socket.resetAndDestroy();
    });
    expect(await read(await from.service(exchange))).toBe('ok');
    expect(exchange.attempts).toHaveLength(1);
    expect(upstream.received.filter((text) => text.includes('once only'))).toHaveLength(1);
  });

  it('is ambiguous when it is reset after bytes were written, however soon', async () => {
    await using upstream = await RawUpstream.start((socket, number) => (number === 1 ? socket.write(OK) : socket.resetAndDestroy()));
    await using from = client(upstream.authority);
    expect(await read(await from.service(get(upstream.authority)))).toBe('ok');
    const exchange = get(upstream.authority, '/again', 'POST');
    expect(await read(await from.service(exchange))).toBe('headers/reset/ambiguous');
    expect(exchange.attempts).toHaveLength(1);
    expect(upstream.received).toHaveLength(2);
  });

  it('is ambiguous when the close crosses the request on the wire', async () => {
    await using upstream = await RawUpstream.start((socket) => socket.write(OK));
    await using from = client(upstream.authority);
    expect(await read(await from.service(get(upstream.authority)))).toBe('ok');
    justBeforeWriting(() => {
      for (const socket of upstream.sockets) socket.end();
    });
    const outcome = await read(await from.service(get(upstream.authority, '/', 'POST')));
    expect(outcome).toMatch(/^(headers|send)\/reset\/ambiguous$/);
  });

  it('is unsent, and counted, on a new connection that is reset before the first byte', async () => {
    await using upstream = await RawUpstream.start((socket) => socket.write(OK));
    await using from = client(upstream.authority);
    justBeforeWriting(() => {
      for (const socket of upstream.sockets) socket.resetAndDestroy();
    });
    const exchange = get(upstream.authority, '/', 'POST');
    const outcome = await from.service(exchange);
    // the upstream may not have accepted it yet: then nothing was reset, and the answer is there
    expect(outcome.type === 'failure' ? `${outcome.phase} ${outcome.replay}` : 'answered').toMatch(/^(send unsent|answered)$/);
    expect(exchange.attempts).toHaveLength(1);
  });
});

describe('the age of connections', () => {
  it('ends their use, so that a changed address is picked up', async () => {
    await using upstream = await RawUpstream.start((socket) => socket.write(OK));
    await using from = client(upstream.authority, {}, 8, { pool: { connections: 8, maxAge: 0 } });
    expect(await read(await from.service(get(upstream.authority)))).toBe('ok');
    expect(await read(await from.service(get(upstream.authority)))).toBe('ok');
    expect(upstream.sockets.size).toBe(2);
    expect(from.pools.stats).toMatchObject({ busy: 0, queued: 0 });
  });

  it('lets who waits for a place have a new one', async () => {
    await using upstream = await RawUpstream.start((socket) => setImmediate(() => socket.write(OK)));
    await using from = client(upstream.authority, {}, 1, { pool: { connections: 1, maxAge: 0 } });
    const all = await Promise.all(Array.from({ length: 3 }, async () => read(await from.service(get(upstream.authority)))));
    expect(all).toEqual(['ok', 'ok', 'ok']);
    expect(upstream.sockets.size).toBe(3);
  });
});

describe('what a request needs to be sent', () => {
  it('is what connecting took so far, and next to nothing where an idle connection stands', async () => {
    await using upstream = await RawUpstream.start((socket) => socket.write(OK));
    await using from = client(upstream.authority);
    expect(from.pools.leastMs(get(upstream.authority))).toBe(50);
    expect(await read(await from.service(get(upstream.authority)))).toBe('ok');
    expect(from.pools.leastMs(get(upstream.authority))).toBe(1);
  });
});
