import { describe, expect, it } from 'vitest';
import { AnswerBatch, type ReadyAnswer } from '../../../src/listen/answer-batch.ts';
import { FakeClock } from '../policy/fixtures.ts';

function make() {
  const clock = new FakeClock();
  const batch = new AnswerBatch(clock);
  const done: string[] = [];
  const answer = (name: string, fails?: 'send' | 'sent'): ReadyAnswer => ({
    send: () => {
      if (fails === 'send') throw new Error(name);
      done.push(`send ${name}`);
    },
    sent: () => {
      if (fails === 'sent') throw new Error(name);
      done.push(`sent ${name}`);
    },
    bug: (error) => void done.push(`bug ${(error as Error).message}`),
  });
  return { clock, batch, done, answer };
}

const [A, B] = [{ of: 'a' }, { of: 'b' }];
/** The end of this turn of the event loop. */
const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

describe('answers that are ready', () => {
  it('go out at once where they come alone', async () => {
    const { clock, batch, done, answer } = make();
    batch.add(answer('1'), A);
    expect(done).toEqual(['send 1', 'sent 1']);
    clock.advance(1);
    batch.add(answer('2'), B);
    expect(done).toEqual(['send 1', 'sent 1', 'send 2', 'sent 2']);
    await turn();
    expect(done).toHaveLength(4);
  });

  it('go out at once, one after the other, on one connection that is alone', () => {
    const { batch, done, answer } = make();
    for (const name of ['1', '2', '3']) batch.add(answer(name), A);
    expect(done).toEqual(['send 1', 'sent 1', 'send 2', 'sent 2', 'send 3', 'sent 3']);
  });

  it('go out together, in their order, where several clients are answered at a time', async () => {
    const { batch, done, answer } = make();
    batch.add(answer('1'), A);
    batch.add(answer('2'), B);
    batch.add(answer('3'), B);
    batch.add(answer('4'), A);
    expect(done).toEqual(['send 1', 'sent 1']);
    await turn();
    expect(done.slice(2)).toEqual(['send 2', 'send 3', 'send 4', 'sent 2', 'sent 3', 'sent 4']);
    batch.add(answer('5'), B);
    await turn();
    expect(done.slice(8)).toEqual(['send 5', 'sent 5']);
  });

  it('do not suffer from one with which something goes wrong', async () => {
    const { batch, done, answer } = make();
    batch.add(answer('1'), A);
    batch.add(answer('2', 'send'), B);
    batch.add(answer('3', 'sent'), A);
    batch.add(answer('4'), B);
    await turn();
    expect(done.slice(2)).toEqual(['bug 2', 'send 3', 'send 4', 'sent 2', 'bug 3', 'sent 4']);
  });

  it('tell who gave them of what goes wrong at once', () => {
    const { batch, answer } = make();
    expect(() => batch.add(answer('1', 'send'), A)).toThrow('1');
  });
});
