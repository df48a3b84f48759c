import { askOnce, Line, open, requestBytes } from './connection.ts';
import type { JointSpec, LoadResult, LoadSpec, Target } from './spec.ts';
import { shuffled } from './schedule.ts';
import { Tally } from './tally.ts';

const PASSES = 4;

/** As many requests as go: every connection sends its next one when the last has been answered. */
export async function closedLoop(spec: LoadSpec & { kind: 'closed' }): Promise<LoadResult> {
  const fresh = spec.fresh === true;
  const lines = fresh ? [] : await Promise.all(Array.from({ length: spec.connections }, async () => new Line(await open(spec.target))));
  const tally = new Tally();
  const until = performance.now() + spec.seconds * 1000;
  await Promise.all(
    Array.from({ length: spec.connections }, (_, at) => (fresh ? askAfresh(spec.target, until, tally) : askOn(lines[at], spec.target, until, tally))),
  );
  for (const line of lines) line.socket.destroy();
  return tally.result();
}

/**
 * The same for several targets, one after another, in several passes of another order each: so none is always the one that has rested longest. How many
 * requests each has answered, in all passes; none where it did not answer.
 */
export async function closedLoops({ targets, connections, seconds }: JointSpec & { kind: 'each' }): Promise<readonly number[]> {
  const done = targets.map(() => 0);
  for (let pass = 0; pass < PASSES; pass++) {
    for (const at of shuffled(targets.length, Math.random)) {
      const target = targets[at];
      if (target === undefined) continue;
      const result = await closedLoop({ kind: 'closed', target, connections, seconds: seconds / PASSES }).catch(() => undefined);
      done[at] = (done[at] ?? 0) + (result?.done ?? 0);
    }
  }
  return done;
}

async function askOn(first: Line | undefined, target: Target, until: number, tally: Tally): Promise<void> {
  const bytes = requestBytes(target);
  let line = first ?? new Line(await open(target));
  for (let now = performance.now(); now < until;) {
    const status = await line.ask(bytes);
    const done = performance.now();
    tally.addStatus(status, done - now);
    if (line.socket.destroyed) line = new Line(await open(target));
    now = done;
  }
  line.socket.destroy();
}

async function askAfresh(target: Target, until: number, tally: Tally): Promise<void> {
  const bytes = requestBytes(target);
  for (let now = performance.now(); now < until; now = performance.now()) tally.addStatus(await askOnce(target, bytes), performance.now() - now);
}
