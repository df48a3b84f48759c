import { describe, expect, it, vi } from 'vitest';
import type { Exchange } from '../../../src/model/exchange.ts';
import type { Rejection } from '../../../src/model/events.ts';
import { outcomeOf } from '../../../src/telemetry/codes.ts';
import { echo, startListener } from '../../support/listener.ts';
import { statuses } from './standing.ts';

/** Name, what is sent, status, reason, and a word of the explanation. The connection is closed after each. */
const CLOSED: [string, string, number, Rejection, RegExp][] = [
  ['a request line that is none', 'HELLO\r\n\r\n', 400, 'malformed', /not HTTP/],
  ['a request line without version', 'GET /api/\r\n\r\n', 400, 'malformed', /HTTP version/],
  ['an unknown method', 'GIT /api/ HTTP/1.1\r\nHost: x\r\n\r\n', 501, 'malformed', /method/],
  ['a method in small letters', 'get /api/ HTTP/1.1\r\nHost: x\r\n\r\n', 501, 'malformed', /method/],
  ['a later major version', 'GET /api/ HTTP/2.0\r\nHost: x\r\n\r\n', 505, 'malformed', /HTTP version/],
  ['HTTP/2 by prior knowledge', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400, 'malformed', /not HTTP/],
  ['TLS on the plain port', '\x16\x03\x01\x00\x05hello\r\n', 400, 'malformed', /plain HTTP/],
  [
    'Content-Length with Transfer-Encoding',
    'POST /api/ HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    400,
    'malformed',
    /./,
  ],
  [
    'Transfer-Encoding with Content-Length',
    'POST /api/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n',
    400,
    'malformed',
    /./,
  ],
  ['two Content-Lengths', 'POST /api/ HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde', 400, 'malformed', /./],
  ['a list as Content-Length', 'POST /api/ HTTP/1.1\r\nHost: x\r\nContent-Length: 4, 4\r\n\r\nabcd', 400, 'malformed', /./],
  ['a signed Content-Length', 'POST /api/ HTTP/1.1\r\nHost: x\r\nContent-Length: +4\r\n\r\nabcd', 400, 'malformed', /./],
  ['a huge Content-Length', 'POST /api/ HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\nabcd', 400, 'malformed', /./],
  ['an unknown transfer coding', 'POST /api/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\nabcd', 501, 'malformed', /gzip/],
  [
    'a transfer coding before chunked',
    'POST /api/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
    501,
    'malformed',
    /gzip, chunked/,
  ],
  ['chunked that is not last', 'POST /api/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n', 400, 'malformed', /./],
  ['a hidden transfer coding', 'POST /api/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n', 400, 'malformed', /./],
  ['chunked in HTTP/1.0', 'POST /api/ HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 400, 'malformed', /./],
  [
    'a chunk size that is none',
    'POST /api/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n',
    400,
    'malformed',
    /chunk/i,
  ],
  ['a chunk without its end', 'POST /api/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n0\r\n\r\n', 400, 'malformed', /./],
  ['no Host', 'GET /api/ HTTP/1.1\r\n\r\n', 400, 'malformed', /no Host/],
  ['two Hosts', 'GET /api/ HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n', 400, 'malformed', /more than one Host/],
  ['two equal Hosts', 'GET /api/ HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n', 400, 'malformed', /more than one Host/],
  ['a Host that is a list', 'GET /api/ HTTP/1.1\r\nHost: x, y\r\n\r\n', 400, 'malformed', /not a host/],
  ['a Host with a path', 'GET /api/ HTTP/1.1\r\nHost: x/y\r\n\r\n', 400, 'malformed', /not a host/],
  ['a folded field', 'GET /api/ HTTP/1.1\r\nHost: x\r\nX-A: 1\r\n 2\r\n\r\n', 400, 'malformed', /./],
  ['a bare LF', 'GET /api/ HTTP/1.1\r\nHost: x\nX-A: 1\r\n\r\n', 400, 'malformed', /./],
  ['a bare CR', 'GET /api/ HTTP/1.1\r\nHost: x\r\nX-A: 1\r2\r\n\r\n', 400, 'malformed', /./],
  ['a NUL in a value', 'GET /api/ HTTP/1.1\r\nHost: x\r\nX-A: 1\x002\r\n\r\n', 400, 'malformed', /./],
  ['a NUL in the target', 'GET /api/\x00 HTTP/1.1\r\nHost: x\r\n\r\n', 400, 'malformed', /./],
  ['a space in a name', 'GET /api/ HTTP/1.1\r\nHost: x\r\nX A: 1\r\n\r\n', 400, 'malformed', /./],
  ['a fragment', 'GET /api/#top HTTP/1.1\r\nHost: x\r\n\r\n', 400, 'malformed', /fragment/],
  ['a target that is a word', 'GET api HTTP/1.1\r\nHost: x\r\n\r\n', 400, 'malformed', /./],
  ['user information in the target', 'GET http://me:secret@api.example/ HTTP/1.1\r\nHost: x\r\n\r\n', 400, 'malformed', /neither/],
  ['fields beyond the limit', `GET /api/ HTTP/1.1\r\nHost: x\r\nX-A: ${'a'.repeat(20_000)}\r\n\r\n`, 431, 'headers_too_large', /limits.header/],
  ['a target beyond the limit', `GET /api/${'a'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 431, 'headers_too_large', /limits.header/],
  ['an announced body beyond the limit', 'POST /api/ HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n', 413, 'body_too_large', /limits.body/],
  ['an unknown expectation', 'POST /api/ HTTP/1.1\r\nHost: x\r\nExpect: a-miracle\r\nContent-Length: 1\r\n\r\na', 417, 'malformed', /100-continue/],
];

/** A service that notes for which paths it was asked. */
function noting() {
  const paths: string[] = [];
  const serve = (exchange: Exchange): ReturnType<typeof echo> => {
    paths.push(exchange.path);
    return echo(exchange);
  };
  return { paths, serve };
}

describe('bad input', () => {
  it.each(CLOSED)('answers %s at once and closes', async (_name, bytes, status, reason, why) => {
    let served = 0;
    await using listener = await startListener((exchange) => {
      served++;
      return echo(exchange);
    });
    using client = await listener.client();
    const answer = await client.send(bytes).closed();
    const [head = '', body = ''] = answer.split('\r\n\r\n');
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(head).toMatch(/content-type: application\/problem\+json/);
    expect(head).toMatch(/proxy-status: breakwater; error=/);
    expect(JSON.parse(body)).toMatchObject({ status, code: reason, detail: expect.stringMatching(why) as string });
    expect(answer.match(/^HTTP\/1\.1 \d/gm)).toHaveLength(1);
    expect(listener.notes.rejections).toMatchObject([{ reason, status }]);
    expect(served).toBe(0);
    await vi.waitUntil(() => listener.plane.connections === 0);
    expect(await (await fetch(`${listener.url}/api/`)).text()).toBe('GET / none');
  });

  it('does not take what follows a malformed request for another', async () => {
    const { paths, serve } = noting();
    await using listener = await startListener(serve);
    using client = await listener.client();
    client.send(
      'POST /api/a HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /api/smuggled HTTP/1.1\r\nHost: x\r\n\r\n',
    );
    await client.closed();
    expect(paths).toEqual([]);
  });

  it('does not let a first request hide a second in its content', async () => {
    const { paths, serve } = noting();
    await using listener = await startListener(serve);
    using client = await listener.client();
    const hidden = 'GET /api/smuggled HTTP/1.1\r\nHost: x\r\n\r\n';
    client.send(
      `POST /api/a HTTP/1.1\r\nHost: x\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}GET /api/b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
    );
    expect(await client.closed()).toMatch(/smuggled/);
    expect(paths).toEqual(['/a', '/b']);
  });

  it('answers the whole requests before a malformed one, then says what is wrong', async () => {
    await using listener = await startListener(echo);
    using client = await listener.client();
    client.send('GET /api/a HTTP/1.1\r\nHost: x\r\n\r\nNONSENSE\r\n\r\n');
    expect(await client.closed()).toMatch(/^HTTP\/1.1 200 OK[^]*GET \/a none[^]*HTTP\/1.1 400 Bad Request/);
    expect(listener.notes.rejections).toHaveLength(1);
  });

  it.each([
    ['an unknown expectation', 'POST /api/b HTTP/1.1\r\nHost: x\r\nExpect: a-miracle\r\nContent-Length: 1\r\n\r\na', 417],
    ['no HTTP', 'NONSENSE\r\n\r\n', 400],
    ['no Host', 'GET /api/b HTTP/1.1\r\n\r\n', 400],
  ])('answers a whole request with content before %s in the same packet', async (_name, next, status) => {
    const { paths, serve } = noting();
    await using listener = await startListener(serve);
    using client = await listener.client();
    client.send(`POST /api/pay HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx${next}`);
    expect(statuses(await client.closed())).toEqual([200, status]);
    expect(paths).toEqual(['/pay']);
    expect(listener.notes.rejections).toHaveLength(1);
  });

  it('refuses content beyond the limit before what is wrong behind it', async () => {
    await using listener = await startListener(echo, { limits: { headerBytes: 1000, bodyBytes: 3, requestTimeoutMs: 30_000 } });
    using client = await listener.client();
    client.send('POST /api/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\nNONSENSE\r\n\r\n');
    expect(statuses(await client.closed())).toEqual([413]);
    expect(listener.notes.ended).toEqual([]);
  });

  it.each([
    ['with Content-Length', 'Content-Length: 10\r\n\r\nabc'],
    ['in chunks', 'Transfer-Encoding: chunked\r\n\r\n5\r\nab'],
  ])('makes no exchange of a body that breaks off %s', async (_name, rest) => {
    let served = 0;
    await using listener = await startListener((exchange) => {
      served++;
      return echo(exchange);
    });
    for (const leave of ['end', 'resetAndDestroy'] as const) {
      using client = await listener.client();
      client.send(`POST /api/ HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n${rest}`);
      await client.until('100 Continue');
      client.socket[leave]();
      await vi.waitUntil(() => listener.plane.connections === 0);
    }
    expect(listener.notes.rejections.map(({ reason }) => reason)).toEqual(['body_incomplete', 'body_incomplete']);
    expect(listener.notes.ended).toEqual([]);
    expect(served).toBe(0);
  });

  it('refuses content in chunks that passes the limit', async () => {
    await using listener = await startListener(echo, { limits: { headerBytes: 1000, bodyBytes: 500, requestTimeoutMs: 30_000 } });
    using client = await listener.client();
    client.send(`POST /api/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n200\r\n${'a'.repeat(512)}\r\n`);
    expect(await client.closed()).toMatch(/^HTTP\/1.1 413 [^]*\r\nproxy-status: breakwater; error=http_request_error;/);
    expect(listener.notes.rejections).toMatchObject([{ reason: 'body_too_large' }]);
  });

  it('cuts a streamed upload that passes the limit', async () => {
    let exchange: Exchange | undefined;
    let broke: Error | undefined;
    await using listener = await startListener(
      (found) => {
        exchange = found;
        if (found.body.kind === 'stream') found.body.stream.on('error', (error) => (broke = error)).resume();
        return new Promise((resolve) => found.onAbort(() => void echo(found).then(resolve)));
      },
      { limits: { headerBytes: 1000, bodyBytes: 4000, requestTimeoutMs: 30_000 } },
    );
    using client = await listener.client();
    client.send(`POST /api/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n600\r\n${'a'.repeat(0x600)}\r\n`);
    await vi.waitUntil(() => exchange !== undefined);
    expect(exchange?.body).toMatchObject({ kind: 'stream', length: undefined });
    client.send(`a00\r\n${'b'.repeat(0xa00)}\r\n`);
    expect(await client.closed()).toMatch(new RegExp(`^HTTP/1.1 413 [^]*\r\nx-request-id: ${exchange?.id ?? ''}\r\n`, 'i'));
    expect(exchange?.aborted).toBe(true);
    expect(broke).toBeInstanceOf(Error);
    expect(listener.notes.ended).toMatchObject([{ status: 413, failure: { code: 'request_too_large' } }]);
    expect(exchange && outcomeOf(exchange)).toBe('failed');
  });

  it.each([
    ['its fields', 'GET /api/ HTTP/1.1\r\nHost: x\r\n'],
    ['its content', 'POST /api/ HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc'],
  ])('answers 408 when a client does not finish %s in time', async (_name, bytes) => {
    await using listener = await startListener(echo, { limits: { headerBytes: 1000, bodyBytes: 500, requestTimeoutMs: 60 } });
    using client = await listener.client();
    expect(await client.send(bytes).closed()).toMatch(
      /^HTTP\/1.1 408 [^]*\r\nproxy-status: breakwater; error=http_request_error; [^]*limits.requestTimeout/,
    );
    expect(listener.notes.rejections).toMatchObject([{ reason: 'request_timeout', status: 408 }]);
  });

  it('closes on a client that pipelines without end', async () => {
    await using listener = await startListener(() => new Promise(() => undefined));
    using client = await listener.client();
    client.send('GET /api/ HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(300));
    expect(await client.closed()).toBe('');
  });

  it('answers a fault of its own with 500, tells it, and serves on', async () => {
    await using listener = await startListener(() => Promise.reject(new Error('a bug')));
    const answer = await fetch(`${listener.url}/api/`);
    expect(answer.status).toBe(500);
    expect(await answer.json()).toMatchObject({ code: 'proxy_internal_error' });
    expect(listener.notes.errors).toHaveLength(1);
    expect(listener.notes.ended).toMatchObject([{ status: 500 }]);
  });
});
