import type { Clock } from '../model/clock.ts';
import { Alarms } from './alarms.ts';
import { ConnectTime } from './connect-time.ts';
import type { DialSettings, SessionStore } from './dial.ts';
import { sharedReadBuffer } from './direct-reads.ts';
import type { Resolver } from './dns.ts';
import { Slot, type Tenant } from './slot.ts';

/** Sizes and times of one pool. */
export interface PoolOptions {
  /** `https://host[:port]`: what the requests say; where it is dialled stands in `dial`. */
  readonly origin: string;
  readonly dial: DialSettings;
  readonly connections: number;
  /** How long an idle connection is kept, in milliseconds, unless the upstream's `Keep-Alive` says less. */
  readonly keepAliveMs: number;
  /** After this a connection takes no more requests, in milliseconds, so that a changed address is picked up however busy it is. */
  readonly maxAgeMs: number;
}

/** Time that is left for a request where its connection already stands: enough to write it. */
const WRITE_MS = 1;
/** Connections opened together do not end together: each lives up to this part shorter. */
const AGE_SPREAD = 0.1;

/**
 * The connections to one authority. Used last, used next, so that idle ones can go; at most `connections` at once, the others wait here in order and
 * not inside undici, where a waiting request could not be taken back.
 */
export class ConnectionPool {
  /** Those of its connections and of all attempts on them. */
  readonly alarms: Alarms;
  readonly #options: PoolOptions;
  readonly #resolver: Resolver;
  readonly #clock: Clock;
  readonly #sessions: SessionStore = { session: undefined };
  readonly #connectTime = new ConnectTime();
  readonly #readBuffer = sharedReadBuffer();
  readonly #slots = new Set<Slot>();
  readonly #free: Slot[] = [];
  readonly #queue: Tenant[] = [];
  #closed = false;
  /** Told when a closed pool has lost its last connection. */
  #emptied: (() => void) | undefined = undefined;

  constructor(options: PoolOptions, resolver: Resolver, clock: Clock) {
    this.#options = options;
    this.#resolver = resolver;
    this.#clock = clock;
    this.alarms = new Alarms(clock);
  }

  /** The proxy that its connections are made through, by its host and port; undefined where there is none. */
  get parent(): string | undefined {
    return this.#options.dial.parent?.name;
  }

  /** Connections in use, idle and awaited. */
  get stats(): { open: number; busy: number; queued: number } {
    const open = [...this.#slots].filter((slot) => slot.connected).length;
    return { open, busy: this.#slots.size - this.#free.length, queued: this.#queue.length };
  }

  /** Milliseconds that a request needs, at least, to be sent: next to none where an idle connection stands, else what opening one has taken so far. */
  get leastMs(): number {
    return this.#free.some((slot) => slot.connected) ? WRITE_MS : this.#connectTime.expectedMs;
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
    if (this.#closed && this.#queue.length === 0) return this.#retire(slot);
    if (this.#isOld(slot)) {
      this.#retire(slot);
      if (this.#queue.length === 0) return;
      slot = this.#make();
    }
    const next = this.#queue.shift();
    if (next !== undefined) this.#admit(slot, next);
    else this.#rest(slot);
  }

  /** Closes idle connections now and the others when they are released and nobody waits for one any more. */
  async close(): Promise<void> {
    this.#closed = true;
    const idle = this.#free.splice(0);
    for (const slot of idle) this.#slots.delete(slot);
    await Promise.all(idle.map((slot) => slot.destroy()));
  }

  /** Closes as `close` does, and settles once the last connection has gone. */
  async finish(): Promise<void> {
    await this.close();
    if (this.#slots.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#emptied = resolve;
    });
  }

  /** Closes every connection at once; what runs on them fails. */
  async destroy(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#slots].map((slot) => slot.destroy()));
    this.alarms.close();
  }

  #rest(slot: Slot): void {
    slot.freeSince = this.#clock.now();
    this.#free.push(slot);
  }

  #take(): Slot | undefined {
    for (let i = this.#free.length - 1; i >= 0; i--) {
      const slot = this.#free[i];
      if (slot?.connected !== true) continue;
      this.#free.splice(i, 1);
      if (!this.#isOld(slot)) return slot;
      this.#retire(slot);
    }
    if (this.#free.length > 0) return this.#free.pop();
    return this.#slots.size < this.#options.connections ? this.#make() : undefined;
  }

  #make(): Slot {
    const { origin, dial, keepAliveMs } = this.#options;
    const parts = {
      origin,
      dial,
      keepAliveMs,
      resolver: this.#resolver,
      sessions: this.#sessions,
      connectTime: this.#connectTime,
      clock: this.#clock,
      alarms: this.alarms,
      readBuffer: this.#readBuffer,
    };
    const slot = new Slot(parts);
    this.#slots.add(slot);
    return slot;
  }

  #isOld(slot: Slot): boolean {
    if (!slot.connected || this.#options.maxAgeMs === Infinity) return false;
    const spread = 1 - AGE_SPREAD * (slot.bornAt % 1);
    return this.#clock.now() - slot.bornAt > this.#options.maxAgeMs * spread;
  }

  #retire(slot: Slot): void {
    this.#slots.delete(slot);
    void slot.destroy();
    if (this.#closed && this.#slots.size === 0) this.#emptied?.();
  }

  #admit(slot: Slot, tenant: Tenant): void {
    slot.tenant = tenant;
    tenant.admitted(slot);
    slot.freeSince = Infinity;
  }
}
