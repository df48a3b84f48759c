import type { Socket } from 'node:net';
import { clientClosed, type Failure } from '../model/failure.ts';

/** How long a client may leave its answer unread, in milliseconds, where the data plane does not say. */
export const STALL_MS = 300_000;

/** The failure of a client that does not read. */
export function tookNothing(forMs: number): Failure {
  return clientClosed('body', `the client took nothing of its answer for ${forMs} ms`);
}

/** Node's own place for the bytes of a connection that the kernel has not taken yet. */
interface Handled {
  readonly _handle: { readonly writeQueueSize?: number } | null;
}

/**
 * Looks every `stallMs` milliseconds whether the kernel has taken anything of what was written, and calls `stalled` once it has not. `raw` is the TCP socket: what stands on it (TLS) may write all that it has at
 * once, and then knows nothing of how it goes. The function that is returned ends the watch.
 */
export function watchTaking(raw: Socket, stallMs: number, stalled: () => void): () => void {
  let before = queued(raw);
  const timer = setInterval(() => {
    const now = queued(raw);
    if (now === before) {
      clearInterval(timer);
      stalled();
    }
    before = now;
  }, stallMs);
  return () => clearInterval(timer);
}

function queued(raw: Socket): number {
  return (raw as unknown as Handled)._handle?.writeQueueSize ?? 0;
}
