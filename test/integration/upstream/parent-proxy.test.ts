import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { EgressPath } from '../../../src/config/effective.ts';
import { systemClock } from '../../../src/model/clock.ts';
import { Resolver } from '../../../src/upstream/dns.ts';
import { type Identity, makeIdentity } from '../../simulators/identity.ts';
import { answering, type Conduct, ParentProxyServer } from '../../support/parent-proxy.ts';
import { freePort } from '../../support/servers.ts';
import { answeringTls, client, get, type Limits, OK, RawUpstream, read } from './fixtures.ts';

let identity: Identity;
let directory: string;
let ca: string;

beforeAll(async () => {
  identity = await makeIdentity(['api.test', 'proxy.test']);
  directory = mkdtempSync(join(tmpdir(), 'breakwater-'));
  ca = join(directory, 'ca.pem');
  writeFileSync(ca, identity.ca);
});
afterAll(() => rmSync(directory, { recursive: true }));

/** A TLS upstream that says which of its connections resumed a session. */
async function secure() {
  const resumed: boolean[] = [];
  const upstream = await answeringTls({ cert: identity.cert, key: identity.key }, (socket) => resumed.push(socket.isSessionReused()));
  return { ...upstream, resumed };
}

function through(proxy: string, more: Partial<EgressPath> = {}): EgressPath {
  return { proxy, ca: undefined, noProxy: [], own: false, ...more };
}

