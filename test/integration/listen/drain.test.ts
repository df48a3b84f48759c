import { connect } from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import type { UpstreamPort } from '../../../src/listen/upstream-ports.ts';
import { BytesBody } from '../../../src/model/body.ts';
import type { Exchange } from '../../../src/model/exchange.ts';
import { reply } from '../../../src/model/outcome.ts';
import { echo, gatewayOfTargets, startListener, targetOf } from '../../support/listener.ts';
import { PushBody } from '../../support/push-body.ts';
import { RawClient } from '../../support/raw-client.ts';
import { freePort } from '../../support/servers.ts';
import { failed } from '../../unit/policy/fixtures.ts';

const GET = 'GET /api/ HTTP/1.1\r\nHost: x\r\n\r\n';

/** A service that says its name. */
const says = (name: string) => async (exchange: Exchange) =>
  reply(200, ['via', name], 'upstream', new BytesBody(Buffer.from(`GET ${exchange.path}`)));

/** Services that answer when they are told to. */
function held() {
  const waiting: (() => void)[] = [];
  return {
    waiting,
    serve: (exchange: Exchange) => new Promise<Awaited<ReturnType<typeof echo>>>((resolve) => waiting.push(() => void echo(exchange).then(resolve))),
  };
}

describe('a drain', () => {
  it('closes idle connections at once, finishes what runs, and says so', async () => {
    const { waiting, serve } = held();
    await using listener = await startListener((exchange) => (exchange.path === '/idle' ? echo(exchange) : serve(exchange)));
    using fresh = await listener.client();
    using idle = await listener.client();
    using busy = await listener.client();
    await idle.send('GET /api/idle HTTP/1.1\r\nHost: x\r\n\r\n').until('none');
    busy.send(GET);
    await vi.waitUntil(() => waiting.length === 1 && listener.plane.connections === 3);
    const drained = listener.plane.drain(60_000);
    await Promise.all([fresh.closed(), idle.closed()]);
    await vi.waitUntil(() => listener.plane.connections === 1);
    await expect(RawClient.connect(listener.port)).rejects.toThrow(/ECONNREFUSED/);
    waiting[0]?.();
    expect(await busy.closed()).toMatch(/connection: close\r\n[^]*GET \/ none/);
    expect(await drained).toBe(true);
    expect(listener.plane.connections).toBe(0);
  });

  it('lets an answer that has begun end, on a connection that was to be kept', async () => {
    const body = new PushBody();
    await using listener = await startListener(() => Promise.resolve(reply(200, [], 'upstream', body)));
    using client = await listener.client();
    client.send(GET);
    await body.pushTo(client, 'half');
    const drained = listener.plane.drain(60_000);
    body.push('other half');
    body.end();
    expect(await client.closed()).toMatch(/other half\r\n0\r\n\r\n$/);
    expect(await drained).toBe(true);
  });

  it('cuts what has not ended when its time is up', async () => {
    let asked = false;
    let left = false;
    await using listener = await startListener(
      (exchange) =>
        new Promise((resolve) => {
          asked = true;
          exchange.onAbort(() => {
            left = true;
            resolve(failed({ code: 'client_closed' }));
          });
        }),
    );
    using client = await listener.client();
    client.send(GET);
    await vi.waitUntil(() => asked);
    expect(await listener.plane.drain(30)).toBe(false);
    expect(await client.closed()).toBe('');
    await vi.waitUntil(() => listener.notes.ended.length === 1);
    expect(left).toBe(true);
  });

  it('does not wait for idle clients that leave their side open, or do not look at their sockets', async () => {
    await using listener = await startListener(echo);
    const socket = connect({ port: listener.port, host: '127.0.0.1', allowHalfOpen: true });
    using client = RawClient.on(socket);
    await client.send(GET).until('GET / none');
    using deaf = await listener.client();
    await deaf.send(GET).until('GET / none');
    deaf.socket.pause();
    expect(await listener.plane.drain(60_000)).toBe(true);
  });

  it('answers a request that was under way when it began, and begins none behind the answer that says close', async () => {
    const { waiting, serve } = held();
    await using listener = await startListener(serve);
    using client = await listener.client();
    client.send(GET + GET);
    await vi.waitUntil(() => waiting.length === 1);
    const drained = listener.plane.drain(60_000);
    waiting[0]?.();
    expect((await client.closed()).match(/^HTTP\/1.1 200/gm)).toHaveLength(1);
    expect(await drained).toBe(true);
    expect(waiting).toHaveLength(1);
  });
});

