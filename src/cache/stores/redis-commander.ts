import type * as Redis from 'redis';

/** Where a Redis or Valkey is, and how it is spoken to. */
export interface RedisAddress {
  /** `redis[s]://[[username][:password]@]host[:port][/db]`; of a cluster, some of its nodes. Never shown. */
  readonly urls: readonly string[];
  readonly cluster: boolean;
  readonly connectTimeoutMs: number;
  readonly tls: RedisTls | undefined;
}

/** How a `rediss://` connection is verified; PEM texts. */
export interface RedisTls {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly servername?: string | undefined;
}

/** A word of a command. */
export type Word = string | Buffer;
/** Sends one command. Texts of the reply are buffers. */
export type Send = (words: readonly Word[]) => Promise<unknown>;

/** One Redis, or a cluster of them: what the store needs of the client library. */
export interface Commander {
  /** Sends one command about one key. */
  send(key: string, words: readonly Word[]): Promise<unknown>;
  /** Each server that holds a part of the keys. */
  servers(): Promise<readonly Send[]>;
  /** Connects in the background, and again whenever a connection was lost. Calls `ready` each time that it stands. */
  connect(ready: () => void): void;
  /** Hears a channel, over reconnections. */
  subscribe(channel: string, listener: (message: string) => void): void;
  /** Whether a server said no, rather than nothing. */
  isRefusal(error: unknown): boolean;
  destroy(): void;
}

/** Commands that wait for their reply, at most. */
const QUEUE = 10_000;
const RECONNECT_MS = 2000;

/** Makes a commander, not yet connected. The library is loaded by who configures it alone. */
export function commander(redis: typeof Redis, address: RedisAddress): Commander {
  return address.cluster ? clusterCommander(redis, address) : clientCommander(redis, address);
}

function clientOptions(address: RedisAddress) {
  const { ca, cert, key, servername } = address.tls ?? {};
  const socket = {
    connectTimeout: address.connectTimeoutMs,
    reconnectStrategy: (retries: number) => Math.min(50 * 2 ** retries, RECONNECT_MS),
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(servername === undefined ? {} : { servername }),
  };
  return { socket, disableOfflineQueue: true, commandsQueueMaxLength: QUEUE, disableClientInfo: true, maintNotifications: 'disabled' as const };
}

/** Texts come as buffers. The link has a time limit of its own; the library's would make a signal for each command. */
function commandOptions(redis: typeof Redis) {
  return { typeMapping: { [redis.RESP_TYPES.BLOB_STRING]: Buffer }, timeout: 0 };
}

function clientCommander(redis: typeof Redis, address: RedisAddress): Commander {
  const options = clientOptions(address);
  const client = redis.createClient({ ...options, url: address.urls[0] ?? '', RESP: 2 });
  const ears = redis.createClient({ ...clientOptions(address), url: address.urls[0] ?? '', RESP: 2, disableOfflineQueue: false });
  const mapped = commandOptions(redis);
  const send: Send = (words) => client.sendCommand(words, mapped);
  // every failure is also told to whoever sent a command
  client.on('error', ignore);
  ears.on('error', ignore);
  return {
    send: (_key, words) => send(words),
    servers: () => Promise.resolve([send]),
    connect: (ready) => {
      client.on('ready', ready);
      client.connect().catch(ignore);
      ears.connect().catch(ignore);
    },
    subscribe: (channel, listener) => void ears.subscribe(channel, listener).catch(ignore),
    isRefusal: (error) => error instanceof redis.ErrorReply,
    destroy: () => {
      if (client.isOpen) client.destroy();
      if (ears.isOpen) ears.destroy();
    },
  };
}

function clusterCommander(redis: typeof Redis, address: RedisAddress): Commander {
  const { socket, ...options } = clientOptions(address);
  const [first] = address.urls.map((url) => new URL(url));
  const { username, password } = first ?? { username: '', password: '' };
  const cluster = redis.createCluster({
    rootNodes: address.urls.map((url) => ({ url, socket: { ...socket } })),
    RESP: 2,
    defaults: {
      ...options,
      ...(username === '' ? {} : { username: decodeURIComponent(username) }),
      ...(password === '' ? {} : { password: decodeURIComponent(password) }),
      socket: first?.protocol === 'rediss:' ? { ...socket, tls: true } : socket,
    },
  });
  const mapped = commandOptions(redis);
  cluster.on('error', ignore);
  const connect = (ready: () => void): void => {
    cluster
      .connect()
      .then(ready)
      .catch(() => {
        if (!destroyed) timer = setTimeout(() => connect(ready), RECONNECT_MS);
      });
  };
  let timer: NodeJS.Timeout | undefined;
  let destroyed = false;
  let hear: (() => void) | undefined;
  return {
    send: (key, words) => cluster.sendCommand(key, false, [...words], mapped),
    servers: async () => {
      const clients = await Promise.all(cluster.masters.map((master) => cluster.nodeClient(master)));
      return clients.map((client) => (words) => client.sendCommand(words, mapped));
    },
    connect: (ready) =>
      connect(() => {
        hear?.();
        ready();
      }),
    subscribe: (channel, listener) => {
      hear = () => void cluster.subscribe(channel, listener).catch(ignore);
    },
    isRefusal: (error) => error instanceof redis.ErrorReply,
    destroy: () => {
      destroyed = true;
      clearTimeout(timer);
      if (cluster.isOpen) cluster.destroy();
    },
  };
}

const ignore = (): void => undefined;
