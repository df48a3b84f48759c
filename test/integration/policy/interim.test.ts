import type { Socket } from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import { Sidecar } from '../cache/fixtures.ts';
import { GET, HINTS, listen, PROCESSING, stand, statuses } from '../listen/standing.ts';
import { OK, RawUpstream } from '../upstream/fixtures.ts';

const POST = 'POST /api/ HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi';

describe('an interim response and the policies', () => {
  it('does not keep a request from being sent again, and the second attempt may bring another', async () => {
    await using api = await stand(
      (socket, number) => {
        if (number === 1) socket.write(HINTS, () => socket.resetAndDestroy());
        else socket.write(`${HINTS}${OK}`);
      },
      { retry: { attempts: 2, backoff: { base: '1ms', max: '1ms' } } },
    );
    using client = await api.client();
    expect(statuses(await client.send(GET).until('ok'))).toEqual([103, 103, 200]);
    expect(api.api.observer.records).toMatchObject([{ status: undefined, failure: { phase: 'headers', replay: 'ambiguous' } }, { status: 200 }]);
  });

  it('does not make a POST repeatable either', async () => {
    await using api = await stand((socket) => socket.write(HINTS, () => socket.resetAndDestroy()), { retry: { attempts: 3 } });
    using client = await api.client();
    const received = await client.send(POST).until('"code"');
    expect(statuses(received)).toEqual([103, 502]);
    expect(received).toContain('x-proxy-outcome: unknown');
    expect(api.upstream.received).toHaveLength(1);
  });

  it('moves no time limit: who trickles them for ever times out like who says nothing', async () => {
    const trickle = (socket: Socket): void => {
      const drip = setInterval(() => socket.write(PROCESSING), 5);
      socket.on('close', () => clearInterval(drip));
    };
    await using byHeaders = await stand(trickle, { timeouts: { headers: '100ms' } });
    using client = await byHeaders.client();
    const received = await client.send(GET).until('details=');
    expect(statuses(received).at(-1)).toBe(504);
    expect(received).toContain('headers timeout after 100 ms');

    await using byTotal = await stand(trickle, { timeouts: { headers: '20s', total: '150ms' } });
    using other = await byTotal.client();
    expect(await other.send(GET).until('details=')).toContain('total timeout after');
  });

  it('ends the attempt where there is no end of them', async () => {
    let closed = false;
    await using api = await stand((socket) => {
      const flood = (): void => {
        while (!socket.destroyed) if (!socket.write(PROCESSING.repeat(100))) return void socket.once('drain', flood);
      };
      socket.on('close', () => {
        closed = true;
      });
      flood();
    });
    using client = await api.client();
    const received = await client.send(GET).until('"code"');
    expect(received).toContain('error=http_protocol_error');
    expect(statuses(received).at(-1)).toBe(502);
    expect(statuses(received).length).toBeLessThan(3000);
    expect(api.api.observer.records).toMatchObject([{ failure: { phase: 'headers', kind: 'protocol', replay: 'ambiguous', own: false } }]);
    await vi.waitUntil(() => closed && api.api.pools.stats.busy === 0);
  });

  it('ends the attempt where they are few and large', async () => {
    const large = `HTTP/1.1 103 Early Hints\r\nLink: <${'a'.repeat(60_000)}>\r\n\r\n`;
    await using api = await stand((socket) => socket.write(`${large.repeat(3)}${OK}`));
    using client = await api.client();
    const received = await client.send(GET).until('"code"');
    expect(statuses(received)).toEqual([103, 103, 502]);
    expect(received).toContain('error=http_protocol_error');
  });

  it.each([
    ['with', 'Connection: Upgrade\r\nUpgrade: websocket\r\n'],
    ['without', ''],
  ])('of 101 that nobody asked for, %s its fields, is a broken answer', async (_how, fields) => {
    await using api = await stand((socket) => socket.write(`HTTP/1.1 101 Switching Protocols\r\n${fields}\r\n${OK}`));
    using client = await api.client();
    const received = await client.send(GET).until('"code"');
    expect(statuses(received)).toEqual([502]);
    expect(received).toContain('error=http_protocol_error');
  });

  it('is not put into an answer that has begun, by the rest of a download', async () => {
    await using api = await stand(
      (socket, number) => {
        const head = (range: string): string => `ETag: "1"\r\nAccept-Ranges: bytes\r\n${range}\r\n\r\n`;
        if (number === 1) socket.write(`HTTP/1.1 200 OK\r\n${head('Content-Length: 6')}abc`, () => setTimeout(() => socket.resetAndDestroy(), 20));
        else socket.write(`${HINTS}HTTP/1.1 206 Partial Content\r\n${head('Content-Length: 3\r\nContent-Range: bytes 3-5/6')}def`);
      },
      { resume: { enabled: true } },
    );
    using client = await api.client();
    const received = await client.send(GET).until('def');
    expect(received).toMatch(/\r\n\r\nabcdef$/);
    expect(statuses(received)).toEqual([200]);
  });
});

describe('interim responses of attempts beside each other', () => {
  it('are those of one of them', async () => {
    const sockets: Socket[] = [];
    await using api = await stand((socket, number) => void (sockets[number - 1] = socket), { hedge: { after: '10ms' } });
    using client = await api.client();
    client.send(GET);
    await vi.waitUntil(() => sockets.length === 2);
    sockets[1]?.write('HTTP/1.1 103 Early Hints\r\nX-From: second\r\n\r\n');
    await client.until('x-from: second');
    sockets[0]?.write('HTTP/1.1 103 Early Hints\r\nX-From: first\r\n\r\n');
    sockets[0]?.write(OK);
    const received = await client.until('ok');
    expect(statuses(received)).toEqual([103, 200]);
    expect(received).not.toContain('x-from: first');
  });

  it('are those of the other once the one has failed', async () => {
    const sockets: Socket[] = [];
    await using api = await stand((socket, number) => void (sockets[number - 1] = socket), { hedge: { after: '10ms' } });
    using client = await api.client();
    client.send(GET);
    await vi.waitUntil(() => sockets.length === 2);
    sockets[0]?.write('HTTP/1.1 103 Early Hints\r\nX-From: first\r\n\r\n');
    await client.until('x-from: first');
    sockets[0]?.resetAndDestroy();
    await vi.waitUntil(() => api.api.observer.records.length === 1);
    sockets[1]?.write(`HTTP/1.1 103 Early Hints\r\nX-From: second\r\n\r\n${OK}`);
    expect(await client.until('ok')).toContain('x-from: second');
  });
});

describe('interim responses and the cache', () => {
  it('come with a miss, to the client that caused it, and are not stored', async () => {
    let answer: (() => void) | undefined;
    await using upstream = await RawUpstream.start((socket) => {
      socket.write(HINTS);
      answer = () => socket.write('HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 2\r\n\r\nok');
    });
    await using sidecar = new Sidecar(upstream.authority, { cache: { shared: true } });
    await using listener = await listen((exchange) => sidecar.send(exchange), { scheme: 'http', authority: upstream.authority });
    using first = await listener.client();
    using second = await listener.client();
    await first.send(GET).until('103 Early Hints');
    second.send(GET);
    await vi.waitUntil(() => listener.plane.connections === 2);
    answer?.();
    expect(statuses(await first.until('ok'))).toEqual([103, 200]);
    expect(statuses(await second.until('ok'))).toEqual([200]);
    expect(statuses(await first.send(GET).until(/ok[^]*ok/))).toEqual([103, 200, 200]);
    expect(first.received).toContain('breakwater; hit');
    expect(upstream.received).toHaveLength(1);
  });
});
