import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RunningBreakwater } from '../../support/breakwater.ts';
import { RawClient } from '../../support/raw-client.ts';
import { closed, opened, portOf } from '../../support/servers.ts';

const origin: Server = createServer((request, response) => {
  request.resume();
  request.on('error', () => undefined).on('end', () => response.end('done'));
});
let app: RunningBreakwater;

beforeAll(async () => {
  await opened(origin);
  app = await RunningBreakwater.start(`
version: 1
listen: { port: 0 }
admin: { port: 0 }
limits: { body: 1KiB, requestTimeout: 250ms }
upstreams:
  api:
    origin: "http://127.0.0.1:${portOf(origin)}"
    bufferLimit: 100B
    errors: { dialect: google, code: gemini }
    routes:
      - { name: rows, match: { path: /rows/** }, errors: { dialect: postgrest, status: { '413': 400 } } }
  dead:
    origin: "http://127.0.0.1:1"
    errors: { dialect: graph, code: whatsapp, status: { '502': 504 } }
`);
});
afterAll(async () => {
  await app[Symbol.asyncDispose]();
  await closed(origin);
});

/** All that comes of a request until the connection is closed, and the JSON in it. */
async function answerTo(text: string): Promise<{ head: string; body: unknown }> {
  using client = await RawClient.connect(Number(new URL(app.proxyUrl).port));
  const [head = '', body = ''] = (await client.send(text).closed()).split('\r\n\r\n');
  return { head, body: JSON.parse(body) };
}

const CHUNK = `400\r\n${'x'.repeat(1024)}\r\n`;

describe('what the listener refuses once it knows the route', () => {
  it.each([
    ['is announced', 'Content-Length: 2000\r\n\r\n'],
    ['comes in chunks', `Transfer-Encoding: chunked\r\n\r\n${CHUNK}${CHUNK}`],
  ])('speaks the dialect of the upstream where content beyond the limit %s', async (_name, rest) => {
    const { head, body } = await answerTo(`POST /api/v1 HTTP/1.1\r\nHost: x\r\n${rest}`);
    expect(head).toMatch(/^HTTP\/1.1 413 [^]*\r\nx-proxy-error: gemini_request_too_large\r\n[^]*\r\nx-request-id: \S+/);
    expect(head).toMatch(/\r\nproxy-status: breakwater; error=http_request_error; [^\r]*limits\.body/);
    const message = 'The request to the upstream api is too large: the request body is larger than 1024 bytes (limits.body)';
    expect(body).toMatchObject({ error: { code: 413, message, status: 'INVALID_ARGUMENT' } });
  });

  it('takes dialect and status of the route', async () => {
    const { head, body } = await answerTo('POST /api/rows/a HTTP/1.1\r\nHost: x\r\nContent-Length: 2000\r\n\r\n');
    expect(head).toMatch(/^HTTP\/1.1 400 /);
    expect(body).toMatchObject({ code: 'GEMINI_REQUEST_TOO_LARGE', hint: null });
  });

  it('speaks it where the client sends its content too slowly', async () => {
    const { head, body } = await answerTo('POST /api/v1 HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n');
    expect(head).toMatch(/^HTTP\/1.1 408 [^]*\r\nx-proxy-error: gemini_request_timeout\r\n/);
    expect(body).toMatchObject({ error: { code: 408, status: 'DEADLINE_EXCEEDED' } });
  });

  it('speaks it where an upgrade fails, with the status of the configuration', async () => {
    const { head, body } = await answerTo('GET /dead/live HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    expect(head).toMatch(/^HTTP\/1.1 504 [^]*\r\nx-proxy-error: whatsapp_unreachable\r\n/);
    expect(body).toMatchObject({ error: { type: 'OAuthException', is_transient: true } });
    const line = await app.said(({ route }) => route === 'upgrade');
    expect(line).toMatchObject({ status: 504, failure: { code: 'connection_refused' } });
  });
});
