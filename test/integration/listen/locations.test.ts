import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BytesBody } from '../../../src/model/body.ts';
import { reply } from '../../../src/model/outcome.ts';
import { RunningBreakwater } from '../../support/breakwater.ts';
import { startListener } from '../../support/listener.ts';
import { closed, opened } from '../../support/servers.ts';
import { standUpgrading, UPGRADE } from './standing.ts';

/** Sends `/old` on to `/new`, with the origin where asked for that, and says else what it was asked. */
let asked: string[] = [];
const orders: Server = createServer((request, response) => {
  const url = request.url ?? '';
  asked.push(url);
  if (!url.startsWith('/old')) return void response.end(url);
  const location = url.endsWith('?whole') ? 'http://orders.example/new' : '/new';
  response.writeHead(301, { location, 'cache-control': 'max-age=60' }).end();
});
let app: RunningBreakwater;

beforeAll(async () => {
  const resolve = `127.0.0.1:${await opened(orders)}`;
  app = await RunningBreakwater.start(`
version: 1
listen: { port: 0 }
admin: { port: 0 }
upstreams:
  orders: { origin: "http://orders.example", resolve: "${resolve}", cache: {} }
  kept: { origin: "http://kept.example", resolve: "${resolve}", rewriteLocation: false }
`);
});
afterAll(async () => {
  await app[Symbol.asyncDispose]();
  await closed(orders);
});

describe('a redirect to the origin of an upstream', () => {
  it.each(['/orders/old', '/orders/old?whole'])('comes back through the proxy by its prefix, from the store too: %s', async (path) => {
    for (const sent of [[path.slice('/orders'.length), '/new'], ['/new']]) {
      asked = [];
      const response = await fetch(`${app.proxyUrl}${path}`);
      expect([response.status, response.url, await response.text()]).toEqual([200, `${app.proxyUrl}/orders/new`, '/new']);
      expect(asked).toEqual(sent);
    }
  });

  it('passes as it is where the configuration says so', async () => {
    const response = await fetch(`${app.proxyUrl}/kept/old`, { redirect: 'manual' });
    expect([response.status, response.headers.get('location')]).toEqual([301, '/new']);
  });

  it('comes back through the port of the upstream', async () => {
    const headers = ['location', 'https://api.example/new', 'content-length', '0'];
    const ports = [{ upstream: 'api', host: '127.0.0.1', port: 0 }];
    await using listener = await startListener(() => Promise.resolve(reply(302, headers, 'upstream', new BytesBody())), { ports });
    const response = await fetch(`http://127.0.0.1:${listener.plane.ports[0]?.port}/old`, { redirect: 'manual' });
    expect([response.status, response.headers.get('location')]).toEqual([302, '/new']);
  });

  it('comes back through the proxy where it answers an upgrade', async () => {
    await using standing = await standUpgrading((socket) => socket.end('HTTP/1.1 307 Other\r\nLocation: /new\r\nContent-Length: 0\r\n\r\n'));
    using client = await standing.client();
    expect(await client.send(UPGRADE).closed()).toMatch(/\r\nlocation: \/api\/new\r\n/);
  });
});

describe('a redirect that the proxy itself makes', () => {
  it('is for the client as it is', async () => {
    await using listener = await startListener(() => Promise.resolve(reply(302, ['location', '/sorry'], 'proxy', new BytesBody())));
    const response = await fetch(`${listener.url}/api/old`, { redirect: 'manual' });
    expect([response.status, response.headers.get('location')]).toEqual([302, '/sorry']);
  });
});
