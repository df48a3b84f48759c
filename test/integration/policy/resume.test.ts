import { createHash, randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../../src/model/clock.ts';
import type { Outcome } from '../../../src/model/outcome.ts';
import { RawUpstream, read } from '../upstream/fixtures.ts';
import { chain, request } from './fixtures.ts';

const MEDIA = randomBytes(700_000);
const RESUME = { resume: { enabled: true }, retry: { attempts: 3, backoff: { base: '1ms' } } };

/** Sends bytes `from` to `to` under a head, and breaks off after `breakAfter` of them. */
function send(socket: Socket, head: string, from: number, to: number, breakAfter: number): void {
  const until = Math.min(to + 1, from + breakAfter);
  socket.write(`${head}\r\nContent-Length: ${to - from + 1}\r\n\r\n`);
  socket.write(MEDIA.subarray(from, until), () => {
    if (until <= to) setImmediate(() => socket.destroy());
  });
}

/** A store of one file that breaks each answer off after so many bytes. */
async function store(breakAfter: number, etag = (_number: number): string => '"v1"'): Promise<RawUpstream> {
  const upstream: RawUpstream = await RawUpstream.start((socket, number) => {
    const range = /^range: bytes=(\d+)-(\d*)\r$/im.exec(upstream.received[number - 1] ?? '');
    const fields = `ETag: ${etag(number)}\r\nAccept-Ranges: bytes`;
    const from = Number(range?.[1] ?? 0);
    const to = range === null || range[2] === '' ? MEDIA.length - 1 : Number(range[2]);
    const status = range === null ? '200 OK' : `206 Partial Content\r\nContent-Range: bytes ${from}-${to}/${MEDIA.length}`;
    send(socket, `HTTP/1.1 ${status}\r\n${fields}`, from, to, breakAfter);
  });
  return upstream;
}

function digest(outcome: Outcome): Promise<{ bytes: number; sha: string; ended: string }> {
  if (outcome.type === 'failure') throw new Error(outcome.detail);
  const hash = createHash('sha256');
  let bytes = 0;
  return new Promise((resolve) => {
    const end = (ended: string): void => resolve({ bytes, sha: hash.digest('hex'), ended });
    outcome.body.start({
      onData: (chunk) => {
        hash.update(chunk);
        bytes += chunk.length;
        return true;
      },
      onEnd: () => end('end'),
      onError: (failed) => end(failed.code),
    });
  });
}

/** Ten bytes of which five come; then rests in chunks, whose framing does not tell their length. */
function chunked(...rests: string[]): Promise<RawUpstream> {
  return RawUpstream.start((socket, number) => {
    const first = 'HTTP/1.1 200 OK\r\nETag: "v1"\r\nAccept-Ranges: bytes\r\nContent-Length: 10\r\n\r\n01234';
    if (number === 1) return void socket.write(first, () => setImmediate(() => socket.destroy()));
    const from = 5 + rests.slice(0, number - 2).join('').length;
    const text = rests[number - 2] ?? '';
    const head = `HTTP/1.1 206 Partial Content\r\nContent-Range: bytes ${from}-9/10\r\nETag: "v1"\r\nTransfer-Encoding: chunked\r\n\r\n`;
    socket.write(`${head}${text === '' ? '' : `${text.length.toString(16)}\r\n${text}\r\n`}0\r\n\r\n`);
  });
}

const sha = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

describe('a download over real sockets that breaks off', () => {
  it('arrives whole, with its length and digest, after several cuts', async () => {
    await using upstream = await store(200_000);
    await using api = chain(upstream.authority, { ...RESUME, bulkhead: { concurrent: 1 } });
    const exchange = request(upstream.authority);
    expect(await digest(await api.service(exchange))).toEqual({ bytes: MEDIA.length, sha: sha(MEDIA), ended: 'end' });
    expect(upstream.received.map((text) => /^range: (.*)\r$/im.exec(text)?.[1])).toEqual([
      undefined,
      'bytes=200000-699999',
      'bytes=400000-699999',
      'bytes=600000-699999',
    ]);
    expect(upstream.received[1]).toMatch(/^if-range: "v1"\r$/im);
    expect(exchange.attempts?.map(({ number, failure }) => [number, failure?.replay])).toEqual([
      [1, 'cut'],
      [2, 'cut'],
      [3, 'cut'],
      [4, undefined],
    ]);
    await vi.waitUntil(() => api.pools.stats.busy === 0 && api.places?.stats.active === 0);
  });

  it('arrives whole for the client’s own range', async () => {
    await using upstream = await store(100_000);
    await using api = chain(upstream.authority, RESUME);
    const outcome = await api.service(request(upstream.authority, { headers: ['range', 'bytes=1000-250999'] }));
    expect(outcome).toMatchObject({ status: 206 });
    expect(await digest(outcome)).toEqual({ bytes: 250_000, sha: sha(MEDIA.subarray(1000, 251_000)), ended: 'end' });
  });

  it('breaks visibly when the file has changed meanwhile', async () => {
    await using upstream = await store(200_000, (number) => `"v${number}"`);
    await using api = chain(upstream.authority, RESUME);
    expect(await digest(await api.service(request(upstream.authority)))).toMatchObject({ bytes: 200_000, ended: 'http_response_incomplete' });
    await vi.waitUntil(() => api.pools.stats.busy === 0);
  });

  it('arrives whole where it streams for longer than total, and leaves breaker, budget and clients out of it', async () => {
    await using upstream: RawUpstream = await RawUpstream.start((socket, number) => {
      const from = number === 1 ? 0 : MEDIA.length / 2;
      const status = from === 0 ? '200 OK' : `206 Partial Content\r\nContent-Range: bytes ${from}-${MEDIA.length - 1}/${MEDIA.length}`;
      const head = `HTTP/1.1 ${status}\r\nETag: "v1"\r\nAccept-Ranges: bytes\r\nContent-Length: ${MEDIA.length - from}\r\n\r\n`;
      if (from === 0) socket.write(Buffer.concat([Buffer.from(head), MEDIA.subarray(0, MEDIA.length / 2)]));
      else setTimeout(() => socket.write(Buffer.concat([Buffer.from(head), MEDIA.subarray(from)])), 20);
    });
    await using api = chain(upstream.authority, {
      resume: {},
      retry: { attempts: 3 },
      breaker: { consecutive: 2 },
      streaming: true,
      timeouts: { total: '100ms', idle: '5s' },
    });
    const exchange = request(upstream.authority);
    exchange.streaming = true;
    const whole = digest(await api.service(exchange));
    await vi.waitUntil(() => systemClock.now() > exchange.deadlineAt);
    for (const socket of upstream.sockets) socket.destroy();
    expect(await whole).toEqual({ bytes: MEDIA.length, sha: sha(MEDIA), ended: 'end' });
    expect(exchange.attempts?.map(({ number, failure }) => [number, failure?.replay])).toEqual([
      [1, 'cut'],
      [2, undefined],
    ]);
    expect([api.observer.warnings, api.observer.decisions, api.observer.transitions]).toEqual([[], [], []]);
  });

  it('breaks visibly when the deadline ends it', async () => {
    await using upstream = await RawUpstream.start((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nETag: "v1"\r\nAccept-Ranges: bytes\r\nContent-Length: 1000\r\n\r\nx`);
    });
    await using api = chain(upstream.authority, { ...RESUME, timeouts: { total: '120ms', idle: '5s' } });
    expect(await digest(await api.service(request(upstream.authority)))).toMatchObject({ bytes: 1, ended: 'http_response_timeout' });
    expect(upstream.received).toHaveLength(1);
  });

  it('breaks visibly where the rest is longer than its range: what exceeds it would be the next answer’s head', async () => {
    await using upstream = await chunked('56789HTTP/1.1 200 OK');
    await using api = chain(upstream.authority, RESUME);
    expect(await read(await api.service(request(upstream.authority)))).toBe('01234|body/protocol/cut/http_protocol_error');
    await vi.waitUntil(() => api.pools.stats.busy === 0);
  });

  it('goes on again where the rest is shorter than its range', async () => {
    await using upstream = await chunked('567', '89');
    await using api = chain(upstream.authority, RESUME);
    expect(await read(await api.service(request(upstream.authority)))).toBe('0123456789');
  });

  it('breaks visibly where rests stay empty', async () => {
    await using upstream = await chunked('', '', '', '');
    await using api = chain(upstream.authority, { resume: { enabled: true, attempts: 2 }, retry: { attempts: 3, backoff: { base: '1ms' } } });
    expect(await read(await api.service(request(upstream.authority)))).toBe('01234|body/protocol/cut/http_response_incomplete');
    expect(upstream.received).toHaveLength(3);
  });

  it('breaks visibly where no length is known and the rest does not say that it is all of it', async () => {
    await using upstream: RawUpstream = await RawUpstream.start((socket, number) => {
      if (number > 1)
        return void socket.write('HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 5-9/*\r\nETag: "v1"\r\nContent-Length: 5\r\n\r\n56789');
      const head = 'HTTP/1.1 200 OK\r\nETag: "v1"\r\nAccept-Ranges: bytes\r\nTransfer-Encoding: chunked\r\n\r\n';
      socket.write(`${head}5\r\n01234\r\n`, () => setImmediate(() => socket.destroy()));
    });
    await using api = chain(upstream.authority, RESUME);
    expect(await read(await api.service(request(upstream.authority)))).toBe('01234|body/reset/cut/http_response_incomplete');
  });
});
