import { createServer, type Server, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { DataPlaneOptions } from '../../../src/listen/data-plane.ts';
import { reply } from '../../../src/model/outcome.ts';
import type { CertificateAuthority } from '../../../src/tls/authority.ts';
import { loadAuthority } from '../../../src/tls/load-authority.ts';
import { intercepted, secured, tunnelTo } from '../../support/connect.ts';
import { Flood } from '../../support/flood.ts';
import { echo, gatewayOfTargets, type Listener, startListener, targetOf } from '../../support/listener.ts';
import { PushBody } from '../../support/push-body.ts';
import { RawClient } from '../../support/raw-client.ts';
import { scratchDirectory } from '../../support/scratch.ts';
import { closed, opened } from '../../support/servers.ts';
import { failed } from '../../unit/policy/fixtures.ts';

let scratch: Awaited<ReturnType<typeof scratchDirectory>>;
let authority: CertificateAuthority;
beforeAll(async () => {
  scratch = await scratchDirectory();
  authority = await loadAuthority(scratch.path);
});
afterAll(() => scratch[Symbol.asyncDispose]());

const HOSTS = { 'api.example': 'api', 'api.example:8443': 'api', '127.0.0.1': 'api' };

function start(passthrough: readonly string[] = [], options: Partial<DataPlaneOptions> = {}): Promise<Listener> {
  const gateway = gatewayOfTargets([targetOf(echo)], HOSTS, passthrough);
  return startListener(echo, { gateway: () => gateway, authority: () => Promise.resolve(authority), ...options });
}

async function rawServer(onConnection: (socket: Socket) => void): Promise<AsyncDisposable & { readonly port: number }> {
  const sockets = new Set<Socket>();
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    onConnection(socket);
  });
  const port = await opened(server);
  return {
    port,
    [Symbol.asyncDispose]: () => {
      for (const socket of sockets) socket.destroy();
      return closed(server);
    },
  };
}

