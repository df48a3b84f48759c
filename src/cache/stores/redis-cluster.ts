import slotOfKey from 'cluster-key-slot';
import type * as Redis from 'redis';
import { within } from '../../model/timer.ts';
import { clientOptions, type Commander, commandOptions, ignore, nodeOptions, type RedisAddress, type Send } from './redis-commander.ts';
import { Ears, type ServerAddress } from './redis-ears.ts';

/** After a connection was lost, the servers are asked again who holds what. */
const REFRESH_MS = 1000;
/** How long a server may be away before all is connected anew, from the addresses of the configuration. */
const RENEW_MS = 5000;
/** Tries to connect, each in so many time limits of a connection: a server that accepts and says nothing would hold it up for ever. */
const CONNECTING = 4;
const RETRY_MS = 1000;

type Cluster = ReturnType<typeof makeCluster>;
type Master = Cluster['masters'][number];

/**
 * Speaks to a cluster; not yet connected. Whose server is away is told at once, and the others go on; but all wait for the server of `vitalKey`. What the cluster says of
 * itself is asked again after each lost connection, and whenever a server says that it is not the one.
 */
export function clusterCommander(redis: typeof Redis, address: RedisAddress, vitalKey: string): Commander {
  return new ClusterCommander(redis, address, vitalKey);
}

class ClusterCommander implements Commander {
  readonly #redis: typeof Redis;
  readonly #address: RedisAddress;
  readonly #mapped: ReturnType<typeof commandOptions>;
  readonly #vitalSlot: number;
  readonly #ears: Ears;
  #cluster: Cluster | undefined;
  /** The last error in finding out what there is. */
  #reason = 'no server of the cluster has answered yet';
  #joined: () => void = ignore;
  #renewing = false;
  #timer: NodeJS.Timeout | undefined;
  #destroyed = false;

  constructor(redis: typeof Redis, address: RedisAddress, vitalKey: string) {
    this.#redis = redis;
    this.#address = address;
    this.#mapped = commandOptions(redis);
    this.#vitalSlot = slotOfKey(vitalKey);
    this.#ears = new Ears(redis, address, () => this.#masters().filter(isReady));
  }

  send(key: string, words: readonly (string | Buffer)[]): Promise<unknown> {
    const slot = slotOfKey(key);
    const cluster = this.#cluster;
    const master = cluster?.slots[slot]?.master;
    if (cluster !== undefined && master !== undefined && isReady(master)) return cluster.sendCommand(key, false, [...words], this.#mapped);
    if (master !== undefined && master.client === undefined) cluster?.nodeClient(master).catch(ignore);
    this.#watch();
    return Promise.reject(new Error(master === undefined ? this.#reason : `${master.address} is not there`));
  }

  servers(): Promise<readonly Send[]> {
    const clients = this.#masters().flatMap(({ client }) => (client?.isReady === true ? [client] : []));
    return Promise.resolve(clients.map((client) => (words) => client.sendCommand(words, this.#mapped)));
  }

  connect(joined: () => void): void {
    this.#joined = joined;
    void this.#renew();
  }

  subscribe(channel: string, listener: (message: string) => void): void {
    this.#ears.hear(channel, listener);
  }

  isTolerable(error: unknown): boolean {
    const vital = this.#vital;
    return error instanceof this.#redis.ErrorReply || (vital !== undefined && isReady(vital));
  }

  destroy(): void {
    this.#destroyed = true;
    clearTimeout(this.#timer);
    this.#ears.destroy();
    if (this.#cluster?.isOpen === true) this.#cluster.destroy();
  }

  get #vital(): Master | undefined {
    return this.#cluster?.slots[this.#vitalSlot]?.master;
  }

  #masters(): readonly Master[] {
    return this.#cluster?.masters ?? [];
  }

  /** Looks later whether all are there. The library asks anew for servers that it has been connected to and lost, and for no others. */
  #watch(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      if (!this.#masters().every(isReady)) void this.#renew();
    }, RENEW_MS);
  }

  /** Connects anew, and uses that once it stands; until then what there was. */
  async #renew(): Promise<void> {
    if (this.#renewing) return;
    this.#renewing = true;
    const next = makeCluster(this.#redis, this.#address);
    next.on('error', (error: unknown) => {
      this.#reason = error instanceof Error ? error.message : String(error);
    });
    const isOurs = await connected(next, this.#address.connectTimeoutMs);
    this.#renewing = false;
    if (this.#destroyed || !isOurs) {
      if (next.isOpen) next.destroy();
      if (!this.#destroyed) this.#again();
      return;
    }
    const last = this.#cluster;
    this.#cluster = next;
    next.on('node-ready', ({ host, port }: ServerAddress) => {
      if (this.#vital?.host === host && this.#vital.port === port) this.#joined();
      this.#ears.listen();
    });
    this.#joined();
    this.#ears.listen();
    last?.destroy();
  }

  #again(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#renew();
    }, RETRY_MS);
  }
}

function makeCluster(redis: typeof Redis, address: RedisAddress) {
  const { socket } = clientOptions(address);
  return redis.createCluster({
    rootNodes: address.urls.map((url) => ({ url, socket: { ...socket } })),
    RESP: 2,
    defaults: nodeOptions(address),
    // else who connects while one server is away waits for that one
    minimizeConnections: true,
    topologyRefreshOnReconnectionAttemptStrategy: REFRESH_MS,
  });
}

const isReady = ({ client }: Master): boolean => client?.isReady === true;

/** Connects, and waits for the servers that answer in time. False where none tells what there is. */
async function connected(cluster: Cluster, connectTimeoutMs: number): Promise<boolean> {
  const all = async (): Promise<void> => {
    await cluster.connect();
    const clients = cluster.masters.map((master) => cluster.nodeClient(master));
    await within(Promise.allSettled(clients), connectTimeoutMs);
  };
  await within(Promise.allSettled([all()]), connectTimeoutMs * CONNECTING);
  return cluster.isReady;
}
