import { connect, type Socket } from 'node:net';
import { Exchange } from '../model/exchange.ts';
import { type Phase, STATUS_OF } from '../model/failure.ts';
import type { Resolver } from '../upstream/dns.ts';
import { failureOf, PhaseTimeout } from '../upstream/failures.ts';
import type { ParentProxy } from '../upstream/parent-proxy.ts';
import { openTunnel } from '../upstream/tunnel-dial.ts';
import { authorityOf, type HostPort } from './authority.ts';
import type { Connections, OpenConnection } from './connections.ts';
import type { ListenContext } from './context.ts';
import { closeWithRefusal, refusal } from './refusal.ts';
import { Tunnel } from './tunnel.ts';

/** How long a tunnel may take to come up, in milliseconds. */
const CONNECT_MS = 10_000;
const NOTHING = new Uint8Array(0);

/** A CONNECT to a host that is tunnelled untouched: connects (through the proxy for egress where there is one), says 200, joins. A host that cannot be reached is told as 502 or 504. */
export class Passthrough implements OpenConnection {
  readonly #client: Socket;
  readonly #head: Buffer;
  readonly #context: ListenContext;
  readonly #connections: Connections<OpenConnection>;
  readonly #exchange: Exchange;
  #upstream: Socket | undefined;
  #timer: NodeJS.Timeout | undefined;
  #phase: Phase = 'connect';
  #over = false;

  constructor(client: Socket, head: Buffer, to: HostPort, context: ListenContext, connections: Connections<OpenConnection>) {
    this.#client = client;
    this.#head = head;
    this.#context = context;
    this.#connections = connections;
    const authority = authorityOf(to, 443);
    this.#exchange = new Exchange({
      id: context.ids.next(),
      entry: 'connect',
      method: 'CONNECT',
      scheme: 'https',
      authority,
      path: '/',
      headers: [],
      startedAt: context.clock.now(),
    });
    this.#exchange.route = 'passthrough';
  }

  /** Begins to connect. */
  open(to: HostPort): void {
    const egress = this.#context.gateway().egress;
    const parent = egress?.parentFor(to.host, to.port);
    const upstream = egress === undefined || parent === undefined ? this.#dial(to) : this.#dialThrough(to, parent, egress.resolver);
    this.#upstream = upstream;
    const late = (): PhaseTimeout => new PhaseTimeout(this.#phase, 'connect', CONNECT_MS, false, parent?.name);
    this.#timer = setTimeout(() => upstream.destroy(late()), CONNECT_MS);
  }

  #dial(to: HostPort): Socket {
    const upstream = connect({ ...to, autoSelectFamily: true, allowHalfOpen: true, keepAlive: true, noDelay: true });
    const failed = (error: Error): void => this.#fail(error);
    upstream.once('error', failed);
    upstream.once('connect', () => {
      upstream.off('error', failed);
      this.#join(upstream, NOTHING);
    });
    return upstream;
  }

  #dialThrough(to: HostPort, parent: ParentProxy, resolver: Resolver): Socket {
    const watcher = { entered: (phase: Phase) => void (this.#phase = phase) };
    return openTunnel({ parent, to, resolver, watcher, allowHalfOpen: true }, (error, socket, early) => {
      if (socket === null) this.#fail(error ?? new Error('no connection'));
      else this.#join(socket, early);
    });
  }

  close(): void {}

  destroy(): void {
    this.#client.destroy();
    this.#upstream?.destroy();
  }

  gone(): void {
    clearTimeout(this.#timer);
    this.#upstream?.destroy();
    this.#end(STATUS_OF.client_closed);
  }

  /** `early`: what the host has sent already. */
  #join(upstream: Socket, early: Uint8Array): void {
    clearTimeout(this.#timer);
    const exchange = this.#exchange;
    exchange.source = 'upstream';
    const tunnel = new Tunnel(this.#client, upstream, true, (fromUpstream) => {
      exchange.bytesIn = exchange.bytesOut = fromUpstream;
      this.#end(200);
    });
    this.#client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
    this.#connections.become(this.#client, tunnel);
    tunnel.join(this.#head, early);
  }

  #fail(error: Error): void {
    clearTimeout(this.#timer);
    if (this.#over) return;
    const isLookup = (error as NodeJS.ErrnoException).syscall === 'getaddrinfo';
    const failure = failureOf(error, isLookup ? 'dns' : this.#phase, 'nothing');
    this.#exchange.failure = failure;
    this.#end(STATUS_OF[failure.code]);
    closeWithRefusal(
      this.#client,
      refusal(STATUS_OF[failure.code], 'malformed', `${this.#exchange.authority}: ${failure.detail}`, { error: failure.code, code: failure.code }),
      this.#exchange.id,
    );
  }

  #end(status: number): void {
    if (this.#over) return;
    this.#over = true;
    this.#exchange.status = status;
    this.#context.observer.exchangeEnded(this.#exchange, this.#context.clock.now() - this.#exchange.startedAt);
  }
}