const inside = (host: string, path = '/v1'): string => `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;

describe('CONNECT to a configured host', () => {
  it('is answered in the name of the host, and HTTP inside is served', async () => {
    await using listener = await start();
    const { secure, client } = await intercepted('api.example', listener.port, authority.caPem, { ALPNProtocols: ['h2', 'http/1.1'] });
    using _client = client;
    expect(secure.alpnProtocol).toBe('http/1.1');
    expect(secure.getPeerX509Certificate()?.subjectAltName).toBe('DNS:api.example');
    await client.send(inside('api.example', '/v1/a?b')).until('GET /v1/a?b none');
    await client.send(inside('api.example:443', '/v1/again')).until('GET /v1/again none');
    expect(listener.notes.ended).toMatchObject([
      { entry: 'connect', scheme: 'https', authority: 'api.example' },
      { entry: 'connect', scheme: 'https', authority: 'api.example' },
    ]);
    expect(listener.plane.connections).toBe(1);
    secure.end();
    await vi.waitUntil(() => listener.plane.connections === 0);
  });

  it('takes clients without ALPN, without SNI, and by address', async () => {
    await using listener = await start();
    const socket = await tunnelTo('127.0.0.1:443', listener.port);
    const secure = await secured(socket, { ca: authority.caPem, host: '127.0.0.1' });
    expect(secure.getPeerX509Certificate()?.subjectAltName).toBe('IP Address:127.0.0.1');
    using client = RawClient.on(secure);
    await client.send(inside('127.0.0.1')).until('GET /v1 none');
  });

  it('presents the name that SNI asks for', async () => {
    await using listener = await start();
    const socket = await tunnelTo('127.0.0.1:443', listener.port);
    const secure = await secured(socket, { ca: authority.caPem, servername: 'other.example' });
    expect(secure.getPeerX509Certificate()?.subjectAltName).toBe('DNS:other.example');
    secure.destroy();
  });

  it('knows hosts with a port of their own', async () => {
    await using listener = await start();
    const { client } = await intercepted('api.example:8443', listener.port, authority.caPem);
    using _client = client;
    await client.send(inside('api.example:8443')).until('GET /v1 none');
    expect(listener.notes.ended).toMatchObject([{ authority: 'api.example:8443' }]);
  });

  it('refuses clients that speak HTTP/2 alone inside the handshake', async () => {
    await using listener = await start();
    await expect(intercepted('api.example', listener.port, authority.caPem, { ALPNProtocols: ['h2'] })).rejects.toThrow(/no application protocol/i);
    expect(listener.notes.rejections).toMatchObject([{ reason: 'tls' }]);
  });

  it('resumes a session on the next connection', async () => {
    await using listener = await start();
    const first = await intercepted('api.example', listener.port, authority.caPem);
    const session = new Promise<Buffer>((resolve) => first.secure.once('session', resolve));
    await first.client.send(inside('api.example')).until('none');
    const ticket = await session;
    first.secure.destroy();
    const second = await intercepted('api.example', listener.port, authority.caPem, { session: ticket });
    expect(second.secure.isSessionReused()).toBe(true);
    second.secure.destroy();
  });

  it('says 421 to a request for another host, and goes on', async () => {
    await using listener = await start();
    const { client } = await intercepted('api.example', listener.port, authority.caPem);
    using _client = client;
    expect(await client.send(inside('other.example')).until('}')).toMatch(/^HTTP\/1.1 421 /);
    await client.send(inside('api.example')).until('GET /v1 none');
    expect(listener.notes.rejections).toMatchObject([{ reason: 'unknown_host', status: 421 }]);
  });

  it('serves plain HTTP in a tunnel to port 80', async () => {
    await using listener = await start();
    using client = RawClient.on(await tunnelTo('api.example:80', listener.port));
    client.socket.resume();
    await client.send(inside('api.example')).until('GET /v1 none');
    expect(listener.notes.ended).toMatchObject([{ entry: 'connect', scheme: 'http', authority: 'api.example' }]);
  });

  it('takes a handshake that comes in one packet with the request, over HTTP/1.0', async () => {
    await using listener = await start();
    // a relay that holds the request back until the client has begun its handshake
    await using relay = await rawServer((socket) => {
      const onward = new RelayedConnect(socket, listener.port);
      socket.on('data', (bytes) => onward.take(bytes as Buffer));
    });
    const secure = connectTls({ port: relay.port, host: '127.0.0.1', servername: 'api.example', ca: authority.caPem });
    await new Promise((resolve, reject) => secure.once('secureConnect', resolve).once('error', reject));
    using client = RawClient.on(secure);
    expect(await client.send(inside('api.example')).until('GET /v1 none')).toMatch(/^HTTP\/1.1 200 /);
  });

  it('notes a client that does not trust the authority', async () => {
    await using listener = await start();
    const socket = await tunnelTo('api.example:443', listener.port);
    await expect(secured(socket, { servername: 'api.example' })).rejects.toThrow(/self-signed|unable to verify/);
    await vi.waitUntil(() => listener.notes.rejections.length > 0);
    expect(listener.notes.rejections).toMatchObject([{ reason: 'tls', detail: expect.stringMatching(/^api.example: /) as string }]);
    await vi.waitUntil(() => listener.plane.connections === 0);
  });

  it('lets go of clients that leave at any point of the handshake', async () => {
    await using listener = await start();
    const silent = await tunnelTo('api.example:443', listener.port);
    const begun = await tunnelTo('api.example:443', listener.port);
    begun.write(Buffer.from('1603010200010001fc0303', 'hex'));
    const closing = await tunnelTo('api.example:443', listener.port);
    expect(listener.plane.connections).toBe(3);
    silent.destroy();
    begun.destroy();
    closing.end();
    await vi.waitUntil(() => listener.plane.connections === 0);
  });

  it('gives a client time for its handshake, but not for ever', async () => {
    await using listener = await start([], { limits: { headerBytes: 1000, bodyBytes: 1000, requestTimeoutMs: 80 } });
    const socket = await tunnelTo('api.example:443', listener.port);
    socket.write(Buffer.from('1603010200010001fc0303', 'hex'));
    socket.resume();
    await new Promise((resolve) => socket.once('close', resolve));
    expect(listener.notes.rejections).toMatchObject([{ reason: 'tls', detail: 'api.example: the client did not finish its handshake in time' }]);
  });

  it('closes an idle one when the proxy drains, and breaks a busy one off visibly', async () => {
    const body = new PushBody();
    const gateway = gatewayOfTargets(
      [targetOf((exchange) => (exchange.path === '/slow' ? Promise.resolve(reply(200, [], 'upstream', body)) : echo(exchange)))],
      HOSTS,
    );
    await using listener = await start([], { gateway: () => gateway });
    const idle = await intercepted('api.example', listener.port, authority.caPem);
    const busy = await intercepted('api.example', listener.port, authority.caPem);
    const silent = await tunnelTo('api.example:443', listener.port);
    silent.resume();
    await idle.client.send(inside('api.example')).until('none');
    busy.client.send(inside('api.example', '/slow'));
    await body.pushTo(busy.client, 'half');
    const drained = listener.plane.drain(60_000);
    await Promise.all([idle.client.closed(), new Promise((resolve) => silent.once('close', resolve))]);
    body.fail(failed({ phase: 'body', replay: 'cut' }));
    expect(await busy.client.closed()).not.toContain('\r\n0\r\n');
    expect(await drained).toBe(true);
  });

  it('says what is wrong with the authority', async () => {
    await using listener = await start([], { authority: () => Promise.reject(new Error('/ca/ca.pem expired on 1 May')) });
    await expect(tunnelTo('api.example:443', listener.port)).rejects.toThrow(/^HTTP\/1.1 500 [^]*proxy_configuration_error[^]*expired on 1 May/);
  });
});

/** Sends CONNECT and the first bytes of a client in one packet, then relays. */
class RelayedConnect {
  readonly #client: Socket;
  readonly #port: number;
  #proxy: Socket | undefined;

  constructor(client: Socket, port: number) {
    this.#client = client;
    this.#port = port;
  }

  take(bytes: Buffer): void {
    if (this.#proxy !== undefined) return void this.#proxy.write(bytes);
    void RawClient.connect(this.#port).then(({ socket }) => {
      this.#proxy = socket;
      socket.removeAllListeners('data');
      let head = '';
      socket.on('data', (answer: Buffer) => {
        if (head.endsWith('\r\n\r\n')) return void this.#client.write(answer);
        head += answer.toString('latin1');
        const end = head.indexOf('\r\n\r\n') + 4;
        if (end > 3 && head.length > end) this.#client.write(Buffer.from(head.slice(end), 'latin1'));
        if (end > 3) head = head.slice(0, end);
      });
      socket.write(Buffer.concat([Buffer.from('CONNECT api.example:443 HTTP/1.0\r\n\r\n'), bytes]));
    });
  }
}

describe('CONNECT to any other host', () => {
  it.each([
    ['a host that nothing names', 'other.example:443', 403, 'forbidden_connect', /other\.example is not allowed.*passthrough/],
    ['an address that nothing names', '10.1.2.3:443', 403, 'forbidden_connect', /10\.1\.2\.3/],
    ['an IPv6 address', '[::1]:443', 403, 'forbidden_connect', /\[::1\]/],
    ['another port of a configured host', 'api.example:22', 403, 'forbidden_connect', /api\.example:22/],
    ['a target without port', 'api.example', 400, 'malformed', /host:port/],
    ['a port that is none', 'api.example:0', 400, 'malformed', /host:port/],
    ['a path', '/api', 400, 'malformed', /host:port/],
  ])('refuses %s and says how to allow it', async (_name, target, status, reason, why) => {
    await using listener = await start();
    using client = await listener.client();
    const answer = await client.send(`CONNECT ${target} HTTP/1.1\r\nHost: x\r\n\r\n`).closed();
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(JSON.parse(answer.slice(answer.indexOf('{')))).toMatchObject({ status, code: reason, detail: expect.stringMatching(why) as string });
    expect(listener.notes.rejections).toMatchObject([{ reason, status }]);
  });

  it('does not go round in circles', async () => {
    await using listener = await start(['127.0.0.1', 'localhost'], { ports: [{ upstream: 'api', host: '127.0.0.1', port: 0 }] });
    for (const host of ['127.0.0.1', 'localhost', '[::1]']) {
      for (const port of [listener.port, listener.plane.ports[0]?.port ?? 0]) {
        using client = await listener.client();
        expect(await client.send(`CONNECT ${host}:${port} HTTP/1.1\r\nHost: x\r\n\r\n`).closed()).toMatch(
          /^HTTP\/1.1 502 [^]*error=proxy_loop_detected/,
        );
      }
    }
    expect(listener.notes.rejections.every(({ reason }) => reason === 'loop')).toBe(true);
  });
});

describe('an absolute-form request', () => {
  it.each([
    ['a configured host', 'http://API.example:80/a?b', 200, 'GET /a?b none', 'api.example', 'http', 'absolute'],
    ['a configured host over https', 'https://api.example', 200, 'GET / none', 'api.example', 'https', 'absolute'],
  ])('goes to %s', async (_name, url, status, text, to, scheme, entry) => {
    await using listener = await start();
    using client = await listener.client();
    expect(await client.send(`GET ${url} HTTP/1.1\r\nHost: ignored.example\r\n\r\n`).until(text)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(listener.notes.ended).toMatchObject([{ authority: to, scheme, entry }]);
  });

  it('to our own address is a base URL, not a loop', async () => {
    await using listener = await start();
    for (const host of ['127.0.0.1', 'localhost']) {
      using client = await listener.client();
      await client.send(`GET http://${host}:${listener.port}/api/v1 HTTP/1.1\r\nHost: x\r\n\r\n`).until('GET /v1 none');
    }
    expect(listener.notes.ended.map(({ entry }) => entry)).toEqual(['prefix', 'prefix']);
  });

  it('to any other host is refused', async () => {
    await using listener = await start();
    using client = await listener.client();
    expect(await client.send('GET http://other.example/ HTTP/1.1\r\nHost: x\r\n\r\n').until('}')).toMatch(
      /^HTTP\/1.1 403 [^]*other\.example is not configured/,
    );
    expect(listener.notes.rejections).toMatchObject([{ reason: 'unknown_host', status: 403 }]);
  });
});

