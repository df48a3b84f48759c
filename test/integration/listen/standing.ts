import type { Socket } from 'node:net';
import { systemClock } from '../../../src/model/clock.ts';
import type { Service } from '../../../src/model/service.ts';
import { Resolver } from '../../../src/upstream/dns.ts';
import { attemptLimits } from '../../../src/upstream/pools.ts';
import { echo, gatewayOfTargets, type Listener, startListener, targetOf } from '../../support/listener.ts';
import { chain, type Written } from '../policy/fixtures.ts';
import { RawUpstream } from '../upstream/fixtures.ts';

/** A listener in front of an upstream on a raw socket, with the layers of `written` between them. */
export async function stand(onRequest: (socket: Socket, number: number) => void, written: Written = {}) {
  const upstream = await RawUpstream.start(onRequest);
  const api = chain(upstream.authority, written);
  const listener = await listen(api.service, { scheme: 'http', authority: upstream.authority });
  const close = async (): Promise<void> => {
    await listener.plane.close();
    await api[Symbol.asyncDispose]();
    await upstream[Symbol.asyncDispose]();
  };
  return { upstream, api, listener, client: () => listener.client(), [Symbol.asyncDispose]: close };
}

/** A listener in front of an upstream on a raw socket that takes upgrades and tunnels; all else is for `serve`. */
export async function standUpgrading(onRequest: (socket: Socket, number: number) => void, serve: Service = echo) {
  const upstream = await RawUpstream.start(onRequest);
  const port = Number(upstream.authority.split(':')[1]);
  const dialing = {
    dialFor: () => ({ host: '127.0.0.1', port, tls: undefined }),
    resolver: new Resolver(systemClock),
    boundsOf: () => ({ limits: attemptLimits({}), totalMs: Infinity }),
  };
  const gateway = gatewayOfTargets([targetOf(serve, { dialing })], {}, [upstream.authority]);
  const listener = await startListener(serve, { gateway: () => gateway });
  const close = async (): Promise<void> => {
    await listener.plane.close();
    await upstream[Symbol.asyncDispose]();
  };
  return { upstream, listener, client: () => listener.client(), [Symbol.asyncDispose]: close };
}

/** A listener in front of a service, which has its requests at `origin`. */
export function listen(
  serve: Service,
  origin: { readonly scheme: 'http' | 'https'; readonly authority: string },
  options: Parameters<typeof startListener>[1] = {},
): Promise<Listener> {
  const gateway = gatewayOfTargets([targetOf(serve, { origin })], { 'api.example': 'api' });
  return startListener(serve, { gateway: () => gateway, ...options });
}

/** The statuses that came on a connection, in order. */
export function statuses(received: string): number[] {
  return [...received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((found) => Number(found[1]));
}

/** A request. */
export const GET = 'GET /api/ HTTP/1.1\r\nHost: x\r\n\r\n';
/** A request to change the protocol. */
export const UPGRADE = 'GET /api/ws HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n';
/** Interim responses. */
export const HINTS = 'HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n';
export const PROCESSING = 'HTTP/1.1 102 Processing\r\n\r\n';
