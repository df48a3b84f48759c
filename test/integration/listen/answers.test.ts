import { describe, expect, it, vi } from 'vitest';
import { BytesBody } from '../../../src/model/body.ts';
import type { Exchange } from '../../../src/model/exchange.ts';
import { reply } from '../../../src/model/outcome.ts';
import { echo, startListener } from '../../support/listener.ts';
import { PushBody } from '../../support/push-body.ts';
import { failed } from '../../unit/policy/fixtures.ts';

const GET = 'GET /api/ HTTP/1.1\r\nHost: x\r\n\r\n';
const DATE = 'Tue, 01 Jan 2030 00:00:00 GMT';

/** A service that gives one body, and the body. */
function pushing(status = 200, headers: string[] = []) {
  const body = new PushBody();
  return { body, serve: () => Promise.resolve(reply(status, headers, 'upstream', body)) };
}

function fixed(status: number, headers: string[], text = '') {
  return () => Promise.resolve(reply(status, headers, 'upstream', new BytesBody(Buffer.from(text))));
}

describe('an answer', () => {
  it('keeps the fields of the upstream, its Date and its length, and adds a request id', async () => {
    await using listener = await startListener(fixed(201, ['date', DATE, 'set-cookie', 'a=1', 'set-cookie', 'b=2', 'content-length', '2'], 'ok'));
    using client = await listener.client();
    const answer = await client.send(GET).until('ok');
    expect(answer).toMatch(
      /^HTTP\/1.1 201 Created\r\ndate: Tue, 01 Jan 2030 00:00:00 GMT\r\nset-cookie: a=1\r\nset-cookie: b=2\r\ncontent-length: 2\r\nx-request-id: [0-9a-f]{12}-\w+\r\n/,
    );
    expect(answer.match(/^date:/gim)).toHaveLength(1);
  });

  it('keeps the upstream’s own request id', async () => {
    await using listener = await startListener(fixed(200, ['x-request-id', 'theirs']));
    const answer = await fetch(`${listener.url}/api/`, { headers: { 'x-request-id': 'mine' } });
    expect(answer.headers.get('x-request-id')).toBe('theirs');
  });

  it('says what the cache did, after what the upstream said of its own', async () => {
    await using listener = await startListener((exchange) => {
      exchange.cacheStatus = 'hit; ttl=27';
      return fixed(200, ['cache-status', 'origin; fwd=miss'])();
    });
    const answer = await fetch(`${listener.url}/api/`);
    expect(answer.headers.get('cache-status')).toBe('origin; fwd=miss, breakwater; hit; ttl=27');
  });

  it('says nothing of the cache where it answers by itself (RFC 9211 section 2)', async () => {
    await using listener = await startListener((exchange) => {
      exchange.cacheStatus = 'fwd=uri-miss';
      return Promise.resolve(reply(504, [], 'proxy', new BytesBody()));
    });
    const answer = await fetch(`${listener.url}/api/`);
    expect([answer.status, answer.headers.get('cache-status')]).toEqual([504, null]);
  });

  it('does not repeat a request id that could break something', async () => {
    await using listener = await startListener(echo);
    const answer = await fetch(`${listener.url}/api/`, { headers: { 'x-request-id': 'a b"<script>' } });
    expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f]{12}-/);
  });

  it('passes UTF-8 in a field on as the bytes that it was', async () => {
    await using listener = await startListener(fixed(200, ['x-name', 'süß 漢', 'x-bad', 'a\u0001b', 'content-length', '2'], 'ok'));
    using client = await listener.client();
    const answer = await client.send(GET).until('ok');
    expect(Buffer.from(answer, 'latin1').toString('utf8')).toContain('x-name: süß 漢\r\n');
    expect(answer).not.toContain('x-bad');
  });

  it.each([
    ['HEAD', 'HEAD', 200, ['content-length', '1234']],
    ['204', 'GET', 204, ['content-length', '1234']],
    ['304', 'GET', 304, ['etag', '"a"', 'content-length', '1234']],
  ])('to %s has no content, and the next request finds the connection in step', async (_name, method, status, headers) => {
    await using listener = await startListener((exchange) => (exchange.path === '/first' ? fixed(status, headers)() : echo(exchange)));
    using client = await listener.client();
    client.send(`${method} /api/first HTTP/1.1\r\nHost: x\r\n\r\n`);
    const head = await client.until('\r\n\r\n');
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(head.includes('content-length: 1234\r\n')).toBe(status !== 204);
    expect(head.toLowerCase()).not.toContain('transfer-encoding');
    client.send('GET /api/second HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(await client.until('GET /second none')).toMatch(/\r\n\r\nHTTP\/1.1 200 OK\r\n/);
  });

  it('is sent as it comes: the head first, then each piece', async () => {
    const { body, serve } = pushing(200, ['content-type', 'text/event-stream']);
    await using listener = await startListener(serve);
    using client = await listener.client();
    expect(await client.send(GET).until('\r\n\r\n')).toContain('Transfer-Encoding: chunked');
    body.push('data: 1\n\n');
    await client.until('data: 1');
    body.push('data: 2\n\n');
    body.end();
    await client.until('0\r\n\r\n');
    expect(listener.notes.ended).toMatchObject([{ status: 200, bytesOut: 18 }]);
  });

  it('to HTTP/1.0 ends with the connection, and by a reset where it is not whole', async () => {
    const { body, serve } = pushing();
    await using listener = await startListener(serve);
    using client = await listener.client();
    client.send('GET /api/ HTTP/1.0\r\n\r\n');
    await body.pushTo(client, 'half');
    expect(client.received).not.toContain('chunked');
    const reset = new Promise<NodeJS.ErrnoException>((resolve) => client.socket.once('error', resolve));
    body.fail(failed({ phase: 'body', replay: 'cut' }));
    expect((await reset).code).toBe('ECONNRESET');
  });

  it.each([
    ['HTTP/1.1', ['content-length', '9'], /^HTTP\/1.1 200 .*\r\n\r\nhalf$/s],
    ['HTTP/1.1', [], /^HTTP\/1.1 200 .*\r\n\r\n4\r\nhalf\r\n$/s],
    ['HTTP/1.0', [], /^HTTP\/1.1 200 .*\r\n\r\nhalf$/s],
  ])('of which all that came does reach a client over %s with %j, although it breaks in the same moment', async (version, headers, expected) => {
    const { body, serve } = pushing(200, headers);
    await using listener = await startListener(serve);
    using client = await listener.client();
    client.send(GET.replace('HTTP/1.1', version));
    await body.started;
    body.push('half');
    body.fail(failed({ phase: 'body', code: 'http_response_incomplete' }));
    expect(await client.closed()).toMatch(expected);
  });

  it('that breaks lets go of a client that does not read', async () => {
    const { body, serve } = pushing();
    await using listener = await startListener(serve);
    using client = await listener.client();
    client.send(GET).socket.pause();
    await body.started;
    while (body.push('x'.repeat(100_000)));
    body.fail(failed({ phase: 'body', code: 'http_response_incomplete' }));
    await expect.poll(() => listener.plane.connections, { timeout: 10_000 }).toBe(0);
  });

  it('whose body breaks never looks complete', async () => {
    const { body, serve } = pushing();
    await using listener = await startListener(serve);
    using client = await listener.client();
    client.send(GET);
    await body.pushTo(client, 'half');
    body.fail(failed({ phase: 'body', replay: 'cut' }));
    expect(await client.closed()).not.toContain('\r\n0\r\n');
    expect(listener.notes.ended).toMatchObject([{ status: 200, failure: { phase: 'body' } }]);
  });

  it('is the mapped status of a failure that nobody has answered for', async () => {
    await using listener = await startListener(() =>
      Promise.resolve(failed({ code: 'http_response_timeout', detail: 'headers timeout after 7 ms' })),
    );
    const answer = await fetch(`${listener.url}/api/`);
    expect(answer.status).toBe(504);
    expect(answer.headers.get('proxy-status')).toBe('breakwater; error=http_response_timeout; details="headers timeout after 7 ms"');
    expect(listener.notes.ended).toMatchObject([{ status: 504, failure: { code: 'http_response_timeout' } }]);
  });
});

