import { performance } from 'node:perf_hooks';
import { getHeapSpaceStatistics } from 'node:v8';
import { youngCollector } from './heap.ts';

/** How often it is looked whether there is anything to give back. */
const EVERY_MS = 5000;
/** What of such a period the process may have worked and still be called quiet. */
const QUIET_MS = 50;
/** A young generation that only load makes so large; that of a process at rest is a megabyte or two. */
const GROWN_BYTES = 8 * 1024 * 1024;
/** Collections after which all is given back: V8 shrinks the young generation in the second, keeps its pages for 8 s in case it grows again, and lets go of them in one that comes after that. */
const COLLECTIONS = 6;

/** What a heap is made of, and how much its process has done. */
export interface HeapUse {
  /** Resident bytes of the young generation. */
  readonly youngBytes: number;
  /** Milliseconds that the event loop has worked since the start. */
  readonly busyMs: number;
}

/** The heap of a process. */
export interface HeapHandle {
  /** As it stands now. */
  read(): HeapUse;
  /** Collects its young generation. */
  collect(): void;
}

/**
 * Gives memory back after load. V8 lets its young generation grow to 48 MB under load, makes it smaller only when it is collected while little is allocated, and collects it only when it is full: a sidecar
 * has load for minutes and none for hours, in which nothing fills it.
 *
 * So it is collected by hand, some times, once the process works for less than a hundredth of the time: a few milliseconds each, and nothing that the next request would miss. A collection of the whole heap would take shapes and compiled
 * code with it.
 */
export class QuietHeap {
  readonly #heap: HeapHandle;
  #busyMs: number;
  #collections = 0;
  #timer: NodeJS.Timeout | undefined;

  /** Looks at nothing before `start`. */
  constructor(heap: HeapHandle) {
    this.#heap = heap;
    this.#busyMs = heap.read().busyMs;
  }

  /** That of this process. */
  static ofProcess(): { readonly heap: QuietHeap; readonly use: HeapHandle } {
    const use: HeapHandle = { read: heapUse, collect: youngCollector() };
    return { heap: new QuietHeap(use), use };
  }

  /** Looks every five seconds from now on. It keeps no process alive. */
  start(): void {
    this.#timer ??= setInterval(() => this.look(), EVERY_MS).unref();
  }

  /** Looks, one period after the last time, whether there is anything to give back and nothing else to do. */
  look(): void {
    const { youngBytes, busyMs } = this.#heap.read();
    const quiet = busyMs - this.#busyMs < QUIET_MS;
    this.#busyMs = busyMs;
    if (!quiet && youngBytes >= GROWN_BYTES) this.#collections = COLLECTIONS;
    if (!quiet || this.#collections === 0) return;
    this.#collections--;
    this.#heap.collect();
  }

  /** Looks no more. */
  close(): void {
    clearInterval(this.#timer);
  }
}

function heapUse(): HeapUse {
  const young = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space');
  return { youngBytes: young?.physical_space_size ?? 0, busyMs: performance.eventLoopUtilization().active };
}
