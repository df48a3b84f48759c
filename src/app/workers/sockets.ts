import net, { type AddressInfo, createServer } from 'node:net';
import type { UpstreamPort } from '../../listen/data-plane.ts';
import type { BoundSocket, ListenAddress } from '../../listen/ports.ts';

/** A socket of libuv, bound and not listening: Node has no other way to hold one without accepting on it. */
interface RawSocket {
  getsockname(address: Partial<AddressInfo>): number;
  close(): void;
}

type MakeSocket = (address: string, port: number, family: 4 | 6, fd: null, flags: number) => RawSocket | number;

const { _createServerHandle: makeSocket } = net as unknown as { readonly _createServerHandle: MakeSocket };

/** libuv's flag for SO_REUSEPORT with balancing; where the system has none (only Linux and some BSDs do) all workers share one socket. */
const REUSEPORT = process.platform === 'linux' ? 2 : 0;

interface Held {
  readonly asked: UpstreamPort;
  /** What it became. */
  readonly address: ListenAddress;
  readonly sockets: readonly RawSocket[];
}

/**
 * Holds the listening sockets of all workers: one for each worker and address, among which the kernel spreads new connections. They stay open when a worker dies, with the
 * connections that wait in them, until another worker accepts those.
 */
export class Sockets {
  readonly #count: number;
  readonly #held = new Map<string, Promise<Held>>();

  constructor(count: number) {
    this.#count = count;
  }

  /** The socket of a worker for an address, opened for all workers when first asked for. Rejects where the address cannot be had, with a message that names it. */
  async of(asked: UpstreamPort, index: number): Promise<BoundSocket> {
    const key = keyOf(asked);
    let held = this.#held.get(key);
    if (held === undefined) {
      held = this.#open(asked);
      this.#held.set(key, held);
      held.catch(() => this.#held.delete(key));
    }
    return (await held).sockets[index] as BoundSocket;
  }

  /** What an address became that is held: its port where any was asked for. */
  async addressOf(asked: UpstreamPort): Promise<ListenAddress | undefined> {
    return (await this.#held.get(keyOf(asked)))?.address;
  }

  /** Addresses that are held. */
  async addresses(): Promise<UpstreamPort[]> {
    return (await Promise.all(this.#held.values())).map(({ asked }) => asked);
  }

  /** Lets go of all addresses that are not among these. */
  async keep(wanted: readonly UpstreamPort[]): Promise<void> {
    const keys = new Set(wanted.map(keyOf));
    for (const [key, held] of this.#held) {
      if (keys.has(key)) continue;
      this.#held.delete(key);
      for (const socket of new Set((await held).sockets)) socket.close();
    }
  }

  async #open(asked: UpstreamPort): Promise<Held> {
    const { address, port, family } = await tried(asked);
    const first = made(address, port, family);
    const others = Array.from({ length: this.#count - 1 }, () => (REUSEPORT === 0 ? first : made(address, port, family)));
    return { asked, address: { host: address, port }, sockets: [first, ...others] };
  }
}

/** Two upstreams may both ask for any free port. */
function keyOf({ upstream, host, port }: UpstreamPort): string {
  return `${upstream} ${host} ${port}`;
}

function made(address: string, port: number, family: string): RawSocket {
  const socket = makeSocket(address, port, family === 'IPv6' ? 6 : 4, null, REUSEPORT);
  if (typeof socket === 'number') throw new Error(`cannot listen on ${address}:${port}: error ${socket}`);
  return socket;
}

/** Listens for a moment without sharing: another program on the port, even one that shares it, is found out. */
function tried({ host, port }: ListenAddress): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(new Error(`cannot listen on ${host}:${port}: ${error.code === 'EADDRINUSE' ? 'the port is taken' : error.message}`, { cause: error }));
    });
    server.listen({ host, port }, () => {
      const address = server.address() as AddressInfo;
      server.close(() => resolve(address));
    });
  });
}
