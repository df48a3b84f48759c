import { createServer } from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../../src/model/clock.ts';
import { Resolver } from '../../../src/upstream/dns.ts';
import { attemptLimits, UpstreamPools } from '../../../src/upstream/pools.ts';
import { transport } from '../../../src/upstream/transport.ts';
import { gatewayOfTargets, startListener, targetOf } from '../../support/listener.ts';
import type { RawClient } from '../../support/raw-client.ts';
import { closed, opened } from '../../support/servers.ts';
import { Notes } from '../../unit/policy/fixtures.ts';

const GET = 'GET /api/ HTTP/1.1\r\nHost: x\r\n\r\n';

/** An upstream that gives its head late and its body in two parts. */
async function slowUpstream(): Promise<AsyncDisposable & { readonly authority: string }> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', () => {
      setTimeout(() => {
        if (!socket.destroyed) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc');
        setTimeout(() => {
          if (!socket.destroyed) socket.write('def');
        }, 4);
      }, 4);
    });
  });
  const port = await opened(server);
  return {
    authority: `127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () => closed(server),
  };
}

/** How a client leaves: at once, while it waits, after the head, in the body, or by a reset. */
const WAYS: ((client: RawClient) => Promise<void> | void)[] = [
  (client) => void client.socket.destroy(),
  (client) => void setTimeout(() => client.socket.destroy(), 3),
  async (client) => {
    await client.until('\r\n\r\n').catch(() => undefined);
    client.socket.destroy();
  },
  async (client) => {
    await client.until('abc').catch(() => undefined);
    client.socket.resetAndDestroy();
  },
];

describe('a storm of departures', () => {
  it('leaves no connection to the upstream stuck: a pool of 8 serves all that come after 32 clients have left at every stage', async () => {
    await using upstream = await slowUpstream();
    const pools = new UpstreamPools({ origin: `http://${upstream.authority}`, pool: { connections: 8 } }, new Resolver(systemClock));
    const serve = transport(pools.poolFor, { limits: attemptLimits({}), clock: systemClock, observer: new Notes() });
    const gateway = gatewayOfTargets([targetOf(serve, { origin: { scheme: 'http', authority: upstream.authority } })]);
    {
      await using listener = await startListener(serve, { gateway: () => gateway });
      for (let round = 0; round < 4; round++) {
        const clients = await Promise.all(Array.from({ length: 32 }, () => listener.client()));
        await Promise.all(
          clients.map(async (client, i) => {
            client.send(GET);
            await WAYS[(i + round) % WAYS.length]?.(client);
          }),
        );
        await vi.waitUntil(() => listener.plane.connections === 0);
      }
      const clients = await Promise.all(Array.from({ length: 32 }, () => listener.client()));
      const answers = await Promise.all(clients.map((client) => client.send(GET).until('abcdef')));
      expect(answers).toHaveLength(32);
      for (const client of clients) client.socket.destroy();
      await vi.waitUntil(() => listener.plane.connections === 0);
      expect(pools.stats).toMatchObject({ busy: 0, queued: 0 });
      const { ended, errors } = listener.notes;
      expect(errors).toEqual([]);
      expect(ended.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(32);
      expect(new Set(ended.map(({ id }) => id)).size).toBe(ended.length);
    }
    await pools.destroy();
  });
});
