import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { CertificateAuthority } from '../tls/authority.ts';
import type { Gateway } from '../route/gateway.ts';
import { authorityOf, type HostPort, parseAuthority, tunnelName } from './authority.ts';
import type { ClientConnection } from './connection.ts';
import type { Connections } from './connections.ts';
import type { ListenContext } from './context.ts';
import type { Door } from './door.ts';
import { Interception, type InterceptionParts } from './interception.ts';
import { Passthrough } from './passthrough.ts';
import { closeWithRefusal, type Refusal, refusal } from './refusal.ts';

/** What CONNECT requests are served with. */
export interface ConnectParts {
  readonly context: ListenContext;
  readonly connections: Connections<ClientConnection>;
  /** The authority in whose name hosts are intercepted; asked for when the first one is. */
  readonly authority: () => Promise<CertificateAuthority>;
  readonly interception: InterceptionParts;
}

/** Takes CONNECT requests (RFC 9110 section 9.3.6): intercepts configured hosts, tunnels those that pass through, refuses the rest. */
export class ConnectHandler {
  readonly #parts: ConnectParts;

  constructor(parts: ConnectParts) {
    this.#parts = parts;
  }

  /** Serves one request; `head` is what came after it. */
  handle(request: IncomingMessage, socket: Socket, head: Buffer, connection: ClientConnection): void {
    const found = this.#find(request.url ?? '', connection.door);
    if ('type' in found) return this.#refuse(socket, found);
    if (found.intercepted) void this.#intercept(socket, head, found.to);
    else this.#passThrough(socket, head, found.to);
  }

  #find(url: string, door: Door): { readonly to: HostPort; readonly intercepted: boolean } | Refusal {
    const { context } = this.#parts;
    if (context.draining()) return refusal(503, 'draining', 'the proxy is shutting down', { error: 'destination_unavailable' });
    const to = parseAuthority(url, undefined);
    if (to === undefined) return refusal(400, 'malformed', 'CONNECT needs a target of the form host:port');
    if (door.kind !== 'main') return refusal(403, 'forbidden_connect', 'CONNECT is served on the main port alone', { error: 'http_request_denied' });
    if (context.isOwn(to)) return refusal(502, 'loop', 'the tunnel would lead back to this proxy', { error: 'proxy_loop_detected' });
    const gateway = context.gateway();
    if (gateway.byHost(tunnelName(to)) !== undefined) return { to, intercepted: true };
    return gateway.isPassthrough(tunnelName(to)) ? { to, intercepted: false } : forbidden(to, gateway);
  }

  async #intercept(socket: Socket, head: Buffer, to: HostPort): Promise<void> {
    const { connections, interception } = this.#parts;
    const tunnel = new Interception(socket, to, interception);
    connections.become(socket, tunnel);
    try {
      const authority = await this.#parts.authority();
      const leaf = await authority.leafFor(to.host);
      if (!socket.destroyed) tunnel.begin(head, authority, leaf);
    } catch (error) {
      // TLS cannot be spoken at all: this alone is told in the answer to CONNECT
      this.#refuse(socket, refusal(500, 'tls', (error as Error).message, { error: 'proxy_configuration_error', code: 'proxy_configuration_error' }));
    }
  }

  #passThrough(socket: Socket, head: Buffer, to: HostPort): void {
    const { context, connections } = this.#parts;
    const tunnel = new Passthrough(socket, head, to, context, connections);
    connections.become(socket, tunnel);
    tunnel.open(to);
  }

  #refuse(socket: Socket, refused: Refusal): void {
    this.#parts.context.observer.rejected(refused.reason, refused.status, refused.detail);
    closeWithRefusal(socket, refused, '');
  }
}

function forbidden(to: HostPort, gateway: Gateway): Refusal {
  const name = authorityOf(to, 443);
  const detail = `CONNECT to ${name} is not allowed: name it in the hosts or the origin of an upstream to protect it, or in passthrough to tunnel it untouched`;
  return refusal(403, 'forbidden_connect', detail, { error: 'http_request_denied', members: { upstreams: gateway.names } });
}
