import type { Socket } from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import type { BodySink } from '../../../src/model/body.ts';
import type { Exchange } from '../../../src/model/exchange.ts';
import { type Outcome, reply } from '../../../src/model/outcome.ts';
import type { Service } from '../../../src/model/service.ts';
import { echo, startListener } from '../../support/listener.ts';
import { PushBody } from '../../support/push-body.ts';
import { standUpgrading, statuses, UPGRADE } from './standing.ts';

const GET = 'GET /api/a HTTP/1.1\r\nHost: x\r\n\r\n';
const POST = 'POST /api/pay HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx';
const CONNECT = 'CONNECT 127.0.0.1:1 HTTP/1.1\r\nHost: 127.0.0.1:1\r\n\r\n';

/** Agrees to what it is asked first. */
function agrees(socket: Socket, number: number): void {
  if (number === 1) socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nhello ');
}

/** A service whose answers wait to be let go. */
function held(answer: Service = echo) {
  const seen: Exchange[] = [];
  const waiting: (() => void)[] = [];
  const serve = (exchange: Exchange): Promise<Outcome> => {
    seen.push(exchange);
    return new Promise((resolve) => waiting.push(() => void Promise.resolve(answer(exchange)).then(resolve)));
  };
  return { seen, serve, letGo: () => waiting.shift()?.() };
}

const stand = (serve: Service) => standUpgrading(agrees, serve);

describe('what ends HTTP on a connection, behind a request that is being served', () => {
  it.each([
    ['an upgrade', UPGRADE, [200, 101]],
    ['a CONNECT that is refused', CONNECT, [200, 403]],
  ])('waits for its answer: %s', async (_name, request, expected) => {
    const { seen, serve, letGo } = held();
    await using standing = await stand(serve);
    using client = await standing.listener.client();
    client.send(POST + request);
    await vi.waitUntil(() => seen.length === 1);
    letGo();
    await client.until(/(hello |details)/);
    expect(statuses(client.received)).toEqual(expected);
    expect(seen[0]?.aborted).toBe(false);
  });

  it('waits for those of all that were sent ahead, and passes on what came behind it', async () => {
    const { seen, serve, letGo } = held();
    await using standing = await stand(serve);
    using client = await standing.listener.client();
    client.send(GET + POST + UPGRADE);
    await vi.waitUntil(() => seen.length === 1);
    client.send('early ');
    letGo();
    await vi.waitUntil(() => seen.length === 2);
    client.send('and late');
    letGo();
    await vi.waitUntil(() => standing.upstream.received.join('').endsWith('early and late'));
    expect(statuses(client.received)).toEqual([200, 200, 101]);
  });

  it('is a tunnel once they are answered', async () => {
    const { seen, serve, letGo } = held();
    await using standing = await stand(serve);
    using client = await standing.listener.client();
    client.send(POST + CONNECT.replaceAll('127.0.0.1:1', standing.upstream.authority));
    await vi.waitUntil(() => seen.length === 1);
    letGo();
    await client.until('200 Connection Established');
    await client.send('ping').until('hello ');
    expect(standing.upstream.received).toEqual(['ping']);
  });

  it('holds back no long answer', async () => {
    const large = Buffer.alloc(8_000_000, 'a');
    const streamed = (): Promise<Outcome> => {
      const body = new PushBody();
      const pieces = Array.from({ length: 100 }, (_, at) => large.subarray(at * 80_000, (at + 1) * 80_000));
      const go = (sink: BodySink): void => {
        for (let piece = pieces.shift(); piece !== undefined; piece = pieces.shift()) if (!sink.onData(piece)) return;
        sink.onEnd();
      };
      let taker: BodySink | undefined;
      const start = (sink: BodySink): void => go((taker = sink));
      const resume = (): void => (taker === undefined ? undefined : go(taker));
      return Promise.resolve(reply(200, [], 'upstream', Object.assign(body, { start, resume })));
    };
    const { seen, serve, letGo } = held(streamed);
    await using standing = await stand(serve);
    using client = await standing.listener.client();
    client.send(GET + UPGRADE);
    await vi.waitUntil(() => seen.length === 1);
    letGo();
    await client.until('hello ');
    expect(client.received.length).toBeGreaterThan(large.length);
  });

  it('is not begun behind an answer that says close', async () => {
    const { seen, serve, letGo } = held();
    await using standing = await stand(serve);
    using client = await standing.listener.client();
    client.send(GET + UPGRADE);
    await vi.waitUntil(() => seen.length === 1);
    const drained = standing.listener.plane.drain(5000);
    letGo();
    expect(statuses(await client.closed())).toEqual([200]);
    expect(await drained).toBe(true);
  });

  it('goes with its client', async () => {
    const { seen, serve } = held();
    await using standing = await stand(serve);
    using client = await standing.listener.client();
    client.send(GET + UPGRADE);
    await vi.waitUntil(() => seen.length === 1);
    client.socket.resetAndDestroy();
    await vi.waitUntil(() => seen[0]?.aborted);
    await vi.waitUntil(() => standing.listener.plane.connections === 0);
    expect(standing.upstream.received).toEqual([]);
  });
});

describe('what is no HTTP, behind requests that are answered at once', () => {
  it('is told behind all their answers', async () => {
    await using listener = await startListener(echo);
    using client = await listener.client();
    expect(statuses(await client.send(`${GET.repeat(5)}NONSENSE\r\n\r\n`).closed())).toEqual([200, 200, 200, 200, 200, 400]);
  });
});
