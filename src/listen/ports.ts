import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { type HostPort, isLoopback } from './authority.ts';
import type { Door } from './door.ts';

/** An address to listen on; port 0 takes any free one. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** Whether a host and port lead to a port that listens there: by its own host, or by a name of this machine. */
export function leadsTo(address: ListenAddress, { host, port }: HostPort): boolean {
  return address.port === port && (isLoopback(host) || host === address.host);
}

/** A socket that another process has bound, as it came from there. */
export type BoundSocket = object;

/** A port that listens. */
export interface OpenPort<D extends Door = Door> {
  readonly door: D;
  /** What was asked for. */
  readonly asked: ListenAddress;
  /** What it became. */
  readonly address: ListenAddress;
  /** Stops accepting, at once. Connections that are open stay. */
  close(): void;
}

/** Opens a port. Rejects where the address cannot be had, with a message that names it. `bound`: its socket, where it is there already. */
export async function openPort<D extends Door>(
  asked: ListenAddress,
  door: D,
  accept: (socket: Socket, door: D) => void,
  bound?: BoundSocket,
): Promise<OpenPort<D>> {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => accept(socket, door));
  await listen(server, asked, bound);
  const { address: host, port } = server.address() as AddressInfo;
  return { door, asked, address: { host, port }, close: () => void server.close() };
}

function listen(server: Server, { host, port }: ListenAddress, bound: BoundSocket | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(new Error(`cannot listen on ${host}:${port}: ${error.code === 'EADDRINUSE' ? 'the port is taken' : error.message}`, { cause: error }));
    });
    if (bound === undefined) server.listen({ host, port }, resolve);
    else server.listen(bound, resolve);
  });
}
