import type * as Redis from 'redis';
import { ignore, nodeOptions, type RedisAddress } from './redis-commander.ts';

/** Where a server of a cluster is. */
export interface ServerAddress {
  readonly host: string;
  readonly port: number;
}

type Client = ReturnType<typeof Redis.createClient>;

/** How long after it was lost. */
const AGAIN_MS = 250;

/**
 * Hears channels on one server of a cluster, which carry what is said to each other, and on another as soon as that one is lost. The library's own listener may wait for
 * ever for a server that it has never reached.
 */
export class Ears {
  readonly #redis: typeof Redis;
  readonly #address: RedisAddress;
  readonly #places: () => readonly ServerAddress[];
  readonly #channels: (readonly [channel: string, listener: (message: string) => void])[] = [];
  #at: ServerAddress | undefined;
  #client: Client | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** `places`: the servers that can be reached. */
  constructor(redis: typeof Redis, address: RedisAddress, places: () => readonly ServerAddress[]) {
    this.#redis = redis;
    this.#address = address;
    this.#places = places;
  }

  /** Hears one more channel, from the next `listen` on. */
  hear(channel: string, listener: (message: string) => void): void {
    this.#channels.push([channel, listener]);
  }

  /** Listens, and elsewhere where the server that is listened to is no longer one of them. */
  listen(): void {
    const places = this.#places();
    if (this.#client !== undefined && places.some((place) => isSame(place, this.#at))) return;
    const next = places.find((place) => !isSame(place, this.#at)) ?? places[0];
    if (next === undefined) return;
    this.destroy();
    this.#at = next;
    this.#client = this.#listening(next);
  }

  destroy(): void {
    clearTimeout(this.#timer);
    if (this.#client?.isOpen === true) this.#client.destroy();
    this.#client = undefined;
  }

  #listening({ host, port }: ServerAddress): Client {
    const { socket, ...options } = nodeOptions(this.#address);
    const client = this.#redis.createClient({
      ...options,
      socket: { ...socket, host, port, reconnectStrategy: () => false },
      RESP: 2,
      disableOfflineQueue: false,
    }) as Client;
    client.on('error', ignore);
    client.on('terminated', () => this.#lost(client));
    for (const [channel, listener] of this.#channels) void client.subscribe(channel, listener).catch(ignore);
    client.connect().catch(ignore);
    return client;
  }

  #lost(client: Client): void {
    if (client !== this.#client) return;
    this.#client = undefined;
    this.#timer = setTimeout(() => this.listen(), AGAIN_MS);
  }
}

const isSame = (a: ServerAddress, b: ServerAddress | undefined): boolean => a.host === b?.host && a.port === b.port;
