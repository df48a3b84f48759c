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
  /** Each server that holds a part of the keys and can be reached. */
  servers(): Promise<readonly Send[]>;
  /**
   * Connects in the background, and again whenever a connection was lost. Calls `joined` each time that one stands on which all depends: another server may be behind it,
   * which knows less.
   */
  connect(joined: () => void): void;
  /** Hears a channel, over reconnections. */
  subscribe(channel: string, listener: (message: string) => void): void;
  /** Whether the link is none the worse for an error just now: a server said no, rather than nothing, or one of several is away that the others can do without. */
  isTolerable(error: unknown): boolean;
  /** Why there is no connection, where the library has said so. */
  readonly trouble?: string | undefined;
  destroy(): void;
}

/** Commands that wait for their reply, at most. */
const QUEUE = 10_000;
const RECONNECT_MS = 2000;

/** Options of every connection, but where it goes. */
export function clientOptions(address: RedisAddress) {
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

/** Options of every connection to a server of a cluster, whose address the cluster tells: the login and the trust of the first that is configured. */
export function nodeOptions(address: RedisAddress) {
  const { socket, ...options } = clientOptions(address);
  const { username, password, protocol } = new URL(address.urls[0] ?? 'redis://none');
  return {
    ...options,
    ...(username === '' ? {} : { username: decodeURIComponent(username) }),
    ...(password === '' ? {} : { password: decodeURIComponent(password) }),
    socket: protocol === 'rediss:' ? { ...socket, tls: true as const } : socket,
  };
}

/** Texts come as buffers. The link has a time limit of its own; the library's would make a signal for each command. */
export function commandOptions(redis: typeof Redis) {
  return { typeMapping: { [redis.RESP_TYPES.BLOB_STRING]: Buffer }, timeout: 0 };
}

/** Speaks to one server; not yet connected. The library is loaded by who configures it alone. */
export function clientCommander(redis: typeof Redis, address: RedisAddress): Commander {
  const options = clientOptions(address);
  const client = redis.createClient({ ...options, url: address.urls[0] ?? '', RESP: 2 });
  const ears = redis.createClient({ ...clientOptions(address), url: address.urls[0] ?? '', RESP: 2, disableOfflineQueue: false });
  const mapped = commandOptions(redis);
  const send: Send = (words) => client.sendCommand(words, mapped);
  let misplaced: Error | undefined;
  let trouble: string | undefined;
  // every failure is also told to whoever sent a command, but not that of a connection that never stood
  client.on('error', (error: unknown) => {
    trouble = messageOf(error);
  });
  client.on('ready', () => {
    trouble = undefined;
  });
  ears.on('error', ignore);
  return {
    send: (_key, words) => send(words),
    servers: () => (misplaced === undefined ? Promise.resolve([send]) : Promise.reject(misplaced)),
    connect: (joined) => {
      client.on('ready', joined);
      client.connect().catch(ignore);
      ears.connect().catch(ignore);
    },
    subscribe: (channel, listener) => void ears.subscribe(channel, listener).catch(ignore),
    isTolerable: (error) => {
      // a part of the keys would be found, and nobody would see what is wrong
      if (error instanceof redis.ErrorReply && error.message.startsWith('MOVED ')) misplaced ??= error;
      return error instanceof redis.ErrorReply && error !== misplaced;
    },
    get trouble() {
      return trouble;
    },
    destroy: () => {
      if (client.isOpen) client.destroy();
      if (ears.isOpen) ears.destroy();
    },
  };
}

/** Where a name has several addresses, each has failed by itself. */
function messageOf(error: unknown): string {
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  return first instanceof Error ? first.message || first.name : String(first);
}

/** For what is told elsewhere too. */
export const ignore = (): void => undefined;
