import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RunningBreakwater } from '../../support/breakwater.ts';
import { RawClient } from '../../support/raw-client.ts';
import { closed, opened } from '../../support/servers.ts';

const sockets = new Set<Socket>();
const origin: Server = createServer((_request, response) => response.end('plain'));
origin.on('upgrade', (_request: IncomingMessage, socket: Socket) => {
  sockets.add(socket);
  socket.on('error', () => undefined).write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
});

let app: RunningBreakwater;
let authority = '';

beforeAll(async () => {
  authority = `127.0.0.1:${await opened(origin)}`;
  app = await RunningBreakwater.start(`
version: 1
listen: { port: 0 }
admin: { port: 0 }
upstreams:
  api:
    origin: "http://${authority}"
    breaker: { consecutive: 1 }
    routes:
      - { name: live, match: { path: /live }, breaker: { group: live } }
      - { name: watched, match: { path: /watched }, breaker: { group: watched, mode: observe } }
`);
});
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await app[Symbol.asyncDispose]();
  await closed(origin);
});

function act(breaker: string, action: string): Promise<Response> {
  const url = `${app.adminUrl}/api/breakers/api/${breaker}/${action}?authority=${encodeURIComponent(authority)}`;
  return fetch(url, { method: 'POST', headers: { 'x-breakwater-admin': '1' } });
}

/** The head of the answer to an upgrade, and what of a body came with it. */
async function upgrade(path: string): Promise<string> {
  using client = await RawClient.connect(Number(new URL(app.proxyUrl).port));
  client.send(`GET /api${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`);
  return await client.until(/^HTTP\/1.1 (?:101.*?\r\n\r\n|503.*\r\n\r\n\{.*\})/s);
}

describe('an upgrade', () => {
  it('is refused by a breaker of its route that is held open by hand, and by that one alone', async () => {
    expect(await upgrade('/live')).toMatch(/^HTTP\/1.1 101 /);
    await act('live', 'isolate');
    const refused = await upgrade('/live');
    expect(refused).toMatch(/^HTTP\/1.1 503 .*\r\nretry-after: 60\r\n/s);
    expect(refused).toContain('\r\nx-proxy-error: api_unavailable\r\n');
    expect(refused).toContain(`proxy-status: breakwater; error=destination_unavailable; next-hop="${authority}"; details="phase=queue; attempts=0;`);
    expect(refused).toContain(`the circuit breaker for ${authority} is held open by hand"`);
    const line = await app.said(({ status }) => status === 503);
    expect(line).toMatchObject({
      route: 'upgrade',
      outcome: 'failed',
      source: 'proxy',
      attempts: [],
      failure: { code: 'destination_unavailable', own: true },
    });
    expect(await upgrade('/other')).toMatch(/^HTTP\/1.1 101 /);
    await act('live', 'reset');
    expect(await upgrade('/live')).toMatch(/^HTTP\/1.1 101 /);
  });

  it('passes a breaker that is open by itself, since it says nothing of its own upstream, and one that only observes', async () => {
    await act('default', 'trip');
    expect(await upgrade('/other')).toMatch(/^HTTP\/1.1 101 /);
    await act('watched', 'isolate');
    expect(await upgrade('/watched')).toMatch(/^HTTP\/1.1 101 /);
    const metrics = await (await fetch(`${app.adminUrl}/metrics`)).text();
    expect(metrics).toMatch(/^breakwater_observed_actions_total\{upstream="api",route="upgrade",policy="breaker",action="refused"\} 1$/m);
  });
});