/** Finds no name but that of the proxy: what stands behind it is for the proxy to find. */
function resolving(...names: readonly string[]): Resolver {
  return new Resolver(systemClock, {}, (host, callback) => {
    if (names.includes(host)) callback(undefined, [{ address: '127.0.0.1', family: 4 }]);
    else callback(Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND' }), []);
  });
}

function https(egress: EgressPath, limits: Limits = {}, resolver = resolving()) {
  return client('api.test', limits, 8, { origin: 'https://api.test', tls: { ca }, egress }, resolver);
}

const ask = (method = 'GET') => get('api.test', '/', method, 'https');

describe('an upstream behind a parent proxy', () => {
  it('is reached over TLS in a tunnel, whose name the proxy looks up; the connection is kept', async () => {
    await using upstream = await secure();
    await using proxy = await ParentProxyServer.start({ 'api.test:443': upstream.port });
    await using from = https(through(proxy.url()));
    for (let i = 0; i < 3; i++) expect(await read(await from.service(ask()))).toBe('ok');
    expect(proxy.heads).toEqual(['CONNECT api.test:443 HTTP/1.1\r\nHost: api.test:443']);
    expect(upstream.received).toHaveLength(3);
  });

  it('is reached in a tunnel without TLS too, on its own port', async () => {
    await using upstream = await RawUpstream.start((socket) => socket.write(OK));
    await using proxy = await ParentProxyServer.start({ 'plain.test:8000': Number(upstream.authority.split(':')[1]) });
    await using from = client('plain.test:8000', {}, 8, { egress: through(proxy.url()) }, resolving());
    for (let i = 0; i < 2; i++) expect(await read(await from.service(get('plain.test:8000')))).toBe('ok');
    expect(proxy.asked).toEqual(['plain.test:8000']);
    expect(upstream.received[0]).toMatch(/^GET \/ HTTP\/1.1\r\nhost: plain.test:8000\r\n/);
  });

  it('is reached where `resolve` says, and has to prove its own name there', async () => {
    await using upstream = await secure();
    await using proxy = await ParentProxyServer.start({ '10.9.8.7:9443': upstream.port });
    const config = { origin: 'https://api.test', resolve: '10.9.8.7:9443', tls: { ca }, egress: through(proxy.url()) };
    await using from = client('api.test', {}, 8, config, resolving());
    expect(await read(await from.service(ask()))).toBe('ok');
    expect(proxy.asked).toEqual(['10.9.8.7:9443']);
  });

  it('resumes its TLS sessions', async () => {
    await using upstream = await secure();
    await using proxy = await ParentProxyServer.start({ 'api.test:443': upstream.port });
    await using from = https(through(proxy.url()));
    expect(await read(await from.service(ask()))).toBe('ok');
    for (const socket of upstream.sockets) socket.destroy();
    await vi.waitUntil(() => from.pools.stats.open === 0);
    expect(await read(await from.service(ask()))).toBe('ok');
    expect(upstream.resumed).toEqual([false, true]);
  });

  it('is asked for with the credentials of the URL, decoded', async () => {
    await using upstream = await secure();
    await using proxy = await ParentProxyServer.start({ 'api.test:443': upstream.port });
    await using from = https(through(proxy.url('me:p%40ss%3A%2F')));
    expect(await read(await from.service(ask()))).toBe('ok');
    const [, given = ''] = /Proxy-Authorization: Basic (.*)$/m.exec(proxy.heads[0] ?? '') ?? [];
    expect(Buffer.from(given, 'base64').toString()).toBe('me:p@ss:/');
    expect(upstream.received[0]).not.toMatch(/proxy-/i);
  });

  it('is reached through a proxy that is spoken to over TLS, and that has to prove its name', async () => {
    await using upstream = await secure();
    await using proxy = await ParentProxyServer.start({ 'api.test:443': upstream.port }, identity);
    await using from = https(through(proxy.url('', 'https', 'proxy.test'), { ca }), {}, resolving('proxy.test'));
    expect(await read(await from.service(ask()))).toBe('ok');
    await using wrong = https(through(proxy.url('', 'https', 'other.test'), { ca }), {}, resolving('other.test'));
    expect(await wrong.service(ask('POST'))).toMatchObject({
      phase: 'connect',
      code: 'tls_certificate_error',
      replay: 'unsent',
      detail: expect.stringMatching(/^TLS with the proxy other.test:\d+: Hostname\/IP does not match/) as string,
    });
  });

  it('is reached without TLS through one that is spoken to over TLS', async () => {
    await using upstream = await RawUpstream.start((socket) => socket.write(OK));
    await using proxy = await ParentProxyServer.start({ 'plain.test:80': Number(upstream.authority.split(':')[1]) }, identity);
    const egress = through(proxy.url('', 'https', 'proxy.test'), { ca });
    await using from = client('plain.test', {}, 8, { egress }, resolving('proxy.test'));
    for (let i = 0; i < 2; i++) expect(await read(await from.service(get('plain.test')))).toBe('ok');
    expect(proxy.asked).toEqual(['plain.test:80']);
  });

  it.each([
    ['a host that noProxy names', 'API.test'],
    ['a subdomain of one', '*.test'],
    ['one that it names with its port', 'api.test:PORT'],
  ])('is dialled directly where it is %s', async (_what, past) => {
    await using upstream = await secure();
    await using proxy = await ParentProxyServer.start({});
    const authority = `api.test:${upstream.port}`;
    const egress = through(proxy.url(), { noProxy: [past.replace('PORT', String(upstream.port))] });
    await using from = client(authority, {}, 8, { origin: `https://${authority}`, tls: { ca }, egress }, resolving('api.test'));
    expect(await read(await from.service(get(authority, '/', 'GET', 'https')))).toBe('ok');
    expect(proxy.heads).toEqual([]);
  });

  it('is dialled directly on an address of this machine, unless its own `proxy` says otherwise', async () => {
    await using upstream = await RawUpstream.start((socket) => socket.write(OK));
    await using proxy = await ParentProxyServer.start({ [upstream.authority]: Number(upstream.authority.split(':')[1]) });
    await using direct = client(upstream.authority, {}, 8, { egress: through(proxy.url()) });
    expect(await read(await direct.service(get(upstream.authority)))).toBe('ok');
    expect(proxy.heads).toEqual([]);
    await using own = client(upstream.authority, {}, 8, { egress: through(proxy.url(), { own: true }) });
    expect(await read(await own.service(get(upstream.authority)))).toBe('ok');
    expect(proxy.asked).toEqual([upstream.authority]);
  });
});

const HEAD = 'HTTP/1.1 200 OK\r\n\r\n';
const reset: Conduct = (socket) => socket.resetAndDestroy();

describe('a parent proxy that opens no tunnel: nothing of the request was sent', () => {
  it.each<[string, Conduct, object]>([
    ['403', answering('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno'), { code: 'connection_refused', kind: 'refused', detail: '403' }],
    ['502', answering('HTTP/1.1 502 Bad Gateway\r\n\r\n'), { code: 'connection_refused', kind: 'refused', detail: '502' }],
    ['503', answering('HTTP/1.0 503\r\n\r\n'), { code: 'connection_refused', kind: 'refused', detail: '503' }],
    ['504', answering('HTTP/1.1 504 Gateway Timeout\r\n\r\n'), { code: 'connection_timeout', kind: 'timeout', detail: '504' }],
    [
      '407',
      answering('HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="corp"\r\n\r\n'),
      { code: 'connection_refused', kind: 'refused', detail: '407' },
    ],
    [
      '200 and bytes of its own',
      answering(`${HEAD}HTTP/1.1 200 OK\r\n\r\n`),
      { code: 'http_protocol_error', kind: 'protocol', detail: 'sent bytes after' },
    ],
    ['what is no HTTP', answering('SSH-2.0-OpenSSH_9.6\r\n\r\n'), { code: 'http_protocol_error', kind: 'protocol', detail: 'with HTTP' }],
    [
      'a head without end',
      answering(`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(70_000)}`),
      { code: 'http_protocol_error', kind: 'protocol', detail: 'with HTTP' },
    ],
    ['its end', (socket) => socket.end(), { code: 'connection_refused', kind: 'reset', detail: 'closed the connection before' }],
    [
      'half of a head and its end',
      (socket) => socket.end('HTTP/1.1 200'),
      { code: 'connection_refused', kind: 'reset', detail: 'closed the connection before' },
    ],
    ['a reset', reset, { code: 'connection_refused', kind: 'reset', detail: 'closed the connection before' }],
  ])('answers with %s', async (_what, conduct, expected) => {
    await using upstream = await secure();
    await using proxy = await ParentProxyServer.start({ 'api.test:443': upstream.port });
    proxy.conduct = conduct;
    for (const authority of ['api.test', 'plain.test']) {
      const scheme = authority === 'api.test' ? 'https' : 'http';
      await using from = client(authority, {}, 8, { origin: `${scheme}://${authority}`, egress: through(proxy.url('me:s3cr3t')) }, resolving());
      const failed = await from.service(get(authority, '/', 'POST', scheme));
      const detail = (expected as { detail: string }).detail;
      expect(failed).toMatchObject({ ...expected, phase: 'connect', replay: 'unsent', detail: expect.stringContaining(detail) as string });
      expect(failed).toMatchObject({ detail: expect.stringContaining(`the proxy 127.0.0.1:${proxy.port}`) as string });
      expect(JSON.stringify(failed)).not.toMatch(/s3cr3t|Basic|bWU6/);
      await vi.waitUntil(() => proxy.open === 0);
    }
    expect([proxy.inside, upstream.received]).toEqual([0, []]);
  });

  it('does not answer: the limit is `connect`, and the connection is given up', async () => {
    await using proxy = await ParentProxyServer.start({});
    proxy.conduct = () => undefined;
    await using from = https(through(proxy.url('me:s3cr3t')), { connect: 60, tls: 5000 });
    expect(await from.service(ask('POST'))).toMatchObject({
      phase: 'connect',
      limit: 'connect',
      code: 'connection_timeout',
      kind: 'timeout',
      replay: 'unsent',
      detail: `connect timeout after 60 ms, by the proxy 127.0.0.1:${proxy.port}`,
    });
    await vi.waitUntil(() => proxy.open === 0);
  });

  it('is not there', async () => {
    const port = await freePort();
    await using from = https(through(`http://me:s3cr3t@127.0.0.1:${port}`));
    expect(await from.service(ask('POST'))).toMatchObject({
      phase: 'connect',
      kind: 'refused',
      code: 'connection_refused',
      replay: 'unsent',
      detail: `the proxy 127.0.0.1:${port}: connect ECONNREFUSED 127.0.0.1:${port}`,
    });
  });

  it('has no address', async () => {
    await using from = https(through('http://nowhere.test:3128'));
    expect(await from.service(ask('POST'))).toMatchObject({
      phase: 'dns',
      code: 'dns_error',
      replay: 'unsent',
      detail: 'the proxy nowhere.test:3128: getaddrinfo ENOTFOUND nowhere.test',
    });
  });

  it('is left by a client that goes away: the connection is given up', async () => {
    await using proxy = await ParentProxyServer.start({});
    proxy.conduct = () => undefined;
    await using from = https(through(proxy.url()));
    const exchange = ask('POST');
    const outcome = from.service(exchange);
    await vi.waitUntil(() => proxy.heads.length === 1);
    exchange.abort();
    expect(await outcome).toMatchObject({ code: 'client_closed' });
    await vi.waitUntil(() => proxy.open === 0);
  });
});

describe('a parent proxy that opens the tunnel', () => {
  it('may say 103 before it does', async () => {
    await using upstream = await secure();
    await using proxy = await ParentProxyServer.start({ 'api.test:443': upstream.port });
    proxy.greeting = 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\n\r\n';
    await using from = https(through(proxy.url()));
    expect(await read(await from.service(ask()))).toBe('ok');
  });

  it.each([
    ['says nothing in it: the limit is `tls`', () => undefined, { limit: 'tls', code: 'connection_timeout', kind: 'timeout' }],
    ['closes it midway', (socket: Socket) => socket.destroy(), { code: 'tls_protocol_error', kind: 'reset' }],
    ['speaks no TLS in it', (socket: Socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'), { code: 'tls_protocol_error', kind: 'protocol' }],
  ])('%s', async (_what, behave: (socket: Socket) => unknown, expected) => {
    await using upstream = await RawUpstream.start(behave);
    await using proxy = await ParentProxyServer.start({ 'api.test:443': Number(upstream.authority.split(':')[1]) });
    await using from = https(through(proxy.url()), { connect: 5000, tls: 80 });
    expect(await from.service(ask('POST'))).toMatchObject({ ...expected, phase: 'tls', replay: 'unsent' });
    await vi.waitUntil(() => proxy.open === 0);
  });

  it('costs nothing where it closed an idle tunnel: the request goes out once more, uncounted', async () => {
    await using upstream = await secure();
    await using proxy = await ParentProxyServer.start({ 'api.test:443': upstream.port });
    await using from = https(through(proxy.url()));
    expect(await read(await from.service(ask()))).toBe('ok');
    proxy.reset();
    const again = ask('POST');
    expect(await read(await from.service(again))).toBe('ok');
    expect([again.attempts?.length, proxy.asked.length]).toEqual([1, 2]);
  });
});
