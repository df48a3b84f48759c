import { describe, expect, it, vi } from 'vitest';
import type { DataPlaneOptions } from '../../../src/listen/data-plane.ts';
import { type BodySink, type BodySource, BytesBody } from '../../../src/model/body.ts';
import { reply } from '../../../src/model/outcome.ts';
import type { Service } from '../../../src/model/service.ts';
import { loadAuthority } from '../../../src/tls/load-authority.ts';
import { intercepted } from '../../support/connect.ts';
import { echo, gatewayOfTargets, type Listener, startListener, targetOf } from '../../support/listener.ts';
import { PushBody } from '../../support/push-body.ts';
import type { RawClient } from '../../support/raw-client.ts';
import { scratchDirectory } from '../../support/scratch.ts';

/** More than the kernel takes for a client that does not read. */
const LARGE = 20 * 1024 * 1024;

/** A streamed body that comes in one piece and ends. */
function atOnce(): BodySource {
  return Object.assign(new PushBody(), {
    start: (sink: BodySink) => {
      sink.onData(Buffer.alloc(LARGE));
      sink.onEnd();
    },
  });
}

const whole = (): BodySource => new BytesBody(Buffer.alloc(LARGE));
const limits = (stallMs: number): DataPlaneOptions['limits'] => ({ headerBytes: 16_384, bodyBytes: 1000, requestTimeoutMs: 30_000, stallMs });
const GET = 'GET http://api.example/ HTTP/1.1\r\nHost: api.example\r\n\r\n';

async function connected(serve: Service, stallMs: number, secure: boolean): Promise<{ listener: Listener; client: RawClient }> {
  await using scratch = await scratchDirectory();
  const authority = await loadAuthority(scratch.path);
  const gateway = gatewayOfTargets([targetOf(serve)], { 'api.example': 'api' });
  const options = { limits: limits(stallMs), gateway: () => gateway, authority: () => Promise.resolve(authority) };
  const listener = await startListener(serve, options);
  const client = secure ? (await intercepted('api.example', listener.port, authority.caPem)).client : await listener.client();
  return { listener, client };
}

describe.each([
  ['in the clear', false],
  ['in a tunnel', true],
])('an answer that is all written, %s', (_name, secure) => {
  it.each([
    ['whole', whole],
    ['streamed', atOnce],
  ])('is given up where its client does not read it, %s, and no request behind it is begun', async (_kind, body) => {
    let served = 0;
    const serve: Service = () => {
      served++;
      return Promise.resolve(reply(200, [], 'cache', body()));
    };
    const { listener, client } = await connected(serve, 40, secure);
    await using _listener = listener;
    using _client = client;
    client.socket.pause();
    client.send(GET.repeat(2));
    await vi.waitUntil(() => listener.notes.ended.length === 1);
    expect(listener.notes.ended).toMatchObject([
      { status: 200, aborted: true, failure: { code: 'client_closed', detail: 'the client took nothing of its answer for 40 ms' } },
    ]);
    await vi.waitUntil(() => listener.plane.connections === 0);
    expect(served).toBe(1);
  });

  it('is waited for where its client reads slowly, and the next request begins then', async () => {
    const serve: Service = (exchange) => (exchange.path === '/next' ? echo(exchange) : Promise.resolve(reply(200, [], 'cache', whole())));
    const { listener, client } = await connected(serve, 500, secure);
    await using _listener = listener;
    using _client = client;
    let taken = 0;
    client.socket.removeAllListeners('data').on('data', (bytes: Buffer) => {
      taken += bytes.length;
      client.received = (client.received + bytes.toString('latin1')).slice(-200);
      client.socket.pause();
      setTimeout(() => client.socket.resume(), secure ? 1 : 3);
    });
    client.send(`${GET}${GET.replace('.example/', '.example/next').replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n')}`);
    expect(await client.closed()).toMatch(/GET \/next none$/);
    expect(taken).toBeGreaterThan(LARGE);
    expect(listener.notes.ended.map(({ failure }) => failure)).toEqual([undefined, undefined]);
  });
});
