import type { Socket } from 'node:net';
import { within } from '../model/timer.ts';

/** A client connection, in whatever state it is. */
export interface OpenConnection {
  /** The data plane drains: closes now if nothing runs, else when what runs has ended. */
  close(): void;
  /** Closes at once. */
  destroy(): void;
  /** The socket has closed: lets go of everything. */
  gone(): void;
}

/** The open client connections. A connection that turns into something else (a tunnel, an upgrade) keeps its place. */
export class Connections<Http extends OpenConnection> {
  readonly #members = new Map<Socket, OpenConnection>();
  readonly #http = new Map<Socket, Http>();
  #emptied: (() => void) | undefined;

  /** Connections that are open. */
  get size(): number {
    return this.#members.size;
  }

  /** Takes a connection that speaks HTTP in, until its socket closes. */
  add(socket: Socket, connection: Http): void {
    this.#http.set(socket, connection);
    this.#members.set(socket, connection);
    socket.once('close', () => {
      const member = this.#members.get(socket);
      this.#forget(socket);
      member?.gone();
    });
  }

  /** The connection that speaks HTTP on a socket. */
  http(socket: Socket): Http | undefined {
    return this.#http.get(socket);
  }

  /** The connection on a socket no longer speaks HTTP: `member` takes its place. */
  become(socket: Socket, member: OpenConnection): void {
    this.#http.delete(socket);
    if (this.#members.has(socket)) this.#members.set(socket, member);
    else member.gone();
  }

  /** Asks all to close. */
  close(): void {
    for (const member of this.#members.values()) member.close();
  }

  /** Closes all at once. */
  destroy(): void {
    for (const member of this.#members.values()) member.destroy();
  }

  /** Waits until none is left. False where the time ran out first. */
  empty(ms: number): Promise<boolean> {
    if (this.#members.size === 0) return Promise.resolve(true);
    const emptied = new Promise<void>((resolve) => {
      this.#emptied = resolve;
    });
    return within(emptied, ms);
  }

  /** Leaves a socket out of the count: another one that stands on it has taken its place. */
  handOver(socket: Socket): void {
    this.#forget(socket);
  }

  #forget(socket: Socket): void {
    this.#http.delete(socket);
    this.#members.delete(socket);
    if (this.#members.size === 0) this.#emptied?.();
  }
}
