import { performance } from 'node:perf_hooks';
import { getHeapSpaceStatistics } from 'node:v8';
import { collector } from './heap.ts';

/** How often it is looked whether there is anything to give back. */
const EVERY_MS = 5000;
/** What of such a period the process may have worked and still be called quiet. */
const QUIET_MS = 50;
/** A young generation that only load makes so large; that of a process at rest is a megabyte or two. */
const GROWN_BYTES = 8 * 1024 * 1024;
/** Collections after which all is given back: V8 shrinks the young generation in the second, keeps its pages for 8 s in case it grows again, and lets go of them in one that comes after that. */
const COLLECTIONS = 6;
/** Quiet periods in a row after which load is over, and the rest is given back too: bursts that come every few seconds would pay for it each time. */
const QUIET_LOOKS = 12;
/** To go through an old generation larger than this takes longer than a request should wait. */
const MOST_BYTES = 48 * 1024 * 1024;

/** What a heap is made of, and how much its process has done. */
export interface HeapUse {
  /** Resident bytes of the young generation. */
  readonly youngBytes: number;
  /** Bytes in use in the old generation, dead ones included. */
  readonly oldBytes: number;
  /** Milliseconds that the event loop has worked since the start. */
  readonly busyMs: number;
}

/** The heap of a process. */
export interface HeapHandle {
  /** As it stands now. */
  read(): HeapUse;
  /** Collects its young generation. */
  collectYoung(): void;
  /** Collects all of it and gives its free pages back to the system. */
  collectAll(): void;
}

/**
 * Gives memory back after load. V8 lets its young generation grow to 48 MB under load, makes it smaller only when it is collected while little is allocated, and collects it only when it is full: a sidecar
 * has load for minutes and none for hours, in which nothing fills it.
 *
 * So it is collected by hand, some times, once the process works for less than a hundredth of the time: a few milliseconds each, and nothing that the next request would miss. What load has left in the old generation goes when
 * it has been quiet for a minute, once for each load, in some 0.1 s: shapes and compiled code of what is not at work go with it, and are made anew by the next thousand requests.
 */
export class QuietHeap {
  readonly #heap: HeapHandle;
  #busyMs: number;
  #collections = 0;
  #quietLooks = 0;
  /** Whether load has left something in the old generation, too. */
  #loaded = false;
  #timer: NodeJS.Timeout | undefined;

  /** Looks at nothing before `start`. */
  constructor(heap: HeapHandle) {
    this.#heap = heap;
    this.#busyMs = heap.read().busyMs;
  }

  /** That of this process. */
  static ofProcess(): { readonly heap: QuietHeap; readonly use: HeapHandle } {
    const collect = collector();
    const use: HeapHandle = {
      read: heapUse,
      collectYoung: () => collect({ type: 'minor' }),
      collectAll: () => collect({ type: 'major', flavor: 'last-resort' }),
    };
    return { heap: new QuietHeap(use), use };
  }

  /** Looks every five seconds from now on. It keeps no process alive. */
  start(): void {
    this.#timer ??= setInterval(() => this.look(), EVERY_MS).unref();
  }

  /** Looks, one period after the last time, whether there is anything to give back and nothing else to do. */
  look(): void {
    const { youngBytes, oldBytes, busyMs } = this.#heap.read();
    const quiet = busyMs - this.#busyMs < QUIET_MS;
    this.#busyMs = busyMs;
    this.#quietLooks = quiet ? this.#quietLooks + 1 : 0;
    if (!quiet && youngBytes >= GROWN_BYTES) this.#grown();
    if (!quiet || !this.#loaded) return;
    if (this.#collections > 0) {
      this.#collections--;
      this.#heap.collectYoung();
    } else if (this.#quietLooks >= QUIET_LOOKS) {
      this.#loaded = false;
      if (oldBytes <= MOST_BYTES) this.#heap.collectAll();
    }
  }

  #grown(): void {
    this.#collections = COLLECTIONS;
    this.#loaded = true;
  }

  /** Looks no more. */
  close(): void {
    clearInterval(this.#timer);
  }
}

function heapUse(): HeapUse {
  let [youngBytes, oldBytes] = [0, 0];
  for (const { space_name: name, physical_space_size: resident, space_used_size: used } of getHeapSpaceStatistics()) {
    if (name === 'new_space') youngBytes = resident;
    if (name === 'old_space') oldBytes = used;
  }
  return { youngBytes, oldBytes, busyMs: performance.eventLoopUtilization().active };
}
