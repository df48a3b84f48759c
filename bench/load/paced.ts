import { askOnce, Line, open, requestBytes } from './connection.ts';
import type { LoadResult, LoadSpec } from './spec.ts';
import { Tally } from './tally.ts';

/** Timers of Node are a millisecond late at worst: the last stretch before a sending is waited out turn by turn. */
const SPIN_MS = 1.5;

/** Requests at fixed times, on idle connections where there are any; none waits for another. Latency counts from the intended time. */
export async function paced(spec: LoadSpec & { kind: 'paced' }): Promise<LoadResult> {
  const bytes = requestBytes(spec.target);
  const idle: Line[] = [];
  const tally = new Tally();
  const underWay: Promise<void>[] = [];
  const begin = performance.now() + 100;
  const send = async (intended: number): Promise<void> => {
    if (spec.fresh === true) return tally.addStatus(await askOnce(spec.target, bytes), performance.now() - intended);
    const line = idle.pop() ?? new Line(await open(spec.target));
    const status = await line.ask(bytes);
    tally.addStatus(status, performance.now() - intended);
    if (!line.socket.destroyed) idle.push(line);
  };
  for (let n = 0; n < spec.perSecond * spec.seconds; n++) {
    const intended = begin + (n * 1000) / spec.perSecond;
    await reach(intended);
    underWay.push(send(intended).catch(() => void tally.errors++));
  }
  await Promise.all(underWay);
  for (const line of idle) line.socket.destroy();
  return tally.result();
}

function reach(time: number): Promise<void> {
  return new Promise((resolve) => {
    const spin = (): void => {
      if (performance.now() >= time) resolve();
      else setImmediate(spin);
    };
    const early = time - performance.now() - SPIN_MS;
    if (early > 0) setTimeout(spin, early);
    else spin();
  });
}
