import type { Socket } from 'node:net';
import { Client, type Dispatcher } from 'undici';
import type { Phase } from '../model/failure.ts';
import { type DialSettings, dial, type SessionStore } from './dial.ts';
import type { Resolver } from './dns.ts';

/** Sizes and times of one pool. */
export interface PoolOptions {
  /** `https://host[:port]`: what the requests say; where it is dialled stands in `dial`. */
  readonly origin: string;
  readonly dial: DialSettings;
  readonly connections: number;
  /** How long an idle connection is kept, in milliseconds, unless the upstream's `Keep-Alive` says less. */
  readonly keepAliveMs: number;
}

/** Who uses a connection: told about the phases of its opening, and when its turn in the queue has come. */
export interface Tenant {
  entered(phase: Phase): void;
  /** A connection is free: it is this tenant's until `release`. */
  admitted(slot: Slot): void;
}

/** One place for a connection: an undici client with at most one connection, opened when first used and again after it was lost. */
export class Slot {
  readonly #client: Client;
  tenant: Tenant | undefined = undefined;
  connected = false;
  /** Exchanges that the current connection has carried to their end. */
  served = 0;
  #opening: Socket | undefined = undefined;

  constructor(options: PoolOptions, resolver: Resolver, sessions: SessionStore) {
    this.#client = new Client(options.origin, {
      pipelining: 1,
      allowH2: false,
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: options.keepAliveMs,
      keepAliveMaxTimeout: Math.max(options.keepAliveMs, 1),
      maxHeaderSize: 128 * 1024,
      connect: (_target, callback) => {
        const watcher = { entered: (phase: Phase) => this.tenant?.entered(phase) };
        this.#opening = dial(options.dial, resolver, sessions, watcher, (error, socket) => {
          this.#opening = undefined;
          if (socket === null) callback(error ?? new Error('no connection'), null);
          else callback(null, socket);
        });
      },
    });
    this.#client.on('connect', () => {
      this.connected = true;
      this.served = 0;
    });
    this.#client.on('disconnect', () => {
      this.connected = false;
    });
    this.#client.on('connectionError', () => {
      this.connected = false;
    });
  }

  /** Sends a request; the handler hears of everything that follows. */
  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    this.#client.dispatch(options, handler);
  }

  /** Gives up a connection that is still being opened: the request that waits for it fails with `error`. False where none is. */
  cancelOpening(error: Error): boolean {
    if (this.#opening === undefined) return false;
    this.#opening.destroy(error);
    return true;
  }

  /** Closes the connection, now. */
  destroy(): Promise<void> {
    return this.#client.destroy();
  }
}

/**
 * The connections to one authority. Used last, used next, so that idle ones can go; at most `connections` at once, the others wait here in order and
 * not inside undici, where a waiting request could not be taken back.
 */
export class ConnectionPool {
  readonly #options: PoolOptions;
  readonly #resolver: Resolver;
  readonly #sessions: SessionStore = { session: undefined };
  readonly #slots = new Set<Slot>();
  readonly #free: Slot[] = [];
  readonly #queue: Tenant[] = [];
  #closed = false;

  constructor(options: PoolOptions, resolver: Resolver) {
    this.#options = options;
    this.#resolver = resolver;
  }

  /** Connections in use, idle and awaited. */
  get stats(): { open: number; busy: number; queued: number } {
    const open = [...this.#slots].filter((slot) => slot.connected).length;
    return { open, busy: this.#slots.size - this.#free.length, queued: this.#queue.length };
  }

  /** Gives the tenant a slot: at once by calling `admitted` before it returns, or later when one is free. */
  acquire(tenant: Tenant): void {
    const slot = this.#take();
    if (slot === undefined) this.#queue.push(tenant);
    else this.#admit(slot, tenant);
  }

  /** Takes back a tenant that no longer waits. */
  withdraw(tenant: Tenant): void {
    const at = this.#queue.indexOf(tenant);
    if (at >= 0) this.#queue.splice(at, 1);
  }

  /** Frees a slot: it goes to who waits longest. */
  release(slot: Slot): void {
    slot.tenant = undefined;
    slot.served++;
    if (this.#closed) {
      this.#slots.delete(slot);
      void slot.destroy();
      return;
    }
    const next = this.#queue.shift();
    if (next !== undefined) this.#admit(slot, next);
    else this.#free.push(slot);
  }

  /** Closes idle connections now and the others when they are released. */
  async close(): Promise<void> {
    this.#closed = true;
    const idle = this.#free.splice(0);
    for (const slot of idle) this.#slots.delete(slot);
    await Promise.all(idle.map((slot) => slot.destroy()));
  }

  /** Closes every connection at once; what runs on them fails. */
  async destroy(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#slots].map((slot) => slot.destroy()));
  }

  #take(): Slot | undefined {
    const last = this.#free.length - 1;
    for (let i = last; i >= 0; i--) {
      const slot = this.#free[i];
      if (slot?.connected === true) {
        this.#free.splice(i, 1);
        return slot;
      }
    }
    if (last >= 0) return this.#free.pop();
    if (this.#slots.size >= this.#options.connections) return undefined;
    const slot = new Slot(this.#options, this.#resolver, this.#sessions);
    this.#slots.add(slot);
    return slot;
  }

  #admit(slot: Slot, tenant: Tenant): void {
    slot.tenant = tenant;
    tenant.admitted(slot);
  }
}
