import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { DirectReads, sharedReadBuffer } from '../../../src/upstream/direct-reads.ts';
import { closed, opened, portOf } from '../../support/servers.ts';
import { client, get, RawUpstream, read } from './fixtures.ts';

/** Two ends of a connection, the reading one by `DirectReads`. */
async function connected(shared = sharedReadBuffer()) {
  const server = createServer({ noDelay: true });
  await opened(server);
  const arrived = once(server, 'connection') as Promise<[Socket]>;
  const reads = new DirectReads(shared);
  const socket = connect({ port: portOf(server), host: '127.0.0.1', onread: reads.onread });
  reads.attach(socket);
  const [peer] = await arrived;
  peer.on('error', () => undefined);
  const dispose = async (): Promise<void> => {
    socket.destroy();
    peer.destroy();
    await closed(server);
  };
  return { socket, peer, [Symbol.asyncDispose]: dispose };
}

/** So many turns of the event loop. */
async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise(setImmediate);
}

/** Reads the last that is held: until then the end has not been told. */
async function expectEndAfter(socket: Socket, last: string): Promise<void> {
  let ended = false;
  socket.once('end', () => (ended = true));
  await turns(5);
  expect(ended).toBe(false);
  expect(String(socket.read())).toBe(last);
  expect(socket.read()).toBe(null);
  await turns(1);
  expect(ended).toBe(true);
}

/** Bytes that differ from place to place. */
function numbered(length: number, from = 0): Buffer {
  return Buffer.from(Array.from({ length }, (_, i) => (from + i * 31 + (i >> 8)) & 0xff));
}

/** All that comes, to the end. `paused` says before each read whether to leave it for later. */
async function all(socket: Socket, paused: () => boolean = () => false): Promise<Buffer> {
  const pieces: Buffer[] = [];
  const take = (): void => {
    while (!paused()) {
      const piece = socket.read() as Buffer | null;
      if (piece === null) return;
      pieces.push(piece);
    }
    setImmediate(take);
  };
  socket.on('readable', take);
  await once(socket, 'end');
  return Buffer.concat(pieces);
}

describe('what a connection reads', () => {
  it('comes whole and in its order, however it is cut, however the reader dawdles, and the end comes last', async () => {
    const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 3000 }), fc.integer({ min: 30_000, max: 200_000 })), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(sizes, fc.integer({ min: 1, max: 5 }), async (cuts, pauseEach) => {
        await using ends = await connected();
        const sent = cuts.map((size, i) => numbered(size, i));
        let reads = 0;
        const received = all(ends.socket, () => ++reads % (pauseEach + 1) === 0);
        for (const piece of sent) if (!ends.peer.write(piece)) await once(ends.peer, 'drain');
        ends.peer.end();
        expect(Buffer.compare(await received, Buffer.concat(sent))).toBe(0);
      }),
      { numRuns: 25 },
    );
  });

  it('stays as it was once it has been read, whoever reads into the same buffer next', async () => {
    const shared = sharedReadBuffer();
    await using one = await connected(shared);
    await using other = await connected(shared);
    one.peer.write(numbered(1500));
    await once(one.socket, 'readable');
    const first = one.socket.read() as Buffer;
    other.peer.write(numbered(40_000, 7));
    await once(other.socket, 'readable');
    const second = other.socket.read() as Buffer;
    one.peer.write(numbered(50_000, 9));
    await once(one.socket, 'readable');
    expect(Buffer.compare(first, numbered(1500))).toBe(0);
    expect(Buffer.compare(second, numbered(40_000, 7).subarray(0, second.length))).toBe(0);
  });

  it('waits in the kernel, then with its sender, once 64 KiB are held that nobody reads', async () => {
    await using ends = await connected();
    const sent = numbered(8 * 1024 * 1024);
    ends.socket.on('readable', () => undefined);
    ends.peer.end(sent);
    while (ends.socket.bytesRead < 64 * 1024) await once(ends.socket, 'readable');
    // its sender cannot get rid of the rest: no turn of the loop brings more
    await turns(50);
    expect(ends.socket.bytesRead).toBeLessThan(256 * 1024);
    expect(ends.peer.writableFinished).toBe(false);
    const rest = all(ends.socket);
    ends.socket.emit('readable');
    expect(Buffer.compare(await rest, sent)).toBe(0);
  });

  it('is not at its end before all that is held has been read', async () => {
    await using ends = await connected();
    ends.peer.end('last');
    // the bytes, then the end
    await once(ends.socket, 'readable');
    await once(ends.socket, 'readable');
    expect(ends.socket.readableEnded).toBe(false);
    await expectEndAfter(ends.socket, 'last');
  });

  it('begins with what its reader has given back', async () => {
    await using ends = await connected();
    ends.peer.write('first');
    await once(ends.socket, 'readable');
    const first = ends.socket.read() as Buffer;
    ends.peer.write('second');
    await once(ends.socket, 'readable');
    ends.socket.unshift(first.subarray(2));
    expect(String(ends.socket.read())).toBe('rst');
    expect(String(ends.socket.read())).toBe('second');
    expect(ends.socket.read()).toBe(null);
  });

  it('is not at its end either while what its reader has given back waits', async () => {
    await using ends = await connected();
    ends.peer.write('first');
    await once(ends.socket, 'readable');
    const first = ends.socket.read() as Buffer;
    ends.peer.write('second');
    await once(ends.socket, 'readable');
    ends.peer.end();
    await once(ends.socket, 'readable');
    ends.socket.unshift(first.subarray(2));
    expect(String(ends.socket.read())).toBe('rst');
    await expectEndAfter(ends.socket, 'second');
  });

  it('is not read on for who takes a piece and gives the rest of it back, again and again', async () => {
    await using ends = await connected();
    const sent = numbered(4 * 1024 * 1024);
    ends.socket.on('readable', () => undefined);
    ends.peer.end(sent);
    while (ends.socket.bytesRead < 64 * 1024) await once(ends.socket, 'readable');
    let taken = 0;
    for (let i = 0; i < 200; i++) {
      const piece = ends.socket.read() as Buffer;
      const part = Math.min(100, piece.length);
      taken += part;
      if (part < piece.length) ends.socket.unshift(piece.subarray(part));
      await new Promise(setImmediate);
    }
    expect(ends.socket.bytesRead - taken).toBeLessThan(256 * 1024);
  });

  it('is told of an error as any socket is', async () => {
    await using ends = await connected();
    ends.socket.on('readable', () => ends.socket.read());
    ends.peer.resetAndDestroy();
    const [error] = (await once(ends.socket, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNRESET');
  });
});