describe('the ports of the upstreams', () => {
  it('follow a new configuration: new ones open, kept ones stay, others close', async () => {
    await using listener = await startListener(echo, { ports: [{ upstream: 'api', host: '127.0.0.1', port: 0 }] });
    const { plane } = listener;
    const kept = plane.ports[0]?.port ?? 0;
    using client = await RawClient.connect(kept);
    await client.send('GET /a HTTP/1.1\r\nHost: x\r\n\r\n').until('GET /a none');
    const free = await freePort();
    await plane.setPorts([
      { upstream: 'api', host: '127.0.0.1', port: 0 },
      { upstream: 'api', host: '127.0.0.1', port: free },
    ]);
    expect(plane.ports.map(({ port }) => port)).toEqual([kept, free]);
    using other = await RawClient.connect(free);
    await other.send('GET /b HTTP/1.1\r\nHost: x\r\n\r\n').until('GET /b none');
    await plane.setPorts([{ upstream: 'api', host: '127.0.0.1', port: free }]);
    await expect(RawClient.connect(kept)).rejects.toThrow(/ECONNREFUSED/);
    await client.send('GET /c HTTP/1.1\r\nHost: x\r\n\r\n').until('GET /c none');
  });

  it('stay as they were where a new one cannot be had', async () => {
    await using listener = await startListener(echo);
    const free = await freePort();
    const wanted = [free, listener.port].map((port) => ({ upstream: 'api', host: '127.0.0.1', port }));
    await expect(listener.plane.setPorts(wanted)).rejects.toThrow(new RegExp(`cannot listen on 127.0.0.1:${listener.port}: the port is taken`));
    await expect(RawClient.connect(free)).rejects.toThrow(/ECONNREFUSED/);
    expect(listener.plane.ports).toEqual([]);
  });

  describe('whose address stays', () => {
    const ports = (a: string, b: string, free: readonly number[]): UpstreamPort[] =>
      [a, b].map((upstream, at) => ({ upstream, host: '127.0.0.1', port: free[at] ?? 0 }));
    const asked = async (client: RawClient): Promise<string> => {
      client.received = '';
      await client.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n').until('GET /');
      return /via: (\w+)/.exec(client.received)?.[1] ?? '';
    };

    it('lead to the upstream that has them now, on connections that are open too', async () => {
      const targets = ['api', 'db', 'new'].map((name) => targetOf(says(name), { name }));
      const free = [await freePort(), await freePort()];
      await using listener = await startListener(echo, { gateway: () => gatewayOfTargets(targets), ports: ports('api', 'db', free) });
      using first = await RawClient.connect(free[0] ?? 0);
      using second = await RawClient.connect(free[1] ?? 0);
      expect([await asked(first), await asked(second)]).toEqual(['api', 'db']);
      await listener.plane.setPorts(ports('db', 'api', free));
      expect([await asked(first), await asked(second)]).toEqual(['db', 'api']);
      await listener.plane.setPorts(ports('new', 'api', free));
      using third = await RawClient.connect(free[0] ?? 0);
      expect([await asked(first), await asked(third), await asked(second)]).toEqual(['new', 'new', 'api']);
    });

    it('move to another host with the same number, and back where the whole cannot be had', async () => {
      await using listener = await startListener(echo, { ports: [] });
      const port = await freePort();
      const at = (host: string): UpstreamPort => ({ upstream: 'api', host, port });
      await listener.plane.setPorts([at('127.0.0.1')]);
      await listener.plane.setPorts([at('0.0.0.0')]);
      expect(listener.plane.ports).toEqual([at('0.0.0.0')]);
      const taken = { upstream: 'db', host: '127.0.0.1', port: listener.port };
      await expect(listener.plane.setPorts([at('127.0.0.1'), taken])).rejects.toThrow(/the port is taken$/);
      expect(listener.plane.ports).toEqual([at('0.0.0.0')]);
      using client = await RawClient.connect(port);
      await client.send('GET /a HTTP/1.1\r\nHost: x\r\n\r\n').until('GET /a none');
    });
  });
});
