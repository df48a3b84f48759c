import type { Socket } from 'node:net';
import type { Service } from '../../../src/model/service.ts';
import { gatewayOfTargets, type Listener, startListener, targetOf } from '../../support/listener.ts';
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
/** Interim responses. */
export const HINTS = 'HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n';
export const PROCESSING = 'HTTP/1.1 102 Processing\r\n\r\n';
