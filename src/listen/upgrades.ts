import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { Exchange } from '../model/exchange.ts';
import { type Failure, failure } from '../model/failure.ts';
import type { Target } from '../route/gateway.ts';
import type { ClientConnection } from './connection.ts';
import type { Connections } from './connections.ts';
import type { ListenContext } from './context.ts';
import { destinationOf } from './destination.ts';
import { hasContent } from './http-server.ts';
import { closeWithRefusal, type Refusal, refusal, refusalFor } from './refusal.ts';
import { Upgrade } from './upgrade.ts';

/** What an upgrade is told that comes while the proxy shuts down. */
const SHUTTING_DOWN = failure({
  code: 'destination_unavailable',
  phase: 'queue',
  kind: 'refused',
  replay: 'unsent',
  detail: 'the proxy is shutting down',
  own: true,
});

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
    const exchange = new Exchange({ id: head.id ?? ids.next(), entry, method, scheme, authority, path, headers: head.headers, startedAt });
    exchange.upstream = target.name;
    if (this.#context.draining()) return this.#refuse(client, refusalFor(target, exchange, SHUTTING_DOWN, 'draining'));
    exchange.route = 'upgrade';
    const refused = dialing.refuses?.(exchange);
    if (refused !== undefined) return this.#refuseExchange(client, exchange, target, refused);
    const { limits, totalMs } = dialing.boundsOf(exchange);
    exchange.deadlineAt = startedAt + totalMs;
    const protocol = request.headers.upgrade ?? '';
    const upgrade = new Upgrade(
      { exchange, protocol, client, connection, head: clientHead, dialing, target, limits },
      this.#context,
      this.#connections,
    );
    this.#connections.become(client, upgrade);
    upgrade.begin();
  }

  /** A policy lets it not go out: it is an exchange all the same. */
  #refuseExchange(client: Socket, exchange: Exchange, target: Target, failed: Failure): void {
    const { observer, clock } = this.#context;
    const refused = refusalFor(target, exchange, failed, 'malformed');
    exchange.failure = failed;
    exchange.status = refused.status;
    observer.exchangeEnded(exchange, clock.now() - exchange.startedAt);
    closeWithRefusal(client, refused, exchange.id);
  }

  #refuse(client: Socket, refused: Refusal): void {
    this.#context.observer.rejected(refused.reason, refused.status, refused.detail);
    closeWithRefusal(client, refused, '');
  }
}
