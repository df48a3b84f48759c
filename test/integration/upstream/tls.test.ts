import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer as createTcpServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Identity, makeIdentity } from '../../simulators/identity.ts';
import { closed, opened } from '../../support/servers.ts';
import { client, get, OK, read } from './fixtures.ts';

let identity: Identity;
let directory: string;
let ca: string;

beforeAll(async () => {
  identity = await makeIdentity(['api.test']);
  directory = mkdtempSync(join(tmpdir(), 'breakwater-'));
  ca = join(directory, 'ca.pem');
  writeFileSync(ca, identity.ca);
});
afterAll(() => rmSync(directory, { recursive: true }));

/** A TLS upstream that answers each request as the test says, behind a relay whose TCP sockets (`raw`) can be reset. */
async function secure(onRequest: (socket: Socket, number: number) => void) {
  const received: string[] = [];
  const raw = new Set<Socket>();
  const server = createServer({ cert: identity.cert, key: identity.key }, (socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      received.push(bytes.toString('latin1'));
      onRequest(socket, received.length);
    });
  });
  server.on('tlsClientError', () => undefined);
  const inner = await opened(server);
  const relay = createTcpServer((socket) => {
    raw.add(socket);
    const onward = connect(inner, '127.0.0.1');
    for (const one of [socket, onward]) one.on('error', () => undefined);
    socket.on('close', () => onward.destroy());
    onward.on('close', () => socket.end());
    socket.pipe(onward).pipe(socket);
  });
  const address = `127.0.0.1:${await opened(relay)}`;
  const close = async (): Promise<void> => {
    for (const socket of raw) socket.destroy();
    await Promise.all([server, relay].map(closed));
  };
  return { received, raw, address, [Symbol.asyncDispose]: close };
}

function https(address: string, host = 'api.test') {
  return client(host, { tls: 2000 }, 8, { origin: `https://${host}`, resolve: address, tls: { ca } });
}

const ask = (path = '/', method = 'GET') => get('api.test', path, method, 'https');

describe('an upstream over TLS', () => {
  it('is dialled where `resolve` says, and has to prove its own name there', async () => {
    await using upstream = await secure((socket) => socket.write(OK));
    await using right = https(upstream.address);
    expect(await read(await right.service(ask()))).toBe('ok');
    await using wrong = https(upstream.address, 'other.test');
    expect(await wrong.service(get('other.test', '/', 'POST', 'https'))).toMatchObject({
      phase: 'tls',
      code: 'tls_certificate_error',
      replay: 'unsent',
    });
  });

  it('is unsent when its root is not trusted', async () => {
    await using upstream = await secure((socket) => socket.write(OK));
    await using from = client('api.test', {}, 8, { origin: 'https://api.test', resolve: upstream.address });
    expect(await from.service(ask('/', 'POST'))).toMatchObject({
      phase: 'tls',
      code: 'tls_certificate_error',
      replay: 'unsent',
      detail:
        'unable to verify the first certificate; where it is signed by a CA of your own, name its file: tls.ca of the upstream, egress.ca of a proxy',
    });
    expect(upstream.received).toEqual([]);
  });

  it('is told as what speaks no TLS where it does not', async () => {
    const plain = createTcpServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n'));
    });
    await using from = https(`127.0.0.1:${await opened(plain)}`);
    expect(await from.service(ask('/', 'POST'))).toMatchObject({
      phase: 'tls',
      code: 'tls_protocol_error',
      replay: 'unsent',
      detail: 'no TLS is spoken on this port: it may be that of http://, or of another protocol',
    });
    await closed(plain);
  });

  it.each(['GET', 'POST'])('costs nothing when it closed an idle connection: %s goes out once more, uncounted', async (method) => {
    await using upstream = await secure((socket) => socket.write(OK));
    await using from = https(upstream.address);
    expect(await read(await from.service(ask()))).toBe('ok');
    for (const socket of upstream.raw) socket.resetAndDestroy();
    const exchange = ask('/again', method);
    expect(await read(await from.service(exchange))).toBe('ok');
    expect([exchange.attempts?.length, upstream.received.filter((text) => text.includes('/again')).length]).toEqual([1, 1]);
  });

  /** Sends a POST whose connection is reset in the moment before it is written. */
  async function resetBeforeWriting(body: Buffer) {
    await using upstream = await secure((socket) => socket.write(OK));
    await using from = https(upstream.address);
    expect(await read(await from.service(ask()))).toBe('ok');
    const once = (): void => {
      unsubscribe('undici:client:sendHeaders', once);
      for (const socket of upstream.raw) socket.resetAndDestroy();
    };
    subscribe('undici:client:sendHeaders', once);
    const exchange = ask('/again', 'POST');
    exchange.body = { kind: 'bytes', bytes: body };
    const outcome = await read(await from.service(exchange));
    return { outcome, attempts: exchange.attempts?.length, sent: upstream.received.filter((text) => text.includes('/again')).length };
  }

  it('costs nothing when it reset the connection before the first byte of a request that is written in one piece', async () => {
    expect(await resetBeforeWriting(Buffer.from('{}'))).toEqual({ outcome: 'ok', attempts: 1, sent: 1 });
  });

  it('is not taken for unsent where TLS writes in several pieces, of which the first may have gone out', async () => {
    expect(await resetBeforeWriting(Buffer.alloc(200_000))).toMatchObject({
      outcome: expect.stringMatching(/reset\/ambiguous$/),
      attempts: 1,
      sent: 0,
    });
  });

  it('resumes its sessions on new connections', async () => {
    await using upstream = await secure((socket) => void socket.end(OK));
    await using from = https(upstream.address);
    for (let i = 0; i < 3; i++) expect(await read(await from.service(ask()))).toBe('ok');
    expect(upstream.raw.size).toBe(3);
  });

  it.each([
    ['Connection: close\r\n', true],
    ['Transfer-Encoding: identity\r\n', true],
    ['Connection: close\r\nContent-Length: 2\r\n', false],
    ['Connection: close\r\nTransfer-Encoding: chunked\r\n', false],
    ['Content-Length: 2\r\n', false],
  ])('marks an answer whose end cannot be told from a cut (%j: %s)', async (fields, openEnded) => {
    await using upstream = await secure((socket) => socket.write(`HTTP/1.1 200 OK\r\n${fields}\r\n`));
    await using from = https(upstream.address);
    const outcome = await from.service(ask());
    expect(outcome).toMatchObject({ status: 200, openEnded });
    if (outcome.type === 'reply') outcome.body.abort();
  });

  it.each([
    ['GET', '204 No Content'],
    ['GET', '304 Not Modified'],
    ['HEAD', '200 OK'],
  ])('takes one that has no content for whole, whatever its connection does: %s %s', async (method, status) => {
    await using upstream = await secure((socket) => socket.write(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`));
    await using from = https(upstream.address);
    expect(await from.service(ask('/', method))).toMatchObject({ status: Number(status.slice(0, 3)), openEnded: false });
  });
});
