import { describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../../src/model/clock.ts';
import { Flood } from '../../support/flood.ts';
import { client, get, OK, RawUpstream, read } from './fixtures.ts';

describe('an attempt over a real socket', () => {
  it('gives the head and the body, and keeps the connection for the next', async () => {
    await using upstream = await RawUpstream.start((socket) => socket.write(OK));
    await using from = client(upstream.authority);
    expect(await read(await from.service(get(upstream.authority)))).toBe('ok');
    expect(await read(await from.service(get(upstream.authority)))).toBe('ok');
    expect(upstream.sockets.size).toBe(1);
    expect(from.observer.records.map((record) => record.reused)).toEqual([false, true]);
  });

  it('is unsent when nobody listens', async () => {
    const upstream = await RawUpstream.start(() => undefined);
    await upstream[Symbol.asyncDispose]();
    await using from = client(upstream.authority);
    expect(await read(await from.service(get(upstream.authority, '/', 'POST')))).toBe('connect/refused/unsent');
  });

  it('is ambiguous when the connection is reset after the request', async () => {
    await using upstream = await RawUpstream.start((socket) => socket.resetAndDestroy());
    await using from = client(upstream.authority);
    expect(await read(await from.service(get(upstream.authority, '/', 'POST')))).toBe('headers/reset/ambiguous');
  });

  it('times out in the phase that hangs, and says which', async () => {
    await using upstream = await RawUpstream.start(() => undefined);
    await using from = client(upstream.authority, { headers: 60 });
    const outcome = await from.service(get(upstream.authority));
    expect(outcome).toMatchObject({
      type: 'failure',
      phase: 'headers',
      kind: 'timeout',
      code: 'http_response_timeout',
      detail: 'headers timeout after 60 ms',
    });
  });

  it('falls to idle when the body stalls, and to the deadline when it only drips', async () => {
    await using stalling = await RawUpstream.start((socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf'));
    await using from = client(stalling.authority, { idle: 60 });
    expect(await read(await from.service(get(stalling.authority)))).toBe('half|body/timeout/cut/connection_read_timeout');

    await using dripping = await RawUpstream.start((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n');
      const drip = setInterval(() => socket.write('x'), 10);
      socket.on('close', () => clearInterval(drip));
    });
    await using slow = client(dripping.authority, { idle: 1000 });
    const exchange = get(dripping.authority);
    exchange.deadlineAt = systemClock.now() + 120;
    expect(await read(await slow.service(exchange))).toMatch(/^x*\|body\/timeout\/cut\/http_response_timeout$/);
  });

  it.each([
    ['a garbage status line', 'NONSENSE\r\n\r\n', 'headers/protocol/ambiguous'],
    ['a closed connection', '', 'headers/reset/ambiguous'],
  ])('fails on %s', async (_name, bytes, expected) => {
    await using upstream = await RawUpstream.start((socket) => socket.end(bytes));
    await using from = client(upstream.authority);
    expect(await read(await from.service(get(upstream.authority)))).toBe(expected);
  });

  it.each([
    ['a sized', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf'],
    ['a chunked', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n'],
  ])('never takes %s body that breaks off for complete', async (_name, bytes) => {
    await using upstream = await RawUpstream.start((socket) => socket.end(bytes));
    await using from = client(upstream.authority);
    expect(await read(await from.service(get(upstream.authority)))).toMatch(/^half\|body\/reset\/cut\/http_response_incomplete$/);
  });

  it('passes over interim answers', async () => {
    await using upstream = await RawUpstream.start((socket) => socket.write(`HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n${OK}`));
    await using from = client(upstream.authority);
    expect(await read(await from.service(get(upstream.authority)))).toBe('ok');
  });

  it.each([
    ['in one piece with the answer', [`HTTP/1.1 100 Continue\r\n\r\n${OK}`]],
    ['in pieces', ['HTTP/1.1 100 Con', 'tinue\r\nX-A: b\r\n', '\r\n', OK]],
    ['twice, and between others', [`${'HTTP/1.1 100 Continue\r\n\r\n'.repeat(2)}HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 100\r\n\r\n${OK}`]],
  ])('reads past a 100 that it has not asked for, %s', async (_how, pieces) => {
    await using upstream = await RawUpstream.start((socket) => {
      socket.setNoDelay(true);
      const [first = '', ...rest] = pieces;
      socket.write(first);
      for (const [at, piece] of rest.entries()) setTimeout(() => socket.write(piece), 5 * (at + 1));
    });
    await using from = client(upstream.authority);
    for (let i = 0; i < 2; i++) expect(await read(await from.service(get(upstream.authority, '/', 'POST')))).toBe('ok');
    expect(upstream.sockets.size).toBe(1);
  });

  it('does not read past 100 for ever', async () => {
    await using upstream = await RawUpstream.start((socket) => socket.write('HTTP/1.1 100 Continue\r\n\r\n'.repeat(3000)));
    await using from = client(upstream.authority);
    expect(await from.service(get(upstream.authority))).toMatchObject({ code: 'http_protocol_error', phase: 'headers', replay: 'ambiguous' });
    await vi.waitUntil(() => from.pools.stats.busy === 0);
  });

  it('does not take a connection on which 100 came while nobody had asked anything', async () => {
    await using upstream = await RawUpstream.start((socket, number) => socket.write(number === 1 ? `${OK}HTTP/1.1 100 Continue\r\n\r\n` : OK));
    await using from = client(upstream.authority);
    expect(await read(await from.service(get(upstream.authority)))).toBe('ok');
    await vi.waitUntil(() => from.pools.stats.open === 0);
    expect(await read(await from.service(get(upstream.authority)))).toBe('ok');
    expect(upstream.sockets.size).toBe(2);
  });

  it('sends again on a new connection, by itself, when the idle one was closed', async () => {
    await using upstream = await RawUpstream.start((socket) => socket.end(OK));
    await using from = client(upstream.authority);
    for (let i = 0; i < 3; i++) {
      expect(await read(await from.service(get(upstream.authority, '/', 'POST')))).toBe('ok');
      await vi.waitUntil(() => from.pools.stats.open === 0);
    }
    expect(upstream.received).toHaveLength(3);
  });

  it('waits for a place in its own queue, times out there as `queue`, and lets the next one through', async () => {
    let release: (() => void) | undefined;
    await using upstream = await RawUpstream.start((socket, number) => {
      if (number === 1) release = () => socket.write(OK);
      else socket.write(OK);
    });
    await using from = client(upstream.authority, { queue: 80 }, 1);
    const first = from.service(get(upstream.authority));
    const second = await from.service(get(upstream.authority));
    expect(second).toMatchObject({ phase: 'queue', kind: 'timeout', replay: 'unsent' });
    release?.();
    expect(await read(await first)).toBe('ok');
    expect(await read(await from.service(get(upstream.authority)))).toBe('ok');
  });

  it('still serves those who wait for a connection once it takes nothing new', async () => {
    let release: (() => void) | undefined;
    await using upstream = await RawUpstream.start((socket, number) => {
      if (number === 1) release = () => socket.write(OK);
      else socket.write(OK);
    });
    await using from = client(upstream.authority, { queue: 2000 }, 1);
    const exchanges = [1, 2, 3].map(() => from.service(get(upstream.authority)).then(read));
    await vi.waitUntil(() => release !== undefined);
    await from.pools.close();
    release?.();
    expect(await Promise.all(exchanges)).toEqual(['ok', 'ok', 'ok']);
    expect(from.pools.stats).toEqual({ open: 0, busy: 0, queued: 0 });
  });

  it('keeps the connections of the hosts that are used, however many a pattern names', async () => {
    await using from = client('api.example', {}, 1, { hosts: ['*.example'] });
    const often = from.pools.poolFor('api.example', 'https');
    for (let i = 0; i < 200; i++) {
      from.pools.poolFor(`host-${i}.example`, 'https');
      expect(from.pools.poolFor('api.example', 'https')).toBe(often);
    }
    const first = from.pools.poolFor('host-199.example', 'https');
    expect(from.pools.poolFor('host-199.example', 'https')).toBe(first);
  });

  it('survives clients that leave at every stage: a pool of 8 serves everyone after 32 departures', async () => {
    await using upstream = await RawUpstream.start((socket) => {
      setImmediate(() => {
        if (socket.destroyed) return;
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc');
        setImmediate(() => {
          if (!socket.destroyed) socket.write('def');
        });
      });
    });
    await using from = client(upstream.authority);
    for (let round = 0; round < 8; round++) {
      const leavers = Array.from({ length: 32 }, (_, i) => {
        const exchange = get(upstream.authority);
        const outcome = from.service(exchange).then(async (found) => {
          if (i % 4 === 3) exchange.abort();
          return found.type === 'reply' && i % 4 === 3 ? found.body.abort() : read(found);
        });
        if (i % 4 === 0) exchange.abort();
        if (i % 4 === 1) setImmediate(() => exchange.abort());
        if (i % 4 === 2) setTimeout(() => exchange.abort(), i % 5);
        return outcome;
      });
      await Promise.all(leavers);
    }
    const served = await Promise.all(Array.from({ length: 32 }, async () => read(await from.service(get(upstream.authority)))));
    expect(new Set(served)).toEqual(new Set(['abcdef']));
    expect(from.pools.stats).toMatchObject({ busy: 0, queued: 0 });
  });

  it('holds the upstream back while nobody takes the body', async () => {
    const flood = new Flood();
    await using upstream = await RawUpstream.start((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${Flood.bytes}\r\n\r\n`);
      flood.into(socket);
    });
    await using from = client(upstream.authority);
    const outcome = await from.service(get(upstream.authority));
    if (outcome.type === 'failure') throw new Error(outcome.detail);
    let taken = 0;
    const full = new Promise<void>((resolve) => {
      outcome.body.start({
        onData: (chunk) => {
          taken += chunk.length;
          resolve();
          return false;
        },
        onEnd: () => undefined,
        onError: () => undefined,
      });
    });
    await full;
    const before = taken;
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(taken - before).toBeLessThan(1024 * 1024);
    expect(flood.written).toBeLessThan(32 * 1024 * 1024);
    outcome.body.abort();
  });
});
