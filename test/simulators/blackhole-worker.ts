import { createServer } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';

// Listens and never accepts: the thread sleeps for ever once the port is bound, so its accept queue fills up and the kernel drops every
// further SYN. Ended by Worker.terminate().
const server = createServer();
const { port, host } = workerData as { port: number; host: string };
server.listen({ port, host, backlog: 1, reusePort: true }, () => {
  // oxlint-disable-next-line require-post-message-target-origin -- a worker's port, not a window
  parentPort?.postMessage('listening');
  setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
});
