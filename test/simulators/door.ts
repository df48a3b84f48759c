import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { type Blackhole, blackhole } from './blackhole.ts';

/** A public port: open, refusing connections, or swallowing them. Keeps its number through all of it. */
export class Door implements AsyncDisposable {
  readonly port: number;
  readonly #sockets = new Set<Socket>();
  readonly #halfOpen: boolean;
  readonly #onSocket: (socket: Socket) => void;
  #server: Server | undefined;
  #hole: Blackhole | undefined;

  private constructor(server: Server, halfOpen: boolean, onSocket: (socket: Socket) => void) {
    this.#halfOpen = halfOpen;
    this.#server = server;
    this.#onSocket = onSocket;
    this.port = (server.address() as AddressInfo).port;
    this.#welcome(server);
  }

  /** Opens the port (0: any free one) on loopback. With `halfOpen` whoever takes the sockets answers FIN himself. */
  static async open(port: number, halfOpen: boolean, onSocket: (socket: Socket) => void): Promise<Door> {
    return new Door(await listen(port, halfOpen), halfOpen, onSocket);
  }

  /** Connections are refused from now on. */
  async refuse(): Promise<void> {
    await this.#shut();
  }

  /** Connection attempts hang from now on. */
  async swallow(): Promise<void> {
    // Both hold the port for a moment, so that no connection is refused in between.
    const hole = blackhole(this.port);
    await hole.listening;
    await this.#shut();
    await hole.full();
    this.#hole = hole;
  }

  /** Open again. */
  async reopen(): Promise<void> {
    const server = await listen(this.port, this.#halfOpen);
    this.#welcome(server);
    await this.#shut();
    this.#server = server;
  }

  /** Resets every connection that is open. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await this.#shut();
  }

  #welcome(server: Server): void {
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => this.#sockets.delete(socket));
      this.#onSocket(socket);
    });
  }

  async #shut(): Promise<void> {
    this.#server?.close();
    this.#server = undefined;
    await this.#hole?.[Symbol.asyncDispose]();
    this.#hole = undefined;
  }
}

async function listen(port: number, allowHalfOpen: boolean): Promise<Server> {
  const server = createServer({ allowHalfOpen, noDelay: true });
  server.listen({ port, host: '127.0.0.1', reusePort: true });
  await once(server, 'listening');
  return server;
}
