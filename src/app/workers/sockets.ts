import { lookup } from 'node:dns/promises';
import net, { type AddressInfo, createServer } from 'node:net';
import { getSystemErrorName } from 'node:util';
import type { BoundSocket, ListenAddress } from '../../listen/ports.ts';
import { addressKey, partsOf, type UpstreamPort } from '../../listen/upstream-ports.ts';

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
  readonly opened: Promise<Opened>;
}

interface Opened {
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
  readonly #held = new Map<string, Held>();
  /** Addresses that are held beside those of the configuration: parts of these, which have been there before. */
  kept: readonly UpstreamPort[] = [];

  constructor(count: number) {
    this.#count = count;
  }

  /** The socket of a worker for an address, opened for all workers when first asked for. Rejects where the address cannot be had, with a message that names it. */
  async of(asked: UpstreamPort, index: number): Promise<BoundSocket> {
    const key = addressKey(asked);
    let held = this.#held.get(key);
    if (held === undefined) {
      held = { asked, opened: this.#open(asked) };
      this.#held.set(key, held);
      held.opened.catch(() => this.#held.delete(key));
    }
    return (await held.opened).sockets[index] as BoundSocket;
  }

  /** What an address became that is held: its port where any was asked for. */
  async addressOf(asked: UpstreamPort): Promise<ListenAddress | undefined> {
    return (await this.#held.get(addressKey(asked))?.opened)?.address;
  }

  /** Addresses that are held. */
  get addresses(): UpstreamPort[] {
    return [...this.#held.values()].map(({ asked }) => asked);
  }

  /** Lets go of all addresses that are neither among these nor a part of one. */
  async keep(wanted: readonly UpstreamPort[]): Promise<void> {
    this.kept = partsOf(wanted, this.addresses);
    const keys = new Set([...wanted, ...this.kept].map(addressKey));
    for (const [key, { opened }] of this.#held) {
      if (keys.has(key)) continue;
      this.#held.delete(key);
      for (const socket of new Set((await opened).sockets)) socket.close();
    }
  }

  /** Whether an upstream has the port on another address, from which a reload moves it: both are held until the new one serves, so that nothing is refused meanwhile. */
  async #moves({ upstream, port }: UpstreamPort): Promise<boolean> {
    if (REUSEPORT === 0 || upstream === '') return false;
    const own = [...this.#held.values()].filter(({ asked }) => asked.upstream !== '');
    const others = await Promise.allSettled(own.map(({ opened }) => opened));
    return others.some((other) => other.status === 'fulfilled' && other.value.address.port === port);
  }

  async #open(asked: UpstreamPort): Promise<Opened> {
    const { address, port, family } = (await this.#moves(asked)) ? await resolved(asked) : await tried(asked);
    const first = made(address, port, family);
    const others = Array.from({ length: this.#count - 1 }, () => (REUSEPORT === 0 ? first : made(address, port, family)));
    return { address: { host: address, port }, sockets: [first, ...others] };
  }
}

/** An address as numbers, for a port that is ours. */
async function resolved({ host, port }: ListenAddress): Promise<AddressInfo> {
  const { address, family } = await lookup(host);
  return { address, port, family: family === 6 ? 'IPv6' : 'IPv4' };
}

function made(address: string, port: number, family: string): RawSocket {
  const socket = makeSocket(address, port, family === 'IPv6' ? 6 : 4, null, REUSEPORT);
  if (typeof socket === 'number') throw notHad({ host: address, port }, getSystemErrorName(socket));
  // libuv tells of a port that is taken only when it is asked further
  const error = socket.getsockname({});
  if (error === 0) return socket;
  socket.close();
  throw notHad({ host: address, port }, getSystemErrorName(error));
}

function notHad({ host, port }: ListenAddress, why: string, cause?: Error): Error {
  return new Error(`cannot listen on ${host}:${port}: ${why === 'EADDRINUSE' ? 'the port is taken' : why}`, { cause });
}

/** Listens for a moment without sharing: another program on the port, even one that shares it, is found out. */
function tried({ host, port }: ListenAddress): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(notHad({ host, port }, error.code === 'EADDRINUSE' ? error.code : error.message, error));
    });
    server.listen({ host, port }, () => {
      const address = server.address() as AddressInfo;
      server.close(() => resolve(address));
    });
  });
}
