import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createTcpServer, type Socket } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { RunningBreakwater } from '../../support/breakwater.ts';
import { tunnelTo } from '../../support/connect.ts';
import { answering, obliging, ParentProxyServer } from '../../support/parent-proxy.ts';
import { RawClient } from '../../support/raw-client.ts';
import { closed, opened, portOf } from '../../support/servers.ts';

const sockets = new Set<Socket>();
const origin: Server = createServer((request, response) => response.end(`origin ${request.url ?? ''}`));
origin.on('upgrade', (_request: IncomingMessage, socket: Socket) => {
  sockets.add(socket);
  socket.on('error', () => undefined).write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello');
});
/** Speaks first, and says back what it hears. */
const chatty = createTcpServer({ allowHalfOpen: true }, (socket) => {
  sockets.add(socket);
  socket.on('error', () => undefined).write('220 hello ');
  socket.pipe(socket);
});

let proxy: ParentProxyServer;
let app: RunningBreakwater;

function yaml(more = '', upstream = ''): string {
  return `
version: 1
listen: { port: 0 }
admin: { port: 0 }
egress: { proxy: "http://me:\${PASS}@127.0.0.1:${proxy.port}", noProxy: ["127.0.0.1"] }
passthrough: [chatty.test]
upstreams:
  api: { origin: "http://api.test:8000", probe: { path: /alive, every: 1s }${upstream} }
  local: { origin: "http://127.0.0.1:${portOf(origin)}" }
${more}`;
}

const NONE = 'http://me:s3cr3t-of-env@127.0.0.1:9';

beforeAll(async () => {
  const ports = await Promise.all([origin, chatty].map((server) => opened(server)));
  proxy = await ParentProxyServer.start({ 'api.test:8000': ports[0] ?? 0, 'chatty.test:443': ports[1] ?? 0 });
  app = await RunningBreakwater.start(yaml(), { PASS: 's3cr3t', HTTPS_PROXY: NONE, HTTP_PROXY: NONE, ALL_PROXY: NONE, http_proxy: NONE });
});
beforeEach(() => {
  proxy.conduct = obliging;
});
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await app[Symbol.asyncDispose]();
  await proxy[Symbol.asyncDispose]();
  await Promise.all([origin, chatty].map(closed));
});

const asked = (name: string): number => proxy.asked.filter((target) => target === name).length;
const port = (): number => Number(new URL(app.proxyUrl).port);

describe('with a proxy for egress', () => {
  it('requests, upgrades and probes leave through it, what is local does not, and the environment has no say', async () => {
    expect(await (await fetch(`${app.proxyUrl}/api/x`)).text()).toBe('origin /x');
    expect(await (await fetch(`${app.proxyUrl}/local/y`)).text()).toBe('origin /y');
    using client = await RawClient.connect(port());
    const before = asked('api.test:8000');
    await client.send('GET /api/live HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n').until('hello');
    expect(asked('api.test:8000')).toBe(before + 1);
    expect(new Set(proxy.asked)).toEqual(new Set(['api.test:8000']));
    const { dependencies } = (await (await fetch(`${app.adminUrl}/health`)).json()) as { dependencies: Record<string, { probe?: { ok: boolean } }> };
    expect(dependencies['api']).toMatchObject({ probe: { ok: true } });
  });

  it('tunnels to passed-through hosts leave through it, with what the host says first, and end by halves', async () => {
    proxy.greeting = 'HTTP/1.1 200 OK\r\nVia: 1.1 corp\r\n\r\nearly ';
    using client = await RawClient.connect(port());
    await client.send('CONNECT chatty.test:443 HTTP/1.1\r\nHost: chatty.test:443\r\n\r\n').until('hello ');
    await client.send('and you').until('and you');
    expect(asked('chatty.test:443')).toBe(1);
    client.socket.end('bye');
    expect(await client.closed()).toBe('HTTP/1.1 200 Connection Established\r\n\r\nearly 220 hello and youbye');
  });

  it.each([
    ['refused', answering('HTTP/1.1 403 Forbidden\r\n\r\n'), 502, 'answered 403 to CONNECT chatty.test:443'],
    ['not understood', answering('nonsense\r\n\r\n'), 502, 'did not answer CONNECT with HTTP'],
    ['cut', (one: Socket) => one.destroy(), 502, 'closed the connection before it answered CONNECT'],
  ])('a tunnel that is %s is told with the name of the proxy', async (_what, conduct, status, words) => {
    proxy.conduct = conduct;
    const refused: unknown = await tunnelTo('chatty.test:443', port()).catch((error: unknown) => error);
    expect(String(refused)).toMatch(new RegExp(`HTTP/1.1 ${status} `));
    expect(String(refused)).toContain(`the proxy 127.0.0.1:${proxy.port} ${words}`);
  });

  it('an upgrade that finds no tunnel is answered with why', async () => {
    proxy.conduct = answering('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
    using client = await RawClient.connect(port());
    client.send('GET /api/live HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    const answer = await client.until(/^HTTP\/1.1 502 .*\r\n\r\n\{.*\}$/s);
    expect(answer).toContain(`answered 407 to CONNECT api.test:8000: it does not take the credentials of its URL`);
    expect(answer).toContain('proxy-status: breakwater; error=connection_refused');
  });

  it('shows its password nowhere', async () => {
    const pages = await Promise.all(
      ['/api/config', '/health', '/metrics', '/api/exchanges', '/api/status'].map(async (path) => (await fetch(`${app.adminUrl}${path}`)).text()),
    );
    expect(pages[0]).toContain(`@127.0.0.1:${proxy.port}`);
    expect([...pages, JSON.stringify(app.log), app.stderr].filter((text) => /s3cr3t|bWU6/.test(text))).toEqual([]);
  });

  it('is replaced by a reload: what comes next goes by the new way', async () => {
    await using other = await ParentProxyServer.start({ 'api.test:8000': portOf(origin) });
    app.configure(yaml('', `, proxy: "${other.url()}"`));
    await vi.waitUntil(async () => (await (await fetch(`${app.proxyUrl}/api/z`)).text()) === 'origin /z' && other.asked.length > 0, {
      timeout: 10_000,
      interval: 100,
    });
    const before = asked('api.test:8000');
    expect(await (await fetch(`${app.proxyUrl}/api/z`)).text()).toBe('origin /z');
    expect(asked('api.test:8000')).toBe(before);
  });
});
