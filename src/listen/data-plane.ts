import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '../model/clock.ts';
import type { Observer } from '../model/events.ts';
import type { Gateway } from '../route/gateway.ts';
import type { CertificateAuthority } from '../tls/authority.ts';
import { Alarms } from '../upstream/alarms.ts';
import { AnswerBatch } from './answer-batch.ts';
import type { HostPort } from './authority.ts';
import { refusalOf } from './client-error.ts';
import { ConnectHandler } from './connect.ts';
import { ClientConnection } from './connection.ts';
import { Connections } from './connections.ts';
import type { ListenContext, ListenLimits } from './context.ts';
import type { Door } from './door.ts';
import { httpServer } from './http-server.ts';
import type { InterceptionParts } from './interception.ts';
import { type BoundSocket, type ListenAddress, leadsTo, type OpenPort, openPort } from './ports.ts';
import { closeWithRefusal, FAULT, refusal } from './refusal.ts';
import { HeadReader } from './request-head.ts';
import { RequestIds } from './request-ids.ts';
import { Turn } from './turn.ts';
import { UpgradeHandler } from './upgrades.ts';
import { type UpstreamPort, UpstreamPorts } from './upstream-ports.ts';

/** What the data plane needs. */
export interface DataPlaneOptions {
  readonly listen: ListenAddress;
  /** One port per upstream with `listen:`. */
  readonly ports: readonly UpstreamPort[];
  /** The upstreams of the running configuration; each request asks once, so that a reload takes effect with the next. */
  readonly gateway: () => Gateway;
  readonly limits: ListenLimits;
  readonly observer: Observer;
  readonly clock: Clock;
  /** Gives the socket of an address, where another process holds it; absent: the address is opened here. */
  readonly socketOf?: (asked: UpstreamPort) => Promise<BoundSocket>;
  /** Told of the length of each piece of a body, in either direction: of the memory that is no longer needed. */
  readonly passed?: (bytes: number) => void;
  /** In whose name hosts are intercepted: asked for when the first one is, and each time again, so it should remember its answer. */
  readonly authority: () => Promise<CertificateAuthority>;
}

/** Protocols that are offered inside TLS. HTTP/2 is not: some clients take it whenever it is offered. */
const ALPN = ['http/1.1'];

/** Opens the ports and serves. Rejects where an address cannot be had; nothing is left open then. */
export async function startDataPlane(options: DataPlaneOptions): Promise<DataPlane> {
  const plane = new DataPlane(options);
  try {
    await plane.open();
  } catch (error) {
    await plane.close();
    throw error;
  }
  return plane;
}

/** Everything that clients connect to: the main port and the upstreams' own. */
export class DataPlane {
  readonly #options: DataPlaneOptions;
  readonly #context: ListenContext;
  readonly #http: Server;
  readonly #connections = new Connections<ClientConnection>();
  #main: OpenPort | undefined;
  readonly #ports: UpstreamPorts;
  readonly #covers: OpenPort[] = [];
  #draining = false;

