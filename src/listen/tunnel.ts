import type { Socket } from 'node:net';
import { LONGEST_MS } from '../model/timer.ts';
import type { OpenConnection } from './connections.ts';

/** Two sockets joined: bytes go both ways untouched, each side holds the other back, and each direction ends by itself (half-close). */
export class Tunnel implements OpenConnection {
  readonly #client: Socket;
  readonly #upstream: Socket;
  readonly #outlivesDrain: boolean;
  readonly #ended: (fromUpstream: number, toUpstream: number) => void;
  readonly #readBefore: number;
  readonly #writtenBefore: number;

  /** `ended` is called once, with the bytes that went through. `outlivesDrain`: a drain waits for the tunnel instead of closing it. */
  constructor(client: Socket, upstream: Socket, outlivesDrain: boolean, ended: (fromUpstream: number, toUpstream: number) => void) {
    this.#client = client;
    this.#upstream = upstream;
    this.#outlivesDrain = outlivesDrain;
    this.#ended = ended;
    this.#readBefore = upstream.bytesRead;
    this.#writtenBefore = upstream.bytesWritten;
  }

  /** Closes both sides once no byte has gone either way for `ms` milliseconds; `over` is told first. Infinity: never. */
  bound(ms: number, over: () => void): void {
    if (ms === Infinity) return;
    // whichever way a byte goes, it passes this socket. A peer that says nothing will not say its last word either: nothing is waited for
    this.#upstream.setTimeout(Math.min(LONGEST_MS, ms), () => {
      over();
      this.destroy();
    });
  }

  /** Begins. What either side has sent ahead goes first. */
  join(clientHead: Uint8Array, upstreamHead: Uint8Array): void {
    const [client, upstream] = [this.#client, this.#upstream];
    client.setTimeout(0);
    if (clientHead.length > 0) upstream.write(clientHead);
    if (upstreamHead.length > 0) client.write(upstreamHead);
    client.on('error', () => upstream.destroy());
    upstream.on('error', () => client.destroy());
    upstream.once('close', () => client.destroySoon());
    client.pipe(upstream);
    upstream.pipe(client);
  }

  close(): void {
    if (this.#outlivesDrain) return;
    this.#client.end();
    this.#upstream.end();
  }

  destroy(): void {
    this.#client.destroy();
    this.#upstream.destroy();
  }

  gone(): void {
    this.#upstream.destroySoon();
    this.#ended(this.#upstream.bytesRead - this.#readBefore, this.#upstream.bytesWritten - this.#writtenBefore);
  }
}
