import type { Socket } from 'node:net';

const BLOCK = Buffer.alloc(64 * 1024);

/** Writes 64 MiB to a socket, as fast as they are taken. */
export class Flood {
  static readonly bytes = 64 * 1024 * 1024;
  /** Bytes written so far; those that no kernel has taken yet are held by the socket. */
  written = 0;

  into(socket: Socket): void {
    while (this.written < Flood.bytes) {
      this.written += BLOCK.length;
      if (!socket.write(BLOCK)) return void socket.once('drain', () => this.into(socket));
    }
  }
}