describe('a connection', () => {
  it('is used again', async () => {
    await using listener = await startListener(echo);
    using client = await listener.client();
    for (let i = 0; i < 5; i++) await client.send(`GET /api/${i} HTTP/1.1\r\nHost: x\r\n\r\n`).until(`GET /${i} none`);
    expect(client.received).toMatch(/Keep-Alive: timeout=65/i);
    expect(listener.plane.connections).toBe(1);
    expect(listener.notes.ended).toHaveLength(5);
  });

  it('answers pipelined requests in order, one after the other', async () => {
    const bodies: PushBody[] = [];
    await using listener = await startListener(() => {
      const body = new PushBody();
      bodies.push(body);
      return Promise.resolve(reply(200, [], 'upstream', body));
    });
    using client = await listener.client();
    client.send(GET + GET + GET);
    for (let i = 0; i < 3; i++) {
      await vi.waitUntil(() => bodies[i]?.sink !== undefined);
      expect(bodies).toHaveLength(i + 1);
      bodies[i]?.push(`answer ${i}`);
      bodies[i]?.end();
    }
    expect(await client.until('answer 2')).toMatch(/answer 0[^]*answer 1[^]*answer 2/);
  });

  it('closes when the client asks for it', async () => {
    await using listener = await startListener(echo);
    using client = await listener.client();
    client.send('GET /api/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    expect(await client.closed()).toMatch(/connection: close\r\n/i);
  });

  it('sends 100 Continue before it reads, and only then', async () => {
    await using listener = await startListener(echo);
    using client = await listener.client();
    client.send('POST /api/ HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n');
    expect(await client.until('\r\n\r\n')).toBe('HTTP/1.1 100 Continue\r\n\r\n');
    client.send('hello');
    await client.until('POST / hello');
    client.send('POST /nowhere/ HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n');
    expect((await client.closed()).match(/100 Continue/g)).toHaveLength(1);
  });

  it('aborts the exchange at once when the client leaves while it waits', async () => {
    let exchange: Exchange | undefined;
    await using listener = await startListener((found) => {
      exchange = found;
      return new Promise((resolve) => {
        found.onAbort(() => resolve(failed({ code: 'client_closed' })));
      });
    });
    using client = await listener.client();
    client.send(GET);
    await vi.waitUntil(() => exchange !== undefined);
    client.socket.destroy();
    await vi.waitUntil(() => listener.notes.ended.length === 1);
    expect(exchange).toMatchObject({ aborted: true, status: 499, failure: { code: 'client_closed' } });
  });

  it('aborts the body when the client leaves in its midst', async () => {
    const { body, serve } = pushing();
    await using listener = await startListener(serve);
    using client = await listener.client();
    client.send(GET);
    await body.pushTo(client, 'half');
    client.socket.destroy();
    await vi.waitUntil(() => body.aborted);
    expect(listener.notes.ended).toMatchObject([{ aborted: true, status: 200, failure: { code: 'client_closed', phase: 'body' } }]);
  });
});

describe('content', () => {
  it.each([
    ['of a known length', ['Content-Length: 3000'], 'a'.repeat(3000), 3000],
    ['in chunks', ['Transfer-Encoding: chunked'], `bb8\r\n${'a'.repeat(3000)}\r\n0\r\n\r\n`, undefined],
  ])('beyond the buffer streams, %s', async (_name, fields, bytes, length) => {
    await using listener = await startListener(async (exchange) => {
      const { body } = exchange;
      if (body.kind !== 'stream') throw new Error(body.kind);
      let size = 0;
      for await (const chunk of body.stream) size += (chunk as Buffer).length;
      return fixed(200, [], `${size} ${body.length ?? 'unknown'}`)();
    });
    using client = await listener.client();
    client.send(`POST /api/ HTTP/1.1\r\nHost: x\r\n${fields.join('\r\n')}\r\n\r\n${bytes}`);
    await client.until(`3000 ${length ?? 'unknown'}`);
    client.send(GET);
    expect(await client.until(/fault/)).toMatch(/^HTTP\/1.1 200 OK[^]*HTTP\/1.1 500 /);
  });

  it('that the upstream does not wait for is read away, and the connection carries the next request', async () => {
    await using listener = await startListener((exchange) => {
      if (exchange.body.kind === 'none') return echo(exchange);
      if (exchange.body.kind === 'stream') exchange.body.stream.destroy();
      return fixed(403, [], 'no')();
    });
    using client = await listener.client();
    client.send(`POST /api/ HTTP/1.1\r\nHost: x\r\nContent-Length: 500000\r\n\r\n${'a'.repeat(2000)}`);
    expect(await client.until('no')).toMatch(/^HTTP\/1.1 403 /);
    client.send('a'.repeat(498_000) + GET);
    expect(await client.until('GET / none')).toMatch(/HTTP\/1.1 200 /);
  });

  it('in small chunks arrives whole, its framing removed', async () => {
    await using listener = await startListener(echo);
    using client = await listener.client();
    client.send('POST /api/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX-T: 1\r\n\r\n');
    expect(await client.until('POST / abcde')).toMatch(/^HTTP\/1.1 200 /);
  });

  it('of 10 MB goes both ways past a slow reader, whose slowness reaches the source', async () => {
    const size = 10 * 1024 * 1024;
    const piece = 'x'.repeat(64 * 1024);
    const body = new PushBody();
    let uploaded = 0;
    const limits = { headerBytes: 16_384, bodyBytes: 2 * size, requestTimeoutMs: 30_000 };
    await using listener = await startListener(
      async (exchange) => {
        if (exchange.body.kind !== 'stream') throw new Error('not a stream');
        for await (const chunk of exchange.body.stream) uploaded += (chunk as Buffer).length;
        return reply(200, ['content-length', String(size)], 'upstream', body);
      },
      { limits },
    );
    using client = await listener.client();
    client.send(`POST /api/ HTTP/1.1\r\nHost: x\r\nContent-Length: ${size}\r\n\r\n`);
    for (let sent = 0; sent < size; sent += piece.length) client.send(piece);
    await body.started;
    expect(uploaded).toBe(size);
    client.socket.pause();
    let pushed = 0;
    let ahead = 0;
    while (pushed < size) {
      const resumed = body.whenResumed();
      pushed += piece.length;
      if (body.push(piece)) continue;
      // the sink wants no more until it says so: that is what holds the upstream back
      ahead = Math.max(ahead, pushed - client.socket.bytesRead);
      client.socket.resume();
      await resumed;
      client.socket.pause();
    }
    client.socket.resume();
    body.end();
    await vi.waitUntil(() => client.received.length > size);
    expect(body.resumed).toBeGreaterThan(0);
    expect(ahead).toBeLessThan(size);
    expect(listener.notes.ended).toMatchObject([{ bytesOut: size }]);
  });

  it('that a client does not read at all is given up after a while', async () => {
    const body = new PushBody();
    const limits = { headerBytes: 16_384, bodyBytes: 1000, requestTimeoutMs: 30_000, stallMs: 40 };
    await using listener = await startListener(() => Promise.resolve(reply(200, [], 'upstream', body)), { limits });
    using client = await listener.client();
    client.send(GET);
    await body.started;
    client.socket.pause();
    const pushOn = (): void => {
      while (body.push('x'.repeat(64 * 1024)));
      void body.whenResumed().then(pushOn);
    };
    pushOn();
    await vi.waitUntil(() => body.aborted);
    expect(listener.notes.ended).toMatchObject([
      { aborted: true, failure: { code: 'client_closed', detail: 'the client took nothing of its answer for 40 ms' } },
    ]);
    await vi.waitUntil(() => listener.plane.connections === 0);
  });

  it('of an upload is not read faster than the upstream takes it', async () => {
    const size = 32 * 1024 * 1024;
    let exchange: Exchange | undefined;
    const limits = { headerBytes: 16_384, bodyBytes: 2 * size, requestTimeoutMs: 30_000 };
    await using listener = await startListener(
      (found) => {
        exchange = found;
        return new Promise((resolve) => found.onAbort(() => resolve(failed({ code: 'client_closed' }))));
      },
      { limits },
    );
    using client = await listener.client();
    client.send(`POST /api/ HTTP/1.1\r\nHost: x\r\nContent-Length: ${size}\r\n\r\n`);
    client.socket.write(Buffer.alloc(size));
    await vi.waitUntil(() => exchange !== undefined);
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(client.socket.writableLength).toBeGreaterThan(size / 2);
  });
});