describe('CONNECT to a host that passes through', () => {
  it('is tunnelled untouched, both halves closing by themselves', async () => {
    await using upstream = await rawServer((socket) => {
      let received = '';
      socket.on('data', (bytes) => (received += bytes.toString()));
      socket.on('end', () => socket.end(`got ${received}`));
    });
    await using listener = await start([`127.0.0.1:${upstream.port}`]);
    using client = await listener.client();
    client.send(`CONNECT 127.0.0.1:${upstream.port} HTTP/1.1\r\nHost: x\r\n\r\nearly `);
    await client.until('200 Connection Established');
    client.socket.end('late');
    expect(await client.closed()).toMatch(/\r\n\r\ngot early late$/);
    await vi.waitUntil(() => listener.notes.ended.length === 1);
    expect(listener.notes.ended).toMatchObject([{ method: 'CONNECT', route: 'passthrough', status: 200, bytesOut: 14 }]);
    expect(listener.plane.connections).toBe(0);
  });

  it('holds each side back when the other is slow', async () => {
    const flood = new Flood();
    await using upstream = await rawServer((socket) => flood.into(socket));
    await using listener = await start([`127.0.0.1:${upstream.port}`]);
    const socket = await tunnelTo(`127.0.0.1:${upstream.port}`, listener.port);
    let before = -1;
    await vi.waitUntil(() => {
      const still = flood.written === before;
      before = flood.written;
      return still;
    });
    expect(flood.written).toBeLessThan(48 * 1024 * 1024);
    socket.destroy();
    await vi.waitUntil(() => listener.plane.connections === 0);
  });

  it('to a closed port is 502 at once, and tells the phase', async () => {
    const upstream = await rawServer(() => undefined);
    await upstream[Symbol.asyncDispose]();
    await using listener = await start([`127.0.0.1:${upstream.port}`]);
    using client = await listener.client();
    client.send(`CONNECT 127.0.0.1:${upstream.port} HTTP/1.1\r\nHost: x\r\n\r\n`);
    expect(await client.closed()).toMatch(/^HTTP\/1.1 502 [^]*error=connection_refused/);
    expect(listener.notes.ended).toMatchObject([{ status: 502, failure: { phase: 'connect' } }]);
  });

  it('is let go when either side breaks', async () => {
    const sockets: Socket[] = [];
    await using upstream = await rawServer((socket) => {
      sockets.push(socket);
    });
    await using listener = await start([`127.0.0.1:${upstream.port}`]);
    const target = `127.0.0.1:${upstream.port}`;
    const [one, two] = [await tunnelTo(target, listener.port), await tunnelTo(target, listener.port)];
    one.resetAndDestroy();
    await vi.waitUntil(() => sockets.length === 2);
    sockets[1]?.resetAndDestroy();
    two.resume();
    await vi.waitUntil(() => listener.plane.connections === 0);
    expect(listener.notes.ended).toHaveLength(2);
  });
});
