import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { createServer as createTlsServer, createSecureContext } from 'node:tls';
import { describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../../src/model/clock.ts';
import type { Dialing, UpgradeBounds } from '../../../src/route/gateway.ts';
import type { CertificateAuthority } from '../../../src/tls/authority.ts';
import { loadAuthority } from '../../../src/tls/load-authority.ts';
import { Resolver } from '../../../src/upstream/dns.ts';
import { attemptLimits } from '../../../src/upstream/pools.ts';
import { intercepted } from '../../support/connect.ts';
import { echo, gatewayOfTargets, type Listener, startListener, targetOf } from '../../support/listener.ts';
import { scratchDirectory } from '../../support/scratch.ts';
import { closed, freePort, opened, portOf } from '../../support/servers.ts';

/** An upstream that upgrades, and the raw sockets of those that were. */
class Upstream implements AsyncDisposable {
  readonly sockets: Socket[] = [];
  readonly asked: IncomingMessage[] = [];
  /** Bytes that came from those at `/mute`, who hear nothing back. */
  heard = 0;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<Upstream> {
    const server = createServer((request, response) => {
      upstream.asked.push(request);
      response.writeHead(200, { 'x-plain': 'yes' }).end('no upgrade here');
    });
    const upstream = new Upstream(server);
    server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
      upstream.asked.push(request);
      upstream.sockets.push(socket);
      socket.on('error', () => undefined);
      if (request.url === '/refused')
        return void socket.end('HTTP/1.1 403 Forbidden\r\nX-Why: not you\r\nX-Hop: 1\r\nContent-Length: 2\r\nConnection: close, x-hop\r\n\r\nno');
      if (request.url === '/stalling') socket.write('HTTP/1.1 403 Forbidden\r\nContent-Length: 9\r\n\r\nhalf');
      if (request.url === '/resetting') socket.write('HTTP/1.1 403 Forbidden\r\nContent-Length: 300\r\n\r\nhalf', () => socket.resetAndDestroy());
      if (request.url === '/ending') socket.write('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\nhalf', () => socket.resetAndDestroy());
      if (request.url === '/garbled') socket.write('HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nzz\r\n');
      if (['/resetting', '/ending', '/garbled'].includes(request.url ?? '')) return;
      if (request.url === '/silent' || request.url === '/stalling') return void socket.on('end', () => socket.destroy()).resume();
      if (request.url === '/unnumbered') return void socket.end('HTTP/1.1 000 X\r\n\r\n');
      if (request.url === '/broken') return void socket.destroy();
      if (request.url === '/hinting')
        socket.write('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\nConnection: x-hop\r\nX-Hop: 1\r\n\r\n');
      if (request.url === '/flooding') socket.write('HTTP/1.1 102 Processing\r\n\r\n'.repeat(3000));
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: abc\r\n\r\nhello ');
      if (request.url === '/mute') return void socket.on('data', (bytes) => (upstream.heard += bytes.length));
      socket.write(head);
      socket.pipe(socket);
    });
    await opened(server);
    return upstream;
  }

  get server(): Server {
    return this.#server;
  }

  get port(): number {
    return portOf(this.#server);
  }

  [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    return closed(this.#server);
  }
}

const limits = (headers = 5000) => attemptLimits({ headers });

function dialing(port: number, { limits: own = limits(), ...parts }: Partial<Dialing & UpgradeBounds> = {}): Dialing {
  const boundsOf = () => ({ limits: own, totalMs: Infinity });
  return { dialFor: () => ({ host: '127.0.0.1', port, tls: undefined }), resolver: new Resolver(systemClock), boundsOf, ...parts };
}

function start(using: Dialing | undefined): Promise<Listener> {
  const gateway = gatewayOfTargets([targetOf(echo, { dialing: using, origin: { scheme: 'http', authority: 'api.example' } })], {
    'api.example': 'api',
  });
  return startListener(echo, { gateway: () => gateway });
}

function throwing(where: string): never {
  throw new Error(`a bug ${where}`);
}

const ask = (target: string, more = ''): string =>
  `GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\nSec-WebSocket-Protocol: p\r\n${more}\r\n`;

async function anAuthority(): Promise<CertificateAuthority> {
  await using scratch = await scratchDirectory();
  return await loadAuthority(scratch.path);
}

/** Node asks which requests are upgrades from 24.9 on; before, each with `Upgrade` is one (docs/operations.md). */
const isAsked = 'shouldUpgradeCallback' in createServer();
const TO_HTTP_2 = 'Host: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n';

describe('an upgrade', () => {
  it.each([
    ['by prefix', '/api/realtime?apikey=k'],
    ['in absolute form', 'http://api.example/realtime?apikey=k'],
  ])('%s is carried to the upstream and joined, early bytes included', async (_name, target) => {
    await using upstream = await Upstream.start();
    await using listener = await start(dialing(upstream.port));
    using client = await listener.client();
    client.send(`${ask(target)}early `);
    expect(await client.until('hello early ')).toMatch(
      /^HTTP\/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: abc\r\n/,
    );
    await client.send('and late').until('early and late');
    expect(upstream.asked[0]).toMatchObject({
      url: '/realtime?apikey=k',
      headers: { host: 'api.example', upgrade: 'websocket', 'sec-websocket-key': 'k', 'sec-websocket-protocol': 'p' },
    });
    client.socket.end();
    await vi.waitUntil(() => listener.notes.ended.length === 1);
    expect(listener.notes.ended).toMatchObject([{ status: 101, upstream: 'api', route: 'upgrade', attempts: [{ status: 101 }] }]);
    await vi.waitUntil(() => listener.plane.connections === 0);
  });

  it('goes over TLS at both ends', async () => {
    await using upstream = await Upstream.start();
    const authority = await anAuthority();
    const context = await authority.contextFor('api.example');
    const front = createTlsServer({ SNICallback: (_name, done) => done(null, context) }, (socket) => upstream.server.emit('connection', socket));
    const port = await opened(front);
    const trusting = createSecureContext({ ca: authority.caPem });
    const secureDial = dialing(port, {
      dialFor: () => ({ host: '127.0.0.1', port, tls: { servername: 'api.example', context: trusting, alpn: ['h2', 'http/1.1'] } }),
    });
    const gateway = gatewayOfTargets([targetOf(echo, { dialing: secureDial })], { 'api.example': 'api' });
    await using listener = await startListener(echo, { gateway: () => gateway, authority: () => Promise.resolve(authority) });
    const { client } = await intercepted('api.example', listener.port, authority.caPem);
    client.send(ask('/realtime').replace('Host: x', 'Host: api.example'));
    expect(await client.until('hello ')).toMatch(/^HTTP\/1.1 101 /);
    client.socket.destroy();
    await vi.waitUntil(() => listener.plane.connections === 0);
    front.close();
    expect(listener.notes.ended).toMatchObject([{ entry: 'connect', status: 101 }]);
  });

  it('brings what the upstream says before it agrees, but for 100', async () => {
    await using upstream = await Upstream.start();
    await using listener = await start(dialing(upstream.port));
    using client = await listener.client();
    expect(await client.send(ask('/api/hinting')).until('hello ')).toMatch(
      /^HTTP\/1.1 103 Early Hints\r\nlink: <\/a>\r\n\r\nHTTP\/1.1 101 Switching Protocols\r\n/,
    );
  });

  it('fails where the upstream says no end of it', async () => {
    await using upstream = await Upstream.start();
    await using listener = await start(dialing(upstream.port));
    using client = await listener.client();
    const received = await client.send(ask('/api/flooding')).closed();
    expect(received).not.toContain('HTTP/1.1 101 ');
    expect(received).toMatch(/HTTP\/1.1 502 [^]*error=http_protocol_error/);
    expect(listener.notes.ended).toMatchObject([{ status: 502, failure: { phase: 'headers', kind: 'protocol' } }]);
  });

  it('is not asked for by a client that speaks HTTP/1.0', async () => {
    await using upstream = await Upstream.start();
    await using listener = await start(dialing(upstream.port));
    using client = await listener.client();
    client.send(ask('/api/realtime').replace('HTTP/1.1', 'HTTP/1.0'));
    const [head, sign, upgrades] = isAsked ? ['HTTP/1.1 200 ', 'GET /realtime none', 0] : ['HTTP/1.1 101 ', 'hello ', 1];
    expect((await client.until(sign)).slice(0, 13)).toBe(head);
    expect(upstream.asked).toHaveLength(upgrades);
  });

  it('that is refused brings the upstream’s own answer', async () => {
    await using upstream = await Upstream.start();
    await using listener = await start(dialing(upstream.port));
    using client = await listener.client();
    const answer = await client.send(ask('/api/refused')).closed();
    expect(answer).toMatch(/^HTTP\/1.1 403 Forbidden\r\nx-why: not you\r\n[^]*\r\n\r\nno$/);
    expect(answer).not.toMatch(/x-hop/i);
    expect(listener.notes.ended).toMatchObject([{ status: 403, source: 'upstream' }]);
  });

  it('that is refused by an answer that stalls is broken off when its idle time is over', async () => {
    await using upstream = await Upstream.start();
    await using listener = await start(dialing(upstream.port, { limits: attemptLimits({ idle: 60 }) }));
    using client = await listener.client();
    expect(await client.send(ask('/api/stalling')).closed()).toMatch(/^HTTP\/1.1 403 Forbidden\r\n[^]*\r\n\r\nhalf$/);
    await vi.waitUntil(() => listener.notes.ended.length === 1);
    expect(listener.notes.ended).toMatchObject([{ status: 403, failure: { code: 'connection_read_timeout', phase: 'body', limit: 'idle' } }]);
    await vi.waitUntil(() => upstream.sockets[0]?.destroyed);
  });

  it.each([
    ['is reset', '/resetting', { code: 'http_response_incomplete', kind: 'reset' }],
    ['ends with its connection and is reset', '/ending', { code: 'http_response_incomplete', kind: 'reset' }],
    ['is no HTTP', '/garbled', { code: 'http_protocol_error', kind: 'protocol' }],
  ])('that is refused by an answer that %s in its midst is broken off: nothing of ours is in its content', async (_name, path, failure) => {
    await using upstream = await Upstream.start();
    await using listener = await start(dialing(upstream.port));
    const attempts = vi.spyOn(listener.notes, 'attemptEnded');
    using client = await listener.client();
    expect(await client.send(ask(`/api${path}`)).closed()).toMatch(/^HTTP\/1.1 403 Forbidden\r\n(?:[^\r\n]+\r\n)*\r\n(?:half)?$/);
    await vi.waitUntil(() => listener.notes.ended.length === 1);
    expect(listener.notes.ended).toMatchObject([{ status: 403, failure: { phase: 'body', ...failure }, attempts: [{ status: 403 }] }]);
    expect(attempts).toHaveBeenCalledTimes(1);
    await vi.waitUntil(() => listener.plane.connections === 0);
  });

  it('that is refused by an answer that stalls is broken off inside an intercepted tunnel too, and no other exchange with it', async () => {
    await using upstream = await Upstream.start();
    const authority = await anAuthority();
    const target = targetOf(echo, { dialing: dialing(upstream.port, { limits: attemptLimits({ idle: 60 }) }) });
    const gateway = gatewayOfTargets([target], { 'api.example': 'api' });
    await using listener = await startListener(echo, { gateway: () => gateway, authority: () => Promise.resolve(authority) });
    const { client } = await intercepted('api.example', listener.port, authority.caPem);
    const received = await client.send(ask('/stalling').replace('Host: x', 'Host: api.example')).closed();
    expect(received).toMatch(/^HTTP\/1.1 403 Forbidden\r\n[^]*\r\n\r\nhalf$/);
    expect(listener.notes.ended).toMatchObject([{ status: 403, failure: { code: 'connection_read_timeout', limit: 'idle' } }]);
    await vi.waitUntil(() => listener.plane.connections === 0);
    expect((await fetch(`${listener.url}/api/`)).status).toBe(200);
  });

  it('that we cannot carry for a fault of ours is 500, told, and no matter of any other exchange', async () => {
    const faults: Partial<Dialing>[] = [
      { dialFor: () => throwing('in dialling') },
      { refuses: () => throwing('in a policy') },
      { dialFor: () => ({ host: '127.0.0.1', port: upstream.port, tls: undefined }) },
    ];
    await using upstream = await Upstream.start();
    for (const fault of faults) {
      await using listener = await start(dialing(upstream.port, fault));
      if (fault === faults[2]) vi.spyOn(listener.notes, 'attemptEnded').mockImplementation(() => throwing('in what is told'));
      using client = await listener.client();
      expect(await client.send(ask('/api/')).closed()).toMatch(/^HTTP\/1.1 500 [^]*error=proxy_internal_error/);
      expect(listener.notes.errors).toHaveLength(1);
      expect(listener.notes.ended).toMatchObject('refuses' in fault ? [] : [{ status: 500, upstream: 'api' }]);
      await vi.waitUntil(() => listener.plane.connections === 0);
    }
  });

  it('for a host that is none in a URL is refused as any other request for it', async () => {
    const gateway = gatewayOfTargets([targetOf(echo, { dialing: dialing(1) })], { 'api.1': 'api' });
    await using listener = await startListener(echo, { gateway: () => gateway });
    for (const request of [ask('http://api.1/'), 'GET http://api.1/ HTTP/1.1\r\nHost: x\r\n\r\n']) {
      using client = await listener.client();
      expect(await client.send(request).closed()).toMatch(/^HTTP\/1.1 400 [^]*neither a path nor an absolute URL/);
    }
  });

  it('is over for both sides when no byte has gone either way for its idle time', async () => {
    await using upstream = await Upstream.start();
    await using listener = await start(dialing(upstream.port, { limits: attemptLimits({ idle: 60 }) }));
    using client = await listener.client();
    await client.send(ask('/api/')).until('hello ');
    await client.closed();
    await vi.waitUntil(() => upstream.sockets[0]?.destroyed && listener.notes.ended.length === 1);
    expect(listener.notes.ended).toMatchObject([
      { status: 101, failure: { code: 'connection_read_timeout', phase: 'body', limit: 'idle' }, attempts: [{ status: 101, failure: undefined }] },
    ]);
  });

  it('lasts as long as one side speaks', async () => {
    await using upstream = await Upstream.start();
    await using listener = await start(dialing(upstream.port, { limits: attemptLimits({ idle: 150 }) }));
    using client = await listener.client();
    await client.send(ask('/api/mute')).until('101 ');
    const heartbeat = setInterval(() => client.send('beat '), 10);
    client.socket.once('close', () => clearInterval(heartbeat));
    await vi.waitUntil(() => upstream.heard > 5 * 60);
    expect(client.ended).toBe(false);
  });

  it('to a closed port is 502, to one that breaks or answers with no status 502, to one that is silent 504', async () => {
    await using upstream = await Upstream.start();
    const free = await freePort();
    const cases = [
      [dialing(free), '/api/', 502, 'connection_refused'],
      [dialing(upstream.port), '/api/broken', 502, 'connection_terminated'],
      [dialing(upstream.port), '/api/unnumbered', 502, 'http_protocol_error'],
      [dialing(upstream.port, { limits: limits(60) }), '/api/silent', 504, 'http_response_timeout'],
    ] as const;
    for (const [using, target, status, code] of cases) {
      await using listener = await start(using);
      using client = await listener.client();
      const answer = await client.send(ask(target)).closed();
      expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} [^]*error=${code}`));
      expect(listener.notes.ended).toMatchObject([{ status, failure: { code }, attempts: [{ status: undefined }] }]);
    }
  });

  it('is given up when the client leaves before its answer', async () => {
    await using upstream = await Upstream.start();
    await using listener = await start(dialing(upstream.port));
    using client = await listener.client();
    client.send(ask('/api/silent'));
    await vi.waitUntil(() => upstream.sockets.length === 1);
    client.socket.destroy();
    await vi.waitUntil(() => upstream.sockets[0]?.destroyed);
    expect(listener.notes.ended).toMatchObject([{ status: 499, aborted: true }]);
  });

  it('is closed by a drain', async () => {
    await using upstream = await Upstream.start();
    await using listener = await start(dialing(upstream.port));
    using client = await listener.client();
    await client.send(ask('/api/')).until('hello ');
    expect(await listener.plane.drain(60_000)).toBe(true);
    await client.closed();
    expect(listener.notes.ended).toMatchObject([{ status: 101 }]);
  });

  it('is 501 where the upstream takes none', async () => {
    await using listener = await start(undefined);
    using client = await listener.client();
    expect(await client.send(ask('/api/')).closed()).toMatch(/^HTTP\/1.1 501 /);
  });

  it('to HTTP/2 is passed over: the request is served as it is', async () => {
    await using listener = await start(undefined);
    using client = await listener.client();
    client.send(`GET /api/ HTTP/1.1\r\n${TO_HTTP_2}\r\n`);
    const [head, sign] = isAsked ? ['HTTP/1.1 200 ', 'GET / none'] : ['HTTP/1.1 501 ', 'takes no upgrades'];
    expect((await client.until(sign)).slice(0, 13)).toBe(head);
  });

  it.each([
    ['of a known length', 'Content-Length: 5\r\n\r\nhello'],
    ['in chunks', 'Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n'],
  ])('with content %s is never sent on without it', async (_name, content) => {
    await using upstream = await Upstream.start();
    await using listener = await start(dialing(upstream.port));
    const [head, sign] = isAsked ? ['HTTP/1.1 200 ', 'POST / hello'] : ['HTTP/1.1 501 ', 'cannot be passed over before Node 24.9'];
    for (const to of [TO_HTTP_2, TO_HTTP_2.replace('h2c', 'websocket')]) {
      using client = await listener.client();
      client.send(`POST /api/ HTTP/1.1\r\n${to}${content}`);
      expect((await client.until(sign)).slice(0, 13)).toBe(head);
    }
    expect(upstream.asked).toEqual([]);
  });
});
