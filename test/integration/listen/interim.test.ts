import type { Socket } from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import type { Service } from '../../../src/model/service.ts';
import { loadAuthority } from '../../../src/tls/load-authority.ts';
import { intercepted } from '../../support/connect.ts';
import { gatewayOfTargets, type Listener, startListener, targetOf } from '../../support/listener.ts';
import { scratchDirectory } from '../../support/scratch.ts';
import { Sidecar } from '../cache/fixtures.ts';
import { chain, type Written } from '../policy/fixtures.ts';
import { OK, RawUpstream } from '../upstream/fixtures.ts';

const GET = 'GET /api/ HTTP/1.1\r\nHost: x\r\n\r\n';
const POST = 'POST /api/ HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi';
const HINTS = 'HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n';
const PROCESSING = 'HTTP/1.1 102 Processing\r\n\r\n';

/** A listener in front of an upstream on a raw socket, with the layers of `written` between them. */
async function stand(onRequest: (socket: Socket, number: number) => void, written: Written = {}) {
  const upstream = await RawUpstream.start(onRequest);
  const api = chain(upstream.authority, written);
  const listener = await listen(api.service, upstream.authority);
  const close = async (): Promise<void> => {
    await listener.plane.close();
    await api[Symbol.asyncDispose]();
    await upstream[Symbol.asyncDispose]();
  };
  return { upstream, api, listener, client: () => listener.client(), [Symbol.asyncDispose]: close };
}

function listen(serve: Service, authority: string, options: Parameters<typeof startListener>[1] = {}): Promise<Listener> {
  const gateway = gatewayOfTargets([targetOf(serve, { origin: { scheme: 'http', authority } })], { 'api.example': 'api' });
  return startListener(serve, { gateway: () => gateway, ...options });
}

/** The statuses that came on a connection, in order. */
function statuses(received: string): number[] {
  return [...received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((found) => Number(found[1]));
}

describe('an interim response', () => {
  it('reaches the client before the answer is there, field for field, without what concerns the connection alone', async () => {
    let answer: (() => void) | undefined;
    await using api = await stand((socket) => {
      const hints = 'Link: </a.css>; rel=preload\r\nLink: </b.js>\r\nX-Name: s\xfc\xdf\r\nConnection: x-hop\r\nX-Hop: 1\r\nContent-Length: 0\r\n';
      socket.write(`HTTP/1.1 103 Early Hints\r\n${hints}\r\n`, 'latin1');
      answer = () => socket.write(OK);
    });
    using client = await api.client();
    expect(await client.send(GET).until('\r\n\r\n')).toBe(
      'HTTP/1.1 103 Early Hints\r\nlink: </a.css>; rel=preload\r\nlink: </b.js>\r\nx-name: s\xfc\xdf\r\n\r\n',
    );
    answer?.();
    expect(statuses(await client.until('ok'))).toEqual([103, 200]);
  });

  it('of any number passes, those that nobody knows too', async () => {
    await using api = await stand((socket) => socket.write(`${PROCESSING}${HINTS}HTTP/1.1 110 Halfway\r\nX-Part: 1/2\r\n\r\n${HINTS}${OK}`));
    using client = await api.client();
    const received = await client.send(GET).until('ok');
    expect(statuses(received)).toEqual([102, 103, 110, 103, 200]);
    expect(received).toContain('x-part: 1/2\r\n');
  });

  it('comes as often as the upstream is still at it', async () => {
    const sockets: Socket[] = [];
    await using api = await stand((socket) => void sockets.push(socket));
    using client = await api.client();
    client.send(GET);
    await vi.waitUntil(() => sockets.length === 1);
    for (let count = 1; count <= 3; count++) {
      sockets[0]?.write(PROCESSING);
      await client.until(PROCESSING.repeat(count));
    }
    sockets[0]?.write(OK);
    expect(statuses(await client.until('ok'))).toEqual([102, 102, 102, 200]);
  });

  it('counts in no figure: status, attempts and bytes are those of the answer', async () => {
    await using api = await stand((socket) => socket.write(`${PROCESSING}${HINTS}${OK}`));
    using client = await api.client();
    await client.send(GET).until('ok');
    const { ended } = api.listener.notes;
    await vi.waitUntil(() => ended.length === 1);
    expect(ended[0]).toMatchObject({ status: 200, source: 'upstream', bytesIn: 2, bytesOut: 2, failure: undefined });
    expect(api.api.observer.records).toMatchObject([{ status: 200, failure: undefined, reused: false }]);
    await client.send(GET).until(/ok[^]*ok/);
    expect(api.upstream.sockets.size).toBe(1);
  });

  it('goes through an interception as well', async () => {
    await using scratch = await scratchDirectory();
    const authority = await loadAuthority(scratch.path);
    await using upstream = await RawUpstream.start((socket) => socket.write(`${HINTS}${OK}`));
    await using api = chain(upstream.authority, {});
    const serve: Service = (exchange) => api.service(exchange.branch({ scheme: 'http', authority: upstream.authority }));
    await using listener = await listen(serve, upstream.authority, { authority: () => Promise.resolve(authority) });
    const { client } = await intercepted('api.example', listener.port, authority.caPem);
    using _client = client;
    expect(statuses(await client.send('GET / HTTP/1.1\r\nHost: api.example\r\n\r\n').until('ok'))).toEqual([103, 200]);
  });

  it('is not sent to a client that speaks HTTP/1.0', async () => {
    await using api = await stand((socket) => socket.write(`${HINTS}${OK}`));
    using client = await api.client();
    expect(statuses(await client.send('GET /api/ HTTP/1.0\r\nHost: x\r\n\r\n').closed())).toEqual([200]);
  });

  it('follows our own 100 Continue, of which there is one', async () => {
    await using api = await stand((socket) => socket.write(`${HINTS}${OK}`));
    using client = await api.client();
    client.send('POST /api/ HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n');
    expect(await client.until('\r\n\r\n')).toBe('HTTP/1.1 100 Continue\r\n\r\n');
    expect(statuses(await client.send('hi').until('ok'))).toEqual([100, 103, 200]);
    expect(api.upstream.received.join('')).not.toMatch(/expect/i);
  });

  it('is for nobody where the client has gone', async () => {
    let hint: (() => void) | undefined;
    await using api = await stand((socket) => {
      hint = () => socket.write(HINTS);
    });
    using leaver = await api.client();
    leaver.send(GET);
    await vi.waitUntil(() => hint !== undefined);
    leaver.socket.destroy();
    hint?.();
    await vi.waitUntil(() => api.listener.notes.ended.length === 1 && api.api.pools.stats.busy === 0);
    expect(api.listener.notes.ended).toMatchObject([{ status: 499 }]);
    expect(api.listener.notes.errors).toEqual([]);
  });
});

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
    await using listener = await listen((exchange) => sidecar.send(exchange), upstream.authority);
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