describe('an answer that its reader pauses', () => {
  const body = numbered(100_000).toString('latin1');
  const chunked = Array.from({ length: 100 }, (_, i) => `3e8\r\n${body.slice(i * 1000, i * 1000 + 1000)}\r\n`).join('');

  it.each([
    ['of a known length', `Content-Length: ${body.length}\r\n\r\n${body}`],
    ['in chunks', `Transfer-Encoding: chunked\r\n\r\n${chunked}0\r\n\r\n`],
    ['in chunks, on a connection that closes', `Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n${chunked}0\r\n\r\n`],
    ['that ends with its connection', `\r\n${body}`],
  ])('comes whole %s, although its connection has been closed by then', async (_how, rest) => {
    await using upstream = await RawUpstream.start((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n');
      socket.end(rest, 'latin1');
    });
    await using from = client(upstream.authority);
    const outcome = await from.service(get(upstream.authority));
    if (outcome.type !== 'reply') throw new Error(outcome.detail);
    const source = outcome.body;
    const pieces: Uint8Array[] = [];
    const failed = await new Promise((resolve) => {
      source.start({
        onData: (piece) => {
          pieces.push(piece);
          void turns(2).then(() => source.resume());
          return false;
        },
        onEnd: () => resolve(undefined),
        onError: resolve,
      });
    });
    expect(failed).toBe(undefined);
    expect(Buffer.concat(pieces).toString('latin1')).toBe(body);
  });
});

describe('the fields of an answer', () => {
  it('keep their order, repeated ones and those that look like numbers included', async () => {
    const head = ['X-B: 1', '7: seven', 'Set-Cookie: a=1', 'X-A: \xe9', 'Set-Cookie: b=2', '__proto__: p', '7: more'];
    await using upstream = await RawUpstream.start((socket) => socket.end(`HTTP/1.1 200 OK\r\n${head.join('\r\n')}\r\n\r\nok`, 'latin1'));
    await using from = client(upstream.authority);
    const outcome = await from.service(get(upstream.authority));
    expect(outcome).toMatchObject({
      headers: ['x-b', '1', '7', 'seven', 'set-cookie', 'a=1', 'x-a', '\xe9', 'set-cookie', 'b=2', '__proto__', 'p', '7', 'more'],
    });
    expect(await read(outcome)).toBe('ok');
  });

  it('lose what the connection names as its own, in one field or several', async () => {
    const head = ['Connection: X-Gone, close', 'X-Gone: 1', 'X-Kept: 2', 'connection: x-too', 'X-Too: 3', 'Keep-Alive: timeout=5'];
    await using upstream = await RawUpstream.start((socket) => socket.end(`HTTP/1.1 200 OK\r\n${head.join('\r\n')}\r\n\r\nok`));
    await using from = client(upstream.authority);
    expect(await from.service(get(upstream.authority))).toMatchObject({ headers: ['x-kept', '2'] });
  });
});

/** What becomes of a request whose upstream says this once it has come by half, and resets the connection. */
async function early(answer: string): Promise<string> {
  const stream = new PassThrough();
  await using upstream = await RawUpstream.start((socket) => {
    if (answer !== '') socket.write(answer);
    // in one turn, so that the write finds the connection reset and nothing of the answer read
    socket.resetAndDestroy();
    stream.write('more');
  });
  await using from = client(upstream.authority, { headers: 5000 });
  const exchange = get(upstream.authority, '/', 'POST');
  exchange.body = { kind: 'stream', stream, length: 9, started: false };
  stream.write('some');
  const became = await read(await from.service(exchange));
  await vi.waitUntil(() => from.pools.stats.busy === 0);
  return became;
}

describe('an upstream that answers early and closes behind its answer', () => {
  const TOO_LARGE = 'HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 4\r\n\r\n';

  it.each([
    ['is heard, although the rest of the request can no longer be written', `${TOO_LARGE}much`, 'much'],
    ['is heard behind its 100', `HTTP/1.1 100 Continue\r\n\r\n${TOO_LARGE}much`, 'much'],
    ['is cut where its answer is not all there', `${TOO_LARGE}mu`, 'mu|body/reset/cut/http_response_incomplete'],
    ['has failed where it says nothing', '', 'send/reset/ambiguous'],
  ])('%s', async (_what, answer, became) => {
    expect(await early(answer)).toBe(became);
  });
});
