import { connect, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { closed, opened, portOf } from './servers.ts';

/** What a proxy does with a CONNECT: the tunnel that is asked for, or a fault. */
export type Conduct = (socket: Socket, tunnel: () => void) => void;

/** Opens the tunnel that is asked for. */
export const obliging: Conduct = (_socket, tunnel) => tunnel();
/** Answers with this, whatever is asked for, and leaves the connection open. */
export const answering =
  (text: string): Conduct =>
  (socket) =>
    void socket.write(text);

/** A small CONNECT proxy as company networks have one. It knows where every name is, and has the faults that a test asks for. */
export class ParentProxyServer implements AsyncDisposable {
  /** Heads of the requests, as they came. */
  readonly heads: string[] = [];
  /** Bytes that came inside tunnels, and before one stood after the head. */
  inside = 0;
  /** What it does from the next CONNECT on. */
  conduct: Conduct = obliging;
  /** What it says to a CONNECT that it grants. */
  greeting = 'HTTP/1.1 200 Connection established\r\nVia: 1.1 corp\r\nContent-Length: 5\r\n\r\n';
  readonly #sockets = new Set<Socket>();
  /** What ends a connection without tunnel when its client does. */
  readonly #leaving = new WeakMap<Socket, () => unknown>();
  readonly #server: Server;
  readonly #hosts: Readonly<Record<string, number>>;
  readonly port: number;

  private constructor(server: Server, hosts: Readonly<Record<string, number>>) {
    this.#server = server;
    this.#hosts = hosts;
    this.port = portOf(server);
  }

  /** `hosts`: the port of 127.0.0.1 at which each `host:port` is. With `tls` it is spoken to over TLS. */
  static async start(hosts: Readonly<Record<string, number>>, tls?: { readonly cert: string; readonly key: string }): Promise<ParentProxyServer> {
    const accept = (socket: Socket): void => proxy.#serve(socket);
    const server = tls === undefined ? createServer({ allowHalfOpen: true }, accept) : createTlsServer(tls, accept);
    await opened(server);
    const proxy = new ParentProxyServer(server, hosts);
    server.on('tlsClientError', () => undefined).on('connection', (socket: Socket) => proxy.#sockets.add(socket));
    return proxy;
  }

  /** Its URL, with what may stand before an @ in it. */
  url(user = '', scheme = 'http', host = '127.0.0.1'): string {
    return `${scheme}://${user === '' ? '' : `${user}@`}${host}:${this.port}`;
  }

  /** What each CONNECT was for. */
  get asked(): string[] {
    return this.heads.map((head) => head.split(' ')[1] ?? '');
  }

  /** Connections that stand. */
  get open(): number {
    return [...this.#sockets].filter((socket) => !socket.destroyed).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await closed(this.#server);
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    let read = Buffer.alloc(0);
    const take = (piece: Buffer): void => {
      read = Buffer.concat([read, piece]);
      const end = read.indexOf('\r\n\r\n');
      if (end < 0) return;
      socket.off('data', take);
      this.heads.push(read.subarray(0, end).toString('latin1'));
      this.inside += read.length - end - 4;
      socket.on('data', (bytes: Buffer) => (this.inside += bytes.length));
      this.conduct(socket, () => this.#tunnel(socket));
    };
    socket.on('data', take);
    const leave = (): unknown => socket.end();
    socket.once('end', leave);
    this.#leaving.set(socket, leave);
  }

  /** Resets every connection that stands. */
  reset(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  #tunnel(socket: Socket): void {
    const port = this.#hosts[this.asked.at(-1) ?? ''];
    if (port === undefined) return void socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\nno such host');
    const onward = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    this.#sockets.add(onward);
    socket.off('end', this.#leaving.get(socket) ?? ignore);
    onward.on('error', () => socket.destroy());
    onward.once('connect', () => {
      socket.write(this.greeting);
      socket.pipe(onward).pipe(socket);
    });
    socket.once('close', () => onward.destroy());
  }
}

function ignore(): void {}
