import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RunningBreakwater } from '../../support/breakwater.ts';
import { RawClient } from '../../support/raw-client.ts';
import { closed, opened } from '../../support/servers.ts';

const sockets = new Set<Socket>();
const origin: Server = createServer();
origin.on('upgrade', ({ url }: IncomingMessage, socket: Socket) => {
  sockets.add(socket);
  socket.on('error', () => undefined);
  if (url === '/lively') socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
});

let app: RunningBreakwater;

beforeAll(async () => {
  app = await RunningBreakwater.start(`
version: 1
listen: { port: 0 }
admin: { port: 0 }
upstreams:
  api:
    origin: "http://127.0.0.1:${await opened(origin)}"
    routes:
      - { name: lively, match: { path: /lively }, timeouts: { idle: 80ms } }
      - { name: late, match: { path: /late }, timeouts: { headers: 80ms } }
      - { name: hurried, match: { path: /hurried }, timeouts: { total: 80ms } }
`);
});
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await app[Symbol.asyncDispose]();
  await closed(origin);
});

describe('an upgrade', () => {
  it.each([
    ['idle', '/lively', 101, { code: 'connection_read_timeout', phase: 'body' }],
    ['headers', '/late', 504, { code: 'http_response_timeout', phase: 'headers' }],
    ['total', '/hurried', 504, { code: 'http_response_timeout', phase: 'headers' }],
  ])('is held to `%s` of the route that its path matches', async (limit, path, status, failure) => {
    using client = await RawClient.connect(Number(new URL(app.proxyUrl).port));
    client.send(`GET /api${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`);
    expect(await client.closed()).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(await app.said(({ path: said }) => said === path)).toMatchObject({ route: 'upgrade', status, failure: { ...failure, limit } });
  });
});
