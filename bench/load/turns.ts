import { quantile } from '../lib/stats.ts';
import { Line, open, requestBytes } from './connection.ts';
import { offsetsMs, shuffled } from './schedule.ts';
import type { JointSpec, LoadResult, Target } from './spec.ts';
import { Tally } from './tally.ts';

/** Timers of Node are a millisecond late at worst: the last stretch before a sending is waited out turn by turn. */
const SPIN_MS = 1.5;
/** Rounds that tell how long each target typically takes. */
const TRIALS = 20;
/** The order is another one after so many seconds. */
const STRETCH_SECONDS = 0.5;
/** Later than this part of a period, the whole schedule moves: no target is asked sooner after its last request than a period. */
const LATE = 0.05;
/** A restless machine may stretch the whole to so many times its length; then it ends with fewer requests. */
const MAX_STRETCHED = 1.5;
/** An answer that takes longer than this is none. */
const PATIENCE_MS = 5000;

/** One target: its connection, which is opened again where it breaks, and what came of its requests. */
class Partner {
  tally = new Tally();
  readonly #target: Target;
  readonly #bytes: Buffer;
  #line: Line | undefined;

  constructor(target: Target) {
    this.#target = target;
    this.#bytes = requestBytes(target);
  }

  /** One request and its whole answer. Milliseconds from the sending; none where it failed, which is counted. */
  async ask(): Promise<number | undefined> {
    const line = this.#line ?? (await this.#opened());
    if (line === undefined) return undefined;
    const sentAt = performance.now();
    const status = await line.ask(this.#bytes);
    const tookMs = performance.now() - sentAt;
    this.tally.addStatus(status, tookMs);
    if (line.socket.destroyed) this.#line = undefined;
    return status === 200 ? tookMs : undefined;
  }

  leave(): void {
    this.#line?.socket.destroy();
  }

  async #opened(): Promise<Line | undefined> {
    try {
      const socket = await open(this.#target);
      socket.setTimeout(PATIENCE_MS, () => socket.destroy());
      return (this.#line = new Line(socket));
    } catch {
      this.tally.errors++;
      return undefined;
    }
  }
}

/**
 * Each target has one keep-alive connection and is asked at an even rate; between its requests all others have their turn, in an order that changes, and
 * none is asked while another works. So all of them meet the same machine within milliseconds. Latency is from the sending to the end of the answer.
 */
export async function turns(spec: JointSpec & { kind: 'turns' }): Promise<readonly LoadResult[]> {
  const partners = spec.targets.map((target) => new Partner(target));
  const typicalMs = await trial(partners);
  for (const partner of partners) partner.tally = new Tally();
  const periodMs = 1000 / spec.perSecond;
  const stretch = Math.max(1, Math.round(spec.perSecond * STRETCH_SECONDS));
  let begin = performance.now() + periodMs;
  const latest = begin + spec.seconds * 1000 * MAX_STRETCHED;
  for (let period = 0; period < spec.perSecond * spec.seconds && begin < latest; period += stretch) {
    const order = shuffled(partners.length, Math.random);
    begin = await ofStretch(partners, order, { begin, periodMs, periods: stretch, offsets: offsetsMs(order, typicalMs, periodMs) });
  }
  for (const partner of partners) partner.leave();
  return partners.map(({ tally }) => tally.result());
}

/** What each target takes, in the middle, of a few requests at leisure. */
async function trial(partners: readonly Partner[]): Promise<number[]> {
  const took = partners.map((): number[] => []);
  for (let n = 0; n < TRIALS; n++) {
    for (const at of shuffled(partners.length, Math.random)) {
      const ms = await partners[at]?.ask();
      if (ms !== undefined) took[at]?.push(ms);
    }
  }
  return took.map((some) => (some.length === 0 ? 0 : quantile(some, 0.5)));
}

interface Stretch {
  readonly begin: number;
  readonly periodMs: number;
  readonly periods: number;
  readonly offsets: readonly number[];
}

/** Some periods with one order. When the next one is to begin. */
async function ofStretch(partners: readonly Partner[], order: readonly number[], { begin, periodMs, periods, offsets }: Stretch): Promise<number> {
  let from = begin;
  for (let period = 0; period < periods; period++) {
    for (const at of order) {
      const intended = from + (offsets[at] ?? 0);
      await reach(intended);
      const lateMs = performance.now() - intended;
      if (lateMs > periodMs * LATE) from += lateMs;
      await partners[at]?.ask();
    }
    from += periodMs;
  }
  return from;
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
