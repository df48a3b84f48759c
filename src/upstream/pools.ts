import type { SecureContext } from 'node:tls';
import type { UpstreamConfig } from '../config/schema.ts';
import { DEFAULT_TIMEOUTS } from '../config/effective.ts';
import { type Clock, systemClock } from '../model/clock.ts';
import type { Exchange } from '../model/exchange.ts';
import { type AddressConfig, Addresses } from './addresses.ts';
import type { Resolver } from './dns.ts';
import type { DialSettings } from './dial.ts';
import type { AttemptLimits } from './limits.ts';
import { ConnectionPool } from './pool.ts';
import { contextOf, readTls, type TlsMaterial } from './secure-context.ts';

/** Pools of one upstream that are kept at once: a pattern such as `*.example.com` can name no end of hosts. */
const MAX_POOLS = 64;
/** How long a connection takes requests where the configuration does not say, in milliseconds. */
const MAX_AGE_MS = 300_000;

/** What pools are made of: nothing else of an upstream's settings matters to its connections. */
export type PoolsConfig = Pick<UpstreamConfig, 'origin' | 'tls' | 'pool'> & AddressConfig;

/** The connections of one upstream: a pool for each of its hosts, made when first asked for. */
export class UpstreamPools {
  /** Tells what they are made of, the content of files included, from other such. */
  readonly fingerprint: string;
  readonly #config: PoolsConfig;
  readonly #addresses: Addresses;
  readonly #resolver: Resolver;
  readonly #clock: Clock;
  /** Made with the first TLS connection: the roots of a context cost time and memory. */
  #context: SecureContext | undefined;
  readonly #material: TlsMaterial;
  readonly #pools = new Map<string, ConnectionPool>();
  #last: { readonly key: string; readonly pool: ConnectionPool } | undefined;

  constructor({ origin, resolve, tls, pool, egress }: PoolsConfig, resolver: Resolver, clock: Clock = systemClock) {
    const config = { origin, resolve, tls, pool };
    this.#config = config;
    this.#addresses = new Addresses({ resolve, egress });
    this.#clock = clock;
    this.#resolver = resolver;
    // read now, so that a file that is not there is told at the start, and so is a certificate that does not fit its key
    this.#material = readTls(tls);
    if (this.#material.cert !== undefined) this.#context = contextOf(this.#material);
    this.fingerprint = JSON.stringify([config, this.#material, this.#addresses.egress?.fingerprint]);
  }

  /** These very pools for settings that make the same, so that their connections stay; new ones for others. Nothing happens to these either way: who goes on with them says so to whoever would close them. */
  successor(config: PoolsConfig): UpstreamPools {
    const others = new UpstreamPools(config, this.#resolver, this.#clock);
    return others.fingerprint === this.fingerprint ? this : others;
  }

  /** The pool for a host; `scheme` says whether it is spoken to over TLS. */
  readonly poolFor = (authority: string, scheme: 'http' | 'https'): ConnectionPool => {
    const last = this.#last;
    const key = scheme === 'https' ? authority : `http:${authority}`;
    if (last !== undefined && last.key === key) return last.pool;
    const pool = this.#used(key) ?? this.#make(key, authority, scheme);
    this.#last = { key, pool };
    return pool;
  };

  /** Milliseconds that an attempt at this exchange needs, at least, before its request can be written: for those who ask whether one is still of use. */
  readonly leastMs = (exchange: Exchange): number => this.poolFor(exchange.authority, exchange.scheme).leastMs;

  /** Where and how a host is dialled: for those who connect by themselves (upgrades). */
  dialFor(authority: string, scheme: 'http' | 'https'): DialSettings {
    const { name, host, port, parent } = this.#addresses.find(authority, scheme);
    if (scheme === 'http') return { host, port, tls: undefined, parent };
    const context = (this.#context ??= contextOf(this.#material));
    const { alpn = ['http/1.1'], serverName: servername = name } = this.#config.tls ?? {};
    return { host, port, tls: { servername, context, alpn }, parent };
  }

  /** Sums over all hosts. */
  get stats(): { open: number; busy: number; queued: number } {
    const sum = { open: 0, busy: 0, queued: 0 };
    for (const { stats } of this.#pools.values()) {
      sum.open += stats.open;
      sum.busy += stats.busy;
      sum.queued += stats.queued;
    }
    return sum;
  }

  /** Closes idle connections, and the others as they come free. */
  async close(): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool.close()));
  }

  /** Lets what runs come to its end, then closes; settles when all has. */
  async finish(): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool.finish()));
  }

  /** Closes every connection at once. */
  async destroy(): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool.destroy()));
  }

  #make(key: string, authority: string, scheme: 'http' | 'https'): ConnectionPool {
    const options = {
      origin: `${scheme}://${authority}`,
      dial: this.dialFor(authority, scheme),
      connections: this.#config.pool?.connections ?? 128,
      keepAliveMs: this.#config.pool?.keepAlive ?? 30_000,
      maxAgeMs: this.#config.pool?.maxAge ?? MAX_AGE_MS,
    };
    const pool = new ConnectionPool(options, this.#resolver, this.#clock);
    if (this.#pools.size >= MAX_POOLS) this.#dropOldest();
    this.#pools.set(key, pool);
    return pool;
  }

  /** A pool that is there, which is then the one used last. */
  #used(key: string): ConnectionPool | undefined {
    const pool = this.#pools.get(key);
    if (pool === undefined || this.#pools.size < MAX_POOLS) return pool;
    this.#pools.delete(key);
    this.#pools.set(key, pool);
    return pool;
  }

  #dropOldest(): void {
    const [oldest] = this.#pools;
    if (oldest === undefined) return;
    this.#pools.delete(oldest[0]);
    void oldest[1].close();
  }
}

/** The time limits of an attempt as `timeouts:` gives them. */
export function attemptLimits(timeouts: NonNullable<UpstreamConfig['timeouts']>): AttemptLimits {
  const merged = { ...DEFAULT_TIMEOUTS, ...timeouts };
  return {
    queueMs: merged.queue ?? Infinity,
    dnsMs: merged.dns ?? Infinity,
    connectMs: merged.connect ?? Infinity,
    tlsMs: merged.tls ?? Infinity,
    sendMs: merged.send ?? Infinity,
    headersMs: merged.headers ?? Infinity,
    idleMs: merged.idle ?? Infinity,
    attemptMs: merged.attempt ?? Infinity,
  };
}
