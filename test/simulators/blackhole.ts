import { connect, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';

const HANGS_AFTER_MS = 120;
const QUEUE_AT_MOST = 8;

/**
 * A port that swallows connection attempts: SYN packets are dropped, nothing answers, a client hangs in `connect`. On loopback this is
 * done by a listener that never accepts and whose accept queue is full. Ends when disposed.
 */
export async function blackhole(port: number): Promise<AsyncDisposable> {
  const worker = new Worker(new URL('./blackhole-worker.ts', import.meta.url), { workerData: { port } });
  await new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  const fillers: Socket[] = [];
  for (let i = 0; i < QUEUE_AT_MOST; i++) {
    const filler = connect(port, '127.0.0.1');
    filler.on('error', () => undefined);
    fillers.push(filler);
    if (!(await connects(filler))) break;
  }
  return {
    async [Symbol.asyncDispose]() {
      for (const filler of fillers) filler.destroy();
      await worker.terminate();
    },
  };
}

function connects(socket: Socket): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, HANGS_AFTER_MS, false);
    socket.once('connect', () => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}
