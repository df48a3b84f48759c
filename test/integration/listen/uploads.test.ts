import { setTimeout as later } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { BytesBody } from '../../../src/model/body.ts';
import type { Exchange } from '../../../src/model/exchange.ts';
import { clientClosed } from '../../../src/model/failure.ts';
import { type Outcome, reply } from '../../../src/model/outcome.ts';
import type { Service } from '../../../src/model/service.ts';
import { echo, startListener } from '../../support/listener.ts';
import type { RawClient } from '../../support/raw-client.ts';
import { failed } from '../../unit/policy/fixtures.ts';

const LIMITS = { headerBytes: 1000, bodyBytes: 10_000_000, requestTimeoutMs: 150 };

/** The head of an upload that is streamed: larger than what is read whole. */
const upload = (bytes: number): string => `POST /api/ HTTP/1.1\r\nHost: x\r\nContent-Length: ${bytes}\r\n\r\n`;

/** Reads a stream, with a pause after each piece, and says how long it was. */
async function read({ body }: Exchange, pauseMs: number): Promise<Outcome> {
  let size = 0;
  try {
    if (body.kind === 'stream')
      for await (const piece of body.stream as AsyncIterable<Buffer>) {
        size += piece.length;
        await later(pauseMs);
      }
  } catch {
    return clientClosed('send');
  }
  return reply(200, [], 'upstream', new BytesBody(Buffer.from(`${size} bytes`)));
}

/** Takes longer than a client may. */
const readSlowly = (exchange: Exchange): Promise<Outcome> => read(exchange, LIMITS.requestTimeoutMs / 3);
const readAtOnce = (exchange: Exchange): Promise<Outcome> => read(exchange, 0);

/** Sends a byte at a time. */
function trickle(client: RawClient): void {
  const timer = setInterval(() => client.send('a'), 5);
  client.socket.once('close', () => clearInterval(timer));
}

describe('a slow upload', () => {
  it('is waited for while it is held back, since its upstream is what is slow', async () => {
    await using listener = await startListener(readSlowly, { limits: LIMITS });
    using client = await listener.client();
    client.send(upload(500_000) + 'a'.repeat(500_000));
    expect(await client.until('500000 bytes')).toMatch(/^HTTP\/1.1 200 /);
  });

  it('is waited for while nobody has begun to read it', async () => {
    await using listener = await startListener((exchange) => later(3 * LIMITS.requestTimeoutMs).then(() => readAtOnce(exchange)), { limits: LIMITS });
    using client = await listener.client();
    client.send(upload(200_000) + 'a'.repeat(200_000));
    expect(await client.until('200000 bytes')).toMatch(/^HTTP\/1.1 200 /);
  });

  it('may take longer than a client may pause', async () => {
    await using listener = await startListener(readAtOnce, { limits: LIMITS });
    using client = await listener.client();
    client.send(upload(2000) + 'a'.repeat(2000 - 100));
    trickle(client);
    expect(await client.until('2000 bytes')).toMatch(/^HTTP\/1.1 200 /);
  });

  it('is answered 408 when its client stops in the midst of it', async () => {
    await using listener = await startListener(readSlowly, { limits: LIMITS });
    using client = await listener.client();
    client.send(upload(1_000_000) + 'a'.repeat(100_000));
    expect(await client.closed()).toMatch(/^HTTP\/1.1 408 [^]*limits.requestTimeout/);
    expect(listener.notes.rejections).toMatchObject([{ reason: 'request_timeout', status: 408 }]);
    await vi.waitUntil(() => listener.notes.ended.length > 0);
    expect(listener.notes.ended).toMatchObject([{ status: 408 }]);
  });

  it('is closed on when it was answered before its end, which does not come in time', async () => {
    await using listener = await startListener(echo, { limits: LIMITS });
    using client = await listener.client();
    client.send(upload(1_000_000) + 'a'.repeat(10_000));
    trickle(client);
    expect(await client.closed()).toMatch(/^HTTP\/1.1 200 [^]*stream/);
  });
});

describe('an answer that comes before the end of an upload', () => {
  /** More than the kernels take for one that is not read. */
  const SIZE = 20_000_000;
  const closing = (bytes: number): string => upload(bytes).replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n');

  it.each([
    ['of the upstream', echo, 200],
    ['of ours', () => Promise.resolve(failed({ code: 'connection_refused' })), 502],
    ['after a bug', () => Promise.reject(new Error('a bug')), 500],
  ] satisfies [string, Service, number][])(
    'reaches a client that asked to close and reads once it has sent all: one %s',
    async (_name, serve, status) => {
      await using listener = await startListener(serve, { limits: { ...LIMITS, bodyBytes: SIZE, requestTimeoutMs: 30_000 } });
      using client = await listener.client();
      client.socket.pause();
      client.send(closing(SIZE) + 'a'.repeat(10_000));
      await vi.waitUntil(() => listener.notes.ended.length === 1);
      await new Promise((sent) => client.socket.write('a'.repeat(SIZE - 10_000), sent));
      client.socket.resume();
      expect(await client.closed()).toMatch(new RegExp(`^HTTP/1.1 ${status} [^]*connection: close`, 'i'));
      await vi.waitUntil(() => listener.plane.connections === 0);
    },
  );

  it('is not followed by another, and the client not waited for beyond its time', async () => {
    await using listener = await startListener(echo, { limits: LIMITS });
    using client = await listener.client();
    client.socket.allowHalfOpen = true;
    client.send(closing(100_000) + 'a'.repeat(10_000));
    await client.until('POST / stream');
    client.send(`${'a'.repeat(90_000)}${upload(0)}`);
    await vi.waitUntil(() => listener.plane.connections === 0, 5000);
    expect(client.received).toMatch(/^HTTP\/1.1 200 [^]*stream$/);
    expect(listener.notes.ended).toHaveLength(1);
  });

  it('ends with the upload that does not go on', async () => {
    await using listener = await startListener(echo, { limits: LIMITS });
    using client = await listener.client();
    client.socket.allowHalfOpen = true;
    client.send(closing(100_000) + 'a'.repeat(10_000));
    await vi.waitUntil(() => listener.plane.connections === 0, 5000);
    expect(client.received).toMatch(/^HTTP\/1.1 200 [^]*stream$/);
  });
});

describe('content that is read whole', () => {
  it('is answered 408 when all of it has not come in time, however steadily it comes', async () => {
    await using listener = await startListener(echo, { limits: LIMITS });
    using client = await listener.client();
    client.send(upload(1000));
    trickle(client);
    expect(await client.closed()).toMatch(/^HTTP\/1.1 408 /);
    expect(listener.notes.ended).toEqual([]);
  });
});