  constructor(options: DataPlaneOptions) {
    this.#options = options;
    this.#ports = new UpstreamPorts((asked, address, door) => this.#openPort(asked, address, door), options.socketOf !== undefined);
    const { gateway, limits, observer, clock, passed = () => undefined } = options;
    const isOwn = (to: HostPort): boolean => this.#isOwn(to);
    const own = { heads: new HeadReader(), ids: new RequestIds(), batch: new AnswerBatch(clock), alarms: new Alarms(clock) };
    this.#context = { gateway, limits, observer, clock, passed, isOwn, draining: () => this.#draining, ...own };
    const connect = new ConnectHandler({
      context: this.#context,
      connections: this.#connections,
      authority: options.authority,
      interception: this.#interception(),
    });
    const upgrades = new UpgradeHandler(this.#context, this.#connections);
    this.#http = httpServer(limits, {
      request: (request, response, expectsContinue) => this.#request(request, response, expectsContinue),
      expectation: ({ socket }) => this.#connections.http(socket)?.refuse(refusal(417, 'malformed', 'only Expect: 100-continue is known')),
      connect: (request, socket, head) => this.#handOver(connect, request, socket, head),
      upgrade: (request, socket, head) => this.#handOver(upgrades, request, socket, head),
      clientError: (error, socket) => this.#clientError(error, socket),
    });
  }

  /** The main port: where the prefixes and the forward proxy are. */
  get address(): ListenAddress {
    return this.#main?.address ?? this.#options.listen;
  }

  /** The upstreams' own ports. */
  get ports(): UpstreamPort[] {
    return this.#ports.open.map(({ door, address }) => ({ upstream: door.upstream, ...address }));
  }

  /** Client connections that are open, tunnels included. */
  get connections(): number {
    return this.#connections.size;
  }

  /** Opens the ports of the options. */
  async open(): Promise<void> {
    const { listen } = this.#options;
    this.#main = await this.#openPort({ upstream: '', ...listen }, listen, { kind: 'main' });
    await this.setPorts(this.#options.ports);
  }

  /**
   * Makes the upstreams' ports those of a new configuration. A port whose address stays is kept with what waits at it, whichever upstream it leads to now. Rejects, changing nothing, where
   * one cannot be had.
   */
  setPorts(wanted: readonly UpstreamPort[]): Promise<void> {
    return this.#ports.set(wanted);
  }

  /** Accepts on one more socket of a port that is open, whose process has died, until `uncover`. */
  async cover(asked: UpstreamPort, bound: BoundSocket): Promise<void> {
    const own = asked.upstream === '' ? this.#main : this.#ports.find(asked);
    if (own === undefined || this.#draining) return;
    this.#covers.push(await openPort(own.asked, own.door, this.#accept, bound));
  }

  /** Accepts on its own sockets alone. */
  uncover(): void {
    for (const port of this.#covers.splice(0)) port.close();
  }

  /**
   * Stops accepting, closes idle connections and lets what runs finish, for `ms` milliseconds at most; then closes the rest. True if nothing had to be cut.
   */
  async drain(ms: number): Promise<boolean> {
    this.#draining = true;
    this.#stopAccepting();
    this.#connections.close();
    const clean = await this.#connections.empty(ms);
    await this.close();
    return clean;
  }

  /** Closes everything at once. */
  async close(): Promise<void> {
    this.#draining = true;
    this.#stopAccepting();
    this.#http.close();
    this.#connections.destroy();
    await this.#connections.empty(Infinity);
    this.#context.alarms.close();
  }

  async #openPort<D extends Door>(asked: UpstreamPort, address: ListenAddress, door: D): Promise<OpenPort<D>> {
    return openPort(address, door, this.#accept, await this.#options.socketOf?.(asked));
  }

  #stopAccepting(): void {
    this.uncover();
    this.#main?.close();
    for (const port of this.#ports.open) port.close();
  }

  readonly #accept = (socket: Socket, door: Door): void => {
    this.#speakHttp(socket, socket, door);
  };

  /** The place for HTTP/2: what is spoken on a socket can be told by its first bytes, or by ALPN in a tunnel, before it is given to the HTTP/1.1 server. */
  #speakHttp(socket: Socket, raw: Socket, door: Door): void {
    this.#connections.add(socket, new ClientConnection(socket, raw, door, this.#context));
    this.#http.emit('connection', socket);
  }

  #interception(): InterceptionParts {
    const { limits, observer } = this.#options;
    return {
      alpn: ALPN,
      handshakeMs: limits.requestTimeoutMs || Infinity,
      speak: (socket, raw, door) => {
        this.#speakHttp(socket, raw, door);
        if (socket !== raw) this.#connections.handOver(raw);
      },
      failed: (detail) => observer.rejected('tls', 0, detail),
    };
  }

  #handOver(handler: ConnectHandler | UpgradeHandler, request: IncomingMessage, socket: Socket, head: Buffer): void {
    const connection = this.#connections.http(socket);
    if (connection === undefined) return void socket.destroy();
    connection.takeLast(() => {
      try {
        handler.handle(request, socket, head, connection);
      } catch (error) {
        this.#options.observer.internalError(error);
        closeWithRefusal(socket, FAULT, '');
      }
    });
  }

  #request(request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void {
    const connection = this.#connections.http(request.socket);
    connection?.take(new Turn(connection, request, response, this.#context, expectsContinue));
  }

  #clientError(error: Error, socket: Socket): void {
    const refused = refusalOf(error, this.#options.limits);
    const connection = this.#connections.http(socket);
    if (refused === undefined || connection === undefined) socket.destroy();
    else connection.refuse(refused);
  }

  #isOwn(to: HostPort): boolean {
    const open = this.#main === undefined ? this.#ports.open : [this.#main, ...this.#ports.open];
    return open.some(({ address }) => leadsTo(address, to));
  }
}
