import { readdirSync, readlinkSync } from 'node:fs';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { queryObjects } from 'node:v8';

/** What the process under test holds. */
export interface Sample {
  /** Bytes. */
  readonly rss: number;
  readonly heapUsed: number;
}

/** What it holds at rest: found by looking through its whole heap, and so the unreferenced too. */
export interface Holding extends Sample {
  /** File descriptors that are sockets. */
  readonly socketHandles: number;
  /** Objects of these kinds that something still holds. */
  readonly sockets: number;
  readonly requests: number;
  readonly timers: number;
  /** What keeps the event loop going, by kind. */
  readonly resources: Readonly<Record<string, number>>;
  /** Listeners on `process` itself, where leaked ones would gather. */
  readonly listeners: number;
}

// Loaded before Breakwater with --import and --expose-gc: answers each message of its parent, right after a collection.
const collect = (globalThis as { gc?: () => void }).gc;
const Timeout = timerClass();

process.on('message', (what) => {
  collect?.();
  collect?.();
  const { rss, heapUsed } = process.memoryUsage();
  process.send?.(what === 'holding' ? { rss, heapUsed, ...holding() } : { rss, heapUsed });
});
process.channel?.unref();

function holding(): Omit<Holding, keyof Sample> {
  const resources: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1;
  return {
    socketHandles: socketHandles(),
    sockets: queryObjects(Socket, { format: 'count' }),
    requests: queryObjects(IncomingMessage, { format: 'count' }),
    timers: queryObjects(Timeout, { format: 'count' }),
    resources,
    listeners: process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0),
  };
}

function socketHandles(): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:');
    } catch {
      return false;
    }
  }).length;
}

/** Node does not export it. */
function timerClass(): new () => NodeJS.Timeout {
  const timer = setTimeout(() => undefined, 0);
  clearTimeout(timer);
  return timer.constructor as new () => NodeJS.Timeout;
}
