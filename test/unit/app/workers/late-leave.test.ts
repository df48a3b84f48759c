import { describe, expect, it } from 'vitest';
import { Board } from '../../../../src/app/workers/board.ts';
import { Breaker, type Permit } from '../../../../src/policy/breaker/breaker.ts';
import { BREAKER_OPTIONS, FakeClock } from '../../policy/fixtures.ts';

const PLACE = { upstream: 'api', breaker: 'default', authority: 'a.example' };

/** A worker whose messages wait, both ways, until they are delivered: in their order. */
class Distant {
  readonly breaker: Breaker;
  readonly #in: (() => void)[] = [];
  readonly #out: (() => void)[] = [];

  constructor(board: Board, id: number, clock: FakeClock) {
    this.breaker = new Breaker(
      BREAKER_OPTIONS,
      clock,
      (from, to, reason, cause) => {
        const news = { transition: { ...PLACE, from, to, reason, cause }, position: { ...PLACE, ...this.breaker.export() } };
        this.#out.push(() => board.changed(news, id));
      },
      {
        dirty: () => undefined,
        prolonged: () => undefined,
        claim: (purpose) =>
          new Promise((resolve) => {
            this.#out.push(() => void board.claim(PLACE, id, purpose).then((good) => this.tell(() => resolve(good))));
          }),
      },
    );
  }

  /** Has it hear of something. */
  tell(heard: () => void): void {
    this.#in.push(heard);
  }

  /** The primary hears what it said. */
  async sends(): Promise<void> {
    for (const sent of this.#out.splice(0)) sent();
    await settled();
  }

  /** It hears what waits for it. All at once: promises go on after that. */
  async hears(): Promise<void> {
    for (const heard of this.#in.splice(0)) heard();
    await settled();
  }
}

async function settled(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

function two(): { readonly clock: FakeClock; readonly first: Distant; readonly second: Distant; readonly both: () => Promise<void> } {
  const clock = new FakeClock();
  const workers: Distant[] = [];
  const board = new Board({
    clock,
    changed: () => undefined,
    tell: (position, by) => workers.forEach((worker, id) => id !== by && worker.tell(() => worker.breaker.follow(position))),
    askBack: (worker, _place, purpose) => new Promise((resolve) => workers[worker]?.tell(() => resolve(workers[worker]?.breaker.yield(purpose)))),
  });
  const [first, second] = [new Distant(board, 0, clock), new Distant(board, 1, clock)];
  workers.push(first, second);
  const both = async (): Promise<void> => {
    for (let i = 0; i < 4; i++) for (const worker of workers) await worker.sends().then(() => worker.hears());
  };
  return { clock, first, second, both };
}

/** Both open, their time over, and the second tries. */
async function tried() {
  const { clock, first, second, both } = two();
  first.breaker.trip();
  await both();
  clock.advance(BREAKER_OPTIONS.openForMs);
  const asked = second.breaker.admitShared();
  await both();
  return { clock, first, second, both, trial: (await asked) as Permit };
}

describe('the leave to let probes through', () => {
  it('is free again where it is given to a worker that does not want it any more', async () => {
    const { clock, first, second, both, trial } = await tried();
    const late = first.breaker.admitShared();
    second.breaker.report(trial, 'failure', 'x');
    await second.sends();
    await both();
    expect(await late).toBeUndefined();
    clock.advance(BREAKER_OPTIONS.openMaxMs);
    const asked = second.breaker.admitShared();
    await both();
    expect(await asked).toBeDefined();
  });

  it('is not given where the breaker opens while the worker that has it is asked for it', async () => {
    const { first, second, both, trial } = await tried();
    const asked = first.breaker.admitShared();
    await first.sends();
    second.breaker.report(trial, 'failure', 'x');
    await both();
    expect(await asked).toBeUndefined();
    expect([first.breaker.state, second.breaker.state]).toEqual(['open', 'open']);
  });

  it('is not given on by a worker that it is just coming to', async () => {
    const { clock, first, second, both } = two();
    first.breaker.trip();
    await both();
    clock.advance(BREAKER_OPTIONS.openForMs);
    const asked = [first.breaker.admitShared(), second.breaker.admitShared()];
    // the leave and the question for it come to the first together
    await first.sends();
    await second.sends();
    await both();
    expect((await Promise.all(asked)).map((permit) => permit !== undefined)).toEqual([true, false]);
  });
});
