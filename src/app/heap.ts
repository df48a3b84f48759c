import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Bytes of bodies after which the young generation is collected. */
const BODY_BYTES = 8 * 1024 * 1024;

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
