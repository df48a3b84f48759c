import { performance } from 'node:perf_hooks';
import { getHeapSpaceStatistics } from 'node:v8';
import { collector } from './heap.ts';

/** How often it is looked whether there is anything to give back. */
const EVERY_MS = 10_000;
/** Quiet periods in a row after which load is over: bursts that come every few seconds would pay for it each time. */
const QUIET_LOOKS = 6;
/** What of such a period the process may have worked and still be called quiet. */
const QUIET_MS = 100;
/** A young generation that only load makes so large; that of a process at rest is a megabyte or two. */
const GROWN_BYTES = 16 * 1024 * 1024;
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
  /** Collects all of it and gives its free pages back to the system. */
  collect(): void;
}

/**
 * Gives memory back after load. V8 lets its young generation grow to 48 MB under load and keeps that for good; a sidecar has load for minutes and none for hours.
 *
 * It is done when the process has worked for less than a hundredth of each ten seconds of a minute, once for each load, in some 0.1 s. The price is that shapes and compiled code of what is not at work go too, and are made anew by the
 * next thousand requests: so it is not done where no load has grown the heap, which is nearly always.
 */
export class QuietHeap {
  readonly #heap: HeapHandle;
  #busyMs: number;
  #quietLooks = 0;
  #timer: NodeJS.Timeout | undefined;

  /** Looks at nothing before `start`. */
  constructor(heap: HeapHandle) {
    this.#heap = heap;
    this.#busyMs = heap.read().busyMs;
  }

  /** That of this process. */
  static ofProcess(): { readonly heap: QuietHeap; readonly use: HeapHandle } {
    const collect = collector();
    const use: HeapHandle = { read: heapUse, collect: () => collect({ type: 'major', flavor: 'last-resort' }) };
    return { heap: new QuietHeap(use), use };
  }

  /** Looks every ten seconds from now on. It keeps no process alive. */
  start(): void {
    this.#timer ??= setInterval(() => this.look(), EVERY_MS).unref();
  }

  /** Looks, one period after the last time, whether there is anything to give back and nothing else to do. */
  look(): void {
    const { youngBytes, oldBytes, busyMs } = this.#heap.read();
    const workedMs = busyMs - this.#busyMs;
    this.#busyMs = busyMs;
    this.#quietLooks = workedMs < QUIET_MS ? this.#quietLooks + 1 : 0;
    if (this.#quietLooks >= QUIET_LOOKS && youngBytes >= GROWN_BYTES && oldBytes <= MOST_BYTES) this.#heap.collect();
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
