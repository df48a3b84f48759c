import type { Socket } from 'node:net';

/** Room for one read: as much as Node itself makes for each. */
const READ_BYTES = 64 * 1024;
/** What one read brings beyond this is a stream's, which gets a buffer for each of its reads and has nothing copied. */
const COPIED_BYTES = 32 * 1024;
/** Copies up to this are cut from Node's pool. What a cache keeps as bytes is larger: kept in there, it would keep the whole of a pool. */
const POOLED_BYTES = 2048;
/** Bytes that wait for their reader, at most, before no more are taken from the kernel. */
const HELD_BYTES = 64 * 1024;

/** How long what may have come before a write failed is read, in milliseconds, where no end comes. */
const LAST_WORDS_MS = 1000;

/** A buffer that all connections of a pool read into, each before the next: nothing stays in it. */
export function sharedReadBuffer(): Buffer {
  return Buffer.allocUnsafeSlow(READ_BYTES);
}

/**
 * What a connection reads, past the streams of Node: they make 64 KiB of room for every read, put what came in a queue, and tell of it in a turn of its own. Here it is copied out of a buffer that is
 * used again and again (`onread` of `net.connect` and `tls.connect`), and `readable` is told at once. Its end is told to who asks for more and finds nothing: to a reader that has paused, once it
 * has gone on and has all. A write that fails because the other side has closed ends the connection only when all that came before that has been read: it may be an early answer (RFC 9112 section 9.5),
 * and Node closes at once. A socket so made is read by `readable`, `read()` and `unshift` alone, as undici does.
 */
export class DirectReads {
  /** For the options of `connect`. */
  readonly onread = { buffer: (): Uint8Array => this.#buffer, callback: (count: number): boolean => this.#take(count) };
  readonly #shared: Buffer;
  /** Where the next read goes. */
  #buffer: Buffer;
  #socket: Socket | undefined = undefined;
  /** The socket's own `read`, in whose stream there is never anything but the end: begins to read again, and tells the end. */
  #readOn: (size?: number) => null = () => null;
  readonly #held: Buffer[] = [];
  #heldBytes = 0;
  /** True while nothing is taken from the kernel, since too much is held. */
  #stopped = false;
  /** True once the other side has ended. */
  #ending = false;
  /** Why a write failed, once one has; the connection goes on until all is read. */
  #unwritten: Error | undefined = undefined;
  #destroy: (error?: Error) => Socket = () => this.#socket as Socket;

  /** `shared`: see `sharedReadBuffer`. */
  constructor(shared: Buffer) {
    this.#shared = this.#buffer = shared;
  }

  /** Takes over the reading of the socket that was made with `onread`. To be called at once. */
  attach(socket: Socket): void {
    this.#socket = socket;
    this.#readOn = socket.read.bind(socket) as (size?: number) => null;
    const push = socket.push.bind(socket);
    socket.read = (size?: number) => (size === 0 ? this.#begin() : this.#read());
    socket.unshift = (piece: Buffer) => this.#takeBack(piece);
    // the end is all that Node gives to the stream
    socket.push = (chunk: null) => {
      this.#ending = true;
      if (this.#unwritten !== undefined && this.#held.length === 0) this.#destroy(this.#unwritten);
      return push(chunk);
    };
    this.#destroy = socket.destroy.bind(socket);
    socket.destroy = (error?: Error) => (this.#readsOn(error) ? socket : this.#destroy(error));
  }

  /** Node asks for nothing so that reading begins, and so that the end is told: that waits for its reader here, if there is one. */
  #begin(): null {
    const waits = this.#ending && (this.#held.length > 0 || (this.#socket?.listenerCount('readable') ?? 0) > 0);
    return waits ? null : this.#readOn(0);
  }

  /** Whether a failed write leaves something to be read, perhaps. */
  #readsOn(error: Error | undefined): boolean {
    if (this.#unwritten !== undefined || !isFailedWrite(error) || this.#socket?.destroyed === true) return false;
    if (this.#ending && this.#held.length === 0) return false;
    this.#unwritten = error;
    const timer = setInterval(() => {
      // a reader that pauses is waited for
      if (this.#held.length === 0) this.#destroy(error);
    }, LAST_WORDS_MS);
    this.#socket?.once('close', () => clearInterval(timer));
    return true;
  }

  #read(): Buffer | null {
    const piece = this.#held.shift();
    if (piece === undefined) {
      if (!this.#stopped && !this.#ending) return null;
      if (this.#ending && this.#unwritten !== undefined) {
        this.#destroy(this.#unwritten);
        return null;
      }
      this.#stopped = false;
      return this.#readOn();
    }
    // who ends with an error reads once more: all of it
    if (this.#held.length > 0 && this.#socket?.destroyed === true) return Buffer.concat([piece, ...this.#held.splice(0)]);
    this.#heldBytes -= piece.length;
    return piece;
  }

  #takeBack(piece: Buffer): void {
    if (piece.length === 0) return;
    this.#held.unshift(piece);
    this.#heldBytes += piece.length;
  }

  /** So many bytes have come. False where no more are wanted for now. */
  #take(count: number): boolean {
    this.#held.push(this.#piece(count));
    this.#heldBytes += count;
    this.#socket?.emit('readable');
    this.#stopped = this.#heldBytes >= HELD_BYTES;
    return !this.#stopped;
  }

  #piece(count: number): Buffer {
    const buffer = this.#buffer;
    if (count <= COPIED_BYTES) {
      this.#buffer = this.#shared;
      return copyOf(buffer, count);
    }
    this.#buffer = sharedReadBuffer();
    return buffer === this.#shared ? copyOf(buffer, count) : buffer.subarray(0, count);
  }
}

function isFailedWrite(error: Error | undefined): boolean {
  const { syscall, code } = (error ?? {}) as NodeJS.ErrnoException;
  return syscall === 'write' && (code === 'EPIPE' || code === 'ECONNRESET');
}

function copyOf(buffer: Buffer, count: number): Buffer {
  const copy = count <= POOLED_BYTES ? Buffer.allocUnsafe(count) : Buffer.allocUnsafeSlow(count);
  buffer.copy(copy, 0, 0, count);
  return copy;
}
