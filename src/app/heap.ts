import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** How much the old generation may grow over what lives in it, in percent, before it is collected. */
const GROWTH_PERCENT = 120;
/** Bytes of bodies after which the young generation is collected. */
const BODY_BYTES = 8 * 1024 * 1024;

/**
 * Sets how V8 keeps the heap of this process: called once, by the program.
 *
 * The old generation is collected sooner than V8 would by itself, which lets the heap grow to several times of what lives: some 50 MB less resident after load, at no cost of CPU that could be
 * measured. Much less room than this costs more than it saves, since what bodies come in counts as growth too.
 *
 * V8 does not collect because the process is quiet: no request is under way then, so that the shapes of all objects of a request would go, and with the shapes the compiled code. The next second
 * would cost half as much again, and a proxy with little to do is quiet nearly always. What load has left behind is given back once (quiet-heap.ts).
 */
export function settleHeap(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWTH_PERCENT}`);
  setFlagsFromString('--no-memory-reducer');
}

/**
 * Takes back the memory that bodies came in. V8 collects its young generation by the objects in it, which are few and small where bodies are large: by then some hundred megabytes
 * of buffers that nobody needs wait for it, are taken for growth of the old generation, and have that collected some thirty times a second.
 */
export class BodyMemory {
  readonly #collect: () => void;
  #bytes = 0;

  /** `collect`: collects the young generation. */
  constructor(collect: () => void) {
    this.#collect = collect;
  }

  /** So many bytes of a body have passed. */
  readonly passed = (bytes: number): void => {
    this.#bytes += bytes;
    if (this.#bytes < BODY_BYTES) return;
    this.#bytes = 0;
    this.#collect();
  };
}

/** Collects the young generation: half a millisecond. */
export function youngCollector(): () => void {
  const collect = collector();
  return () => collect({ type: 'minor' });
}

/** V8's collector, told what to collect. Node has no other way to it than the function that a flag makes in a new context, made when it is first wanted. */
export function collector(): (what: NodeJS.GCOptions) => void {
  let collect: NodeJS.GCFunction | undefined;
  return (what) => {
    if (collect === undefined) {
      setFlagsFromString('--expose-gc');
      collect = runInNewContext('gc') as NodeJS.GCFunction;
    }
    collect(what);
  };
}
