import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { buildConnector, Client as UndiciClient, Dispatcher } from 'undici';
import type { Clock } from '../model/clock.ts';
import type { Phase } from '../model/failure.ts';
import type { Alarms, Sleeper } from './alarms.ts';
import type { ConnectTime } from './connect-time.ts';
import { type DialSettings, dial, type SessionStore } from './dial.ts';
import { DirectReads } from './direct-reads.ts';
import type { Resolver } from './dns.ts';
import { CertificateRefused } from './failures.ts';
import { adaptParser, Client, errors, type ParserWatcher } from './undici.ts';

/** What TLS is sure to hand to the kernel at once: well under one of its records, with room for what is added. */
const ONE_PIECE_BYTES = 8 * 1024;

/** Node's own places for what was written on a connection and what the kernel has not taken of it. */
interface Handle {
  readonly bytesWritten?: number;
  readonly writeQueueSize?: number;
}

interface Handled {
  readonly _handle: (Handle & { readonly _parent?: Handle | null }) | null;
}

/** Who uses a connection: told about the phases of its opening, and when its turn in the queue has come. */
export interface Tenant {
  entered(phase: Phase): void;
  /** A connection is free: it is this tenant's until `release`. */
  admitted(slot: Slot): void;
  /** What was written and had to wait for the upstream to take it has gone out. */
  drained(): void;
  /** The upstream said 100, which nobody had asked for. */
  continued(): void;
}

/** What a slot is made with. */
export interface SlotParts {
  /** `https://host[:port]`: what the requests say; where it is dialled stands in `dial`. */
  readonly origin: string;
  readonly dial: DialSettings;
  /** How long an idle connection is kept, in milliseconds, unless the upstream's `Keep-Alive` says less. */
  readonly keepAliveMs: number;
  readonly resolver: Resolver;
  readonly sessions: SessionStore;
  readonly connectTime: ConnectTime;
  readonly clock: Clock;
  /** Those of the pool. */
  readonly alarms: Alarms;
  /** See `sharedReadBuffer`. */
  readonly readBuffer: Buffer;
}

/** One place for a connection: an undici client with at most one connection, opened when first used and again after it was lost. */
export class Slot implements ParserWatcher, Sleeper {
  readonly #client: UndiciClient;
  readonly #parts: SlotParts;
  tenant: Tenant | undefined = undefined;
  connected = false;
  /** Exchanges that the current connection has carried to their end. */
  served = 0;
  /** Monotonic milliseconds at which the current connection was opened. */
  bornAt = 0;
  /** Monotonic milliseconds since which nobody uses it. */
  freeSince = Infinity;
  wakeAt = Infinity;
  before: Sleeper | undefined = undefined;
  after: Sleeper | undefined = undefined;
  #opening: Socket | undefined = undefined;
  #socket: Socket | undefined = undefined;

  constructor(parts: SlotParts) {
    this.#parts = parts;
    // undici knows no keep-alive time of 0: without pipelining it keeps no connection, and says so to the upstream
    const kept = parts.keepAliveMs > 0;
    this.#client = new Client(parts.origin, {
      pipelining: kept ? 1 : 0,
      allowH2: false,
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: kept ? parts.keepAliveMs : 1,
      keepAliveMaxTimeout: Math.max(parts.keepAliveMs, 1),
      maxHeaderSize: 128 * 1024,
      connect: (_target, callback) => this.#open(callback),
    });
    this.#client.on('connect', () => {
      this.connected = true;
      this.served = 0;
      this.bornAt = parts.clock.now();
      if (this.#socket !== undefined) adaptParser(this.#socket, this);
    });
    this.#client.on('disconnect', () => this.#lost());
    this.#client.on('connectionError', () => this.#lost());
  }

  /** True for a connection that has had no work for so long. */
  restedFor(ms: number): boolean {
    return this.connected && this.#parts.clock.now() - this.freeSince >= ms;
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

  /** True where the write that was just made failed at once: the kernel took nothing of it, since one system call takes something or fails. */
  get refusesWrites(): boolean {
    return this.#socket !== undefined && this.#socket.errored !== null;
  }

  /** Whether a request of so many bytes is handed to the kernel in one call. TLS may hand on a larger one in several, the first of which may have gone out. */
  writesAtOnce(bytes: number): boolean {
    const { tls, parent } = this.#parts.dial;
    return (tls === undefined && parent?.context === undefined) || bytes <= ONE_PIECE_BYTES;
  }

  /** True while the upstream does not take what was written; its tenant hears `drained` when it has. */
  get blocked(): boolean {
    return this.#socket?.writableNeedDrain === true;
  }

  /** Bytes on the current connection that the kernel has taken: of TLS those of its records, since TLS takes all that it is given at once. */
  get taken(): number {
    const handle = (this.#socket as unknown as Handled | undefined)?._handle;
    const raw = handle?._parent ?? handle;
    return (raw?.bytesWritten ?? 0) - (raw?.writeQueueSize ?? 0);
  }

  /** Closes the connection, now. */
  destroy(): Promise<void> {
    return this.#client.destroy();
  }

  continued(): void {
    this.tenant?.continued();
  }

  idle(ms: number): void {
    const { alarms, clock } = this.#parts;
    if (ms === Infinity) alarms.forget(this);
    else alarms.set(this, clock.now() + ms);
  }

  /** Nobody has used it for as long as it is kept: as undici closes it. */
  wake(): void {
    this.#socket?.destroy(new errors.InformationalError('socket idle timeout'));
  }

  #open(callback: buildConnector.Callback): void {
    const { dial: settings, resolver, sessions, connectTime, clock, readBuffer } = this.#parts;
    const startedAt = clock.now();
    const watcher = { entered: (phase: Phase) => this.tenant?.entered(phase) };
    this.#opening = dial(settings, resolver, sessions, watcher, new DirectReads(readBuffer), (error, socket) => {
      this.#opening = undefined;
      if (socket === null) return callback(error ?? new Error('no connection'), null);
      connectTime.add(clock.now() - startedAt);
      this.#socket = socket;
      socket.on('drain', () => this.tenant?.drained());
      if (settings.tls !== undefined) socket.on('error', (reason) => this.#refused(socket, reason));
      callback(null, socket);
    });
  }

  /** Node tells an alert and leaves the socket as it is; undici would know no more than that it was closed. An exchange that went well shows that the handshake was done. */
  #refused(socket: Socket, reason: Error): void {
    const refused = this.served > 0 || (socket as TLSSocket).getProtocol() !== 'TLSv1.3' ? undefined : CertificateRefused.of(reason);
    if (refused !== undefined) socket.destroy(refused);
  }

  #lost(): void {
    this.connected = false;
    this.#socket = undefined;
    this.#parts.alarms.forget(this);
  }
}
