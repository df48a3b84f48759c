import { connect, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';

const HANGS_AFTER_MS = 120;
const QUEUE_AT_MOST = 8;

/** A port that swallows connection attempts. Ends when disposed. */
export interface Blackhole extends AsyncDisposable {
  /** Its listener is there, beside others on the same port. */
  readonly listening: Promise<unknown>;
  /** Fills its accept queue; to be called once nobody else listens on the port. From then on it swallows everything. */
  full(): Promise<void>;
}

/**
 * SYN packets are dropped, nothing answers, a client hangs in `connect`. On loopback this is done by a listener that never accepts and whose
 * accept queue is full.
 */
export function blackhole(port: number, host = '127.0.0.1'): Blackhole {
  const worker = new Worker(new URL('./blackhole-worker.ts', import.meta.url), { workerData: { port, host } });
  const fillers: Socket[] = [];
  return {
    listening: new Promise((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    }),
    async full() {
      for (let i = 0; i < QUEUE_AT_MOST; i++) {
        const filler = connect(port, host);
        filler.on('error', () => undefined);
        fillers.push(filler);
        if (!(await connects(filler))) break;
      }
    },
    async [Symbol.asyncDispose]() {
      for (const filler of fillers) filler.destroy();
      await worker.terminate();
    },
  };
}

function connects(socket: Socket): Promise<boolean> {
  return new Promise((resolve) => {
    // after a moment in which this process did not run, its connect may be there and not yet told
    const timer = setTimeout(() => setImmediate(resolve, false), HANGS_AFTER_MS);
    socket.once('connect', () => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}
