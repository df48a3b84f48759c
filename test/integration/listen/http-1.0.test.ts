import { describe, expect, it, vi } from 'vitest';
import { BytesBody } from '../../../src/model/body.ts';
import { reply } from '../../../src/model/outcome.ts';
import type { Service } from '../../../src/model/service.ts';
import { echo, startListener } from '../../support/listener.ts';
import { PushBody } from '../../support/push-body.ts';
import { statuses } from './standing.ts';

const request = (method: string, path: string, ...fields: string[]): string =>
  `${method} /api/${path} HTTP/1.0\r\n${['Connection: keep-alive', ...fields].join('\r\n')}\r\n\r\n`;

/** Answers one path with a stream, all else at once. */
function streaming(path: string, headers: string[] = []) {
  const body = new PushBody();
  const asked: string[] = [];
  const serve: Service = (exchange) => {
    asked.push(exchange.path);
    return exchange.path === path ? Promise.resolve(reply(200, headers, 'upstream', body)) : echo(exchange);
  };
  return { body, asked, serve };
}

describe('an answer to HTTP/1.0', () => {
  it('that ends with the connection is the last: what was sent ahead goes nowhere', async () => {
    const { body, asked, serve } = streaming('/stream');
    await using listener = await startListener(serve);
    using client = await listener.client();
    client.send(request('GET', 'stream') + request('POST', 'pay', 'Content-Length: 1') + 'x');
    await body.pushTo(client, 'ok');
    body.end();
    expect(await client.closed()).toMatch(/^HTTP\/1.1 200 [^]*\r\nconnection: close\r\n[^]*\r\n\r\nok$/i);
    await vi.waitUntil(() => listener.plane.connections === 0);
    expect(asked).toEqual(['/stream']);
  });

  it.each([
    ['HEAD', 'HEAD', 'stream'],
    ['204', 'GET', 'none'],
  ])('without a length is the last though it has no content: one to %s', async (_name, method, path) => {
    const { asked, serve, body } = streaming('/stream');
    await using listener = await startListener((exchange) =>
      exchange.path === '/none' ? Promise.resolve(reply(204, ['content-length', '0'], 'upstream', new BytesBody())) : serve(exchange),
    );
    using client = await listener.client();
    client.send(request(method, path) + request('GET', 'next'));
    void body.started.then(() => body.end());
    expect(statuses(await client.closed())).toHaveLength(1);
    expect(asked).not.toContain('/next');
  });

  it('is never in chunks, which are not part of it, even where the client says that it takes them (RFC 9112 section 6.1)', async () => {
    const { body, serve } = streaming('/stream');
    await using listener = await startListener(serve);
    using client = await listener.client();
    client.send(request('GET', 'stream', 'TE: chunked'));
    await body.pushTo(client, 'ok');
    body.end();
    expect(await client.closed()).toMatch(/\r\n\r\nok$/);
    expect(client.received).not.toMatch(/transfer-encoding/i);
  });

  it('whose length is known leaves the connection open where the client asks for it', async () => {
    const { body, serve } = streaming('/stream', ['content-length', '2']);
    await using listener = await startListener(serve);
    using client = await listener.client();
    client.send(request('GET', 'stream') + request('GET', 'next'));
    await body.started;
    body.push('ok');
    body.end();
    await client.until('GET /next none');
    expect(statuses(client.received)).toEqual([200, 200]);
  });
});
