import { setFlagsFromString } from 'node:v8';

/** How much the old generation may grow over what lives in it, in percent, before it is collected. */
const GROWTH_PERCENT = 120;
/** Calls of a function after which it is worth V8's best compiler, instead of 3,000. */
const CALLS = 300;

/**
 * Has V8 compile for good what is called a few hundred times. After the start, of which it would be a seventh: what starts runs once.
 *
 * Few requests are the normal case: by V8's own measure most of what a request runs through would wait thousands of requests, an hour or a day, for the best compiler. Compiled early it is inlined early too, into fewer and
 * larger pieces, and what runs fifty times a second and is in no cache of the processor any more costs by the piece.
 */
export function compileEarly(): void {
  setFlagsFromString(`--invocation-count-for-turbofan=${CALLS}`);
}

/**
 * Sets how V8 keeps the heap of this process: called once, by the program.
 *
 * The old generation is collected sooner than V8 would by itself, which lets the heap grow to several times of what lives: some 50 MB less resident after load, at no cost of CPU that could be
 * measured. Much less room than this costs more than it saves, since what bodies come in counts as growth too.
 *
 * V8 does not collect all of it because the process is quiet: no request is under way then, so that the shapes of all objects of a request would go, and with the shapes the compiled code. The next second
 * would cost half as much again, and a proxy with little to do is quiet nearly always. What load has left behind is given back once it is over (quiet-heap.ts).
 */
export function settleEngine(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWTH_PERCENT}`);
  setFlagsFromString('--no-memory-reducer');
}
