import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { Exchange } from '../model/exchange.ts';
import { type Failure, STATUS_OF } from '../model/failure.ts';
import type { ClientConnection } from './connection.ts';
import type { Connections } from './connections.ts';
import type { ListenContext } from './context.ts';
import { destinationOf } from './destination.ts';
import { hasContent } from './http-server.ts';
import { closeWithRefusal, type Refusal, refusal } from './refusal.ts';
import { Upgrade } from './upgrade.ts';

/** Takes requests with `Upgrade`, on every way in. */
export class UpgradeHandler {
  readonly #context: ListenContext;
  readonly #connections: Connections<ClientConnection>;

  constructor(context: ListenContext, connections: Connections<ClientConnection>) {
    this.#context = context;
    this.#connections = connections;
  }

  /** Serves one request; `clientHead` is what came after it. */
  handle(request: IncomingMessage, client: Socket, clientHead: Buffer, connection: ClientConnection): void {
    const { heads, clock, gateway, isOwn, ids } = this.#context;
    const startedAt = clock.now();
    const head = heads.read(request.rawHeaders, request.httpVersion);
    if (head.type === 'refusal') return this.#refuse(client, head);
    // Node before 24.9 cannot be told that this is none, and has let go of the content: sent on without it, the request would say something else
    if (hasContent(request))
      return this.#refuse(client, refusal(501, 'malformed', 'an Upgrade that comes with content cannot be passed over before Node 24.9'));
    const method = request.method ?? '';
    const destination = destinationOf({ door: connection.door, method, url: request.url ?? '', host: head.host, isOwn }, gateway());
    if (destination.type === 'refusal') return this.#refuse(client, destination);
    const { target, entry, scheme, authority, path } = destination;
    const { dialing } = target;
    if (dialing === undefined) return this.#refuse(client, refusal(501, 'malformed', `the upstream ${target.name} takes no upgrades`));
    if (this.#context.draining())
      return this.#refuse(client, refusal(503, 'draining', 'the proxy is shutting down', { error: 'destination_unavailable' }));
    const exchange = new Exchange({ id: head.id ?? ids.next(), entry, method, scheme, authority, path, headers: head.headers, startedAt });
    exchange.upstream = target.name;
    exchange.route = 'upgrade';
    const refused = dialing.refuses?.(exchange);
    if (refused !== undefined) return this.#refuseExchange(client, exchange, refused);
    const { limits, totalMs } = dialing.boundsOf(exchange);
    exchange.deadlineAt = startedAt + totalMs;
    const protocol = request.headers.upgrade ?? '';
    const upgrade = new Upgrade({ exchange, protocol, client, connection, head: clientHead, dialing, limits }, this.#context, this.#connections);
    this.#connections.become(client, upgrade);
    upgrade.begin();
  }

  /** A policy lets it not go out: it is an exchange all the same. */
  #refuseExchange(client: Socket, exchange: Exchange, failure: Failure): void {
    const { observer, clock } = this.#context;
    const { code, retryAfterMs } = failure;
    exchange.failure = failure;
    exchange.status = STATUS_OF[code];
    observer.exchangeEnded(exchange, clock.now() - exchange.startedAt);
    const refused = refusal(exchange.status, 'malformed', `${exchange.upstream}: ${failure.detail}`, { error: code, code, retryAfterMs });
    closeWithRefusal(client, refused, exchange.id);
  }

  #refuse(client: Socket, refused: Refusal): void {
    this.#context.observer.rejected(refused.reason, refused.status, refused.detail);
    closeWithRefusal(client, refused, '');
  }
}
