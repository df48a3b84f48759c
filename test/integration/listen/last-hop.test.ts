import { describe, expect, it } from 'vitest';
import type { Exchange } from '../../../src/model/exchange.ts';
import { echo, type Listener, startListener } from '../../support/listener.ts';
import { RawClient } from '../../support/raw-client.ts';
import { statuses } from './standing.ts';

/** What reached the upstream of a listener with a port of its own for it, and that port. */
async function listening(): Promise<{ listener: Listener; seen: Exchange[]; ask: (text: string) => Promise<string> }> {
  const seen: Exchange[] = [];
  const listener = await startListener(
    (exchange) => {
      seen.push(exchange);
      return echo(exchange);
    },
    { ports: [{ upstream: 'api', host: '127.0.0.1', port: 0 }] },
  );
  const { port } = listener.plane.ports[0] ?? { port: 0 };
  const ask = async (text: string): Promise<string> => {
    using client = await RawClient.connect(port);
    return await client.send(text).closed();
  };
  return { listener, seen, ask };
}

const request = (method: string, path: string, ...fields: string[]): string =>
  `${method} ${path} HTTP/1.1\r\n${['Host: x', 'Connection: close', ...fields].join('\r\n')}\r\n\r\n`;

describe('Max-Forwards', () => {
  it('is counted down for OPTIONS and TRACE, and left alone elsewhere', async () => {
    const { listener, seen, ask } = await listening();
    await using _listener = listener;
    for (const method of ['OPTIONS', 'TRACE', 'GET']) expect(await ask(request(method, '/a', 'Max-Forwards: 3'))).toMatch(/ 200 OK/);
    expect(seen.map((exchange) => exchange.headers)).toEqual([
      ['max-forwards', '2'],
      ['max-forwards', '2'],
      ['max-forwards', '3'],
    ]);
  });

  it.each([
    ['OPTIONS', 204],
    ['TRACE', 501],
  ])('of 0 ends %s here with %i', async (method, status) => {
    const { listener, seen, ask } = await listening();
    await using _listener = listener;
    expect(await ask(request(method, '/a', 'Max-Forwards: 0'))).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(await ask(request('GET', '/a', 'Max-Forwards: 0'))).toMatch(/ 200 OK/);
    expect(seen.map((exchange) => exchange.method)).toEqual(['GET']);
  });

  it.each(['x', '-1', '1.5', ''])('of %j is no number, and passes', async (value) => {
    const { listener, seen, ask } = await listening();
    await using _listener = listener;
    expect(await ask(request('OPTIONS', '/a', `Max-Forwards: ${value}`))).toMatch(/ 200 OK/);
    expect(seen[0]?.headers).toEqual(['max-forwards', value]);
  });
});

describe('OPTIONS *', () => {
  it('asks whether a server is there at all, and is answered here', async () => {
    const { listener, seen, ask } = await listening();
    await using _listener = listener;
    const answer = await ask(request('OPTIONS', '*'));
    expect(answer).toMatch(/^HTTP\/1.1 204 No Content\r\n/);
    expect(answer).not.toMatch(/content-length/i);
    expect(seen).toEqual([]);
    expect(listener.notes.ended).toMatchObject([{ method: 'OPTIONS', status: 204, source: 'proxy' }]);
  });
});

describe('OPTIONS * on the main port, where it is for no upstream', () => {
  it('is answered too, and neither refused nor an exchange; the connection goes on', async () => {
    await using listener = await startListener(echo);
    using client = await listener.client();
    client.send('OPTIONS * HTTP/1.1\r\nHost: x\r\nX-Request-Id: mine\r\n\r\nGET /api/b HTTP/1.1\r\nHost: x\r\n\r\n');
    await client.until('GET /b none');
    expect(statuses(client.received)).toEqual([204, 200]);
    expect(client.received).toMatch(/^HTTP\/1.1 204 No Content\r\n[^]*?x-request-id: mine\r\n/i);
    expect(listener.notes.rejections).toEqual([]);
    expect(listener.notes.ended).toMatchObject([{ method: 'GET' }]);
  });

  it('is refused with content, which is for nobody, as is * with any other method', async () => {
    await using listener = await startListener(echo);
    for (const text of ['OPTIONS * HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi', 'GET * HTTP/1.1\r\nHost: x\r\n\r\n']) {
      using client = await listener.client();
      expect(statuses(await client.send(text).closed())).toEqual([400]);
    }
  });
});

describe('content of a request that ends here', () => {
  const limits = { headerBytes: 1000, bodyBytes: 2000, requestTimeoutMs: 60 };
  const options = (...fields: string[]): string => `OPTIONS /api/a HTTP/1.1\r\nHost: x\r\nMax-Forwards: 0\r\n${fields.join('\r\n')}\r\n\r\n`;
  const CHUNKED = 'Transfer-Encoding: chunked';

  it.each([
    ['is announced as more than the limit', options('Content-Length: 2001'), 413],
    ['passes the limit in chunks', `${options(CHUNKED)}7d1\r\n${'a'.repeat(2001)}\r\n`, 413],
    ['does not come in time', `${options('Content-Length: 5')}a`, 408],
    ['is more than is read whole, and stops', `${options('Content-Length: 1900')}a`, 204],
  ])('has the limits of any other where it %s', async (_name, bytes, status) => {
    await using listener = await startListener(echo, { limits });
    using client = await listener.client();
    expect(statuses(await client.send(bytes).closed())[0]).toBe(status);
  });

  it.each([
    ['of a known length', `${options('Content-Length: 5')}hello`],
    ['in chunks', `${options(CHUNKED)}5\r\nhello\r\n0\r\n\r\n`],
    ['that is more than is read whole', options('Content-Length: 1900') + 'a'.repeat(1900)],
  ])('is read away, and the connection carries the next request: %s', async (_name, bytes) => {
    await using listener = await startListener(echo, { limits });
    using client = await listener.client();
    client.send(`${bytes}GET /api/b HTTP/1.1\r\nHost: x\r\n\r\n`);
    await client.until('GET /b none');
    expect(statuses(client.received)).toEqual([204, 200]);
  });
});
