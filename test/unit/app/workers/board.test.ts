import { describe, expect, it } from 'vitest';
import { Board } from '../../../../src/app/workers/board.ts';
import type { TransitionNews } from '../../../../src/app/workers/protocol.ts';
import type { BreakerState } from '../../../../src/model/events.ts';
import { FakeClock } from '../../policy/fixtures.ts';

const PLACE = { upstream: 'api', breaker: 'default', authority: 'a.example' };

function isolated(state: BreakerState = 'isolated'): TransitionNews {
  const position = { ...PLACE, state, openForMs: 0, askedForMs: 0, dueForMs: 0, reopened: 0 };
  return { transition: { ...PLACE, from: 'closed', to: state, reason: 'by hand', cause: 'manual' }, position };
}

function made() {
  const told: string[] = [];
  const board = new Board({
    clock: new FakeClock(),
    changed: ({ from, to }) => told.push(`${from} -> ${to}`),
    tell: () => undefined,
    askBack: () => Promise.resolve(0),
  });
  return { board, told };
}

describe('the board after a reload', () => {
  it('forgets a breaker that no worker has any more, and tells of one of that name anew', () => {
    const { board, told } = made();
    board.changed(isolated(), 1);
    board.keep([{ ...PLACE, authority: 'b.example' }], board.mark);
    expect(board.positions).toEqual([]);
    board.changed(isolated(), 1);
    expect(told).toEqual(['closed -> isolated', 'closed -> isolated']);
  });

  it('keeps what a worker still has, and what has changed since it was asked for', () => {
    const { board, told } = made();
    const before = board.mark;
    board.changed(isolated(), 1);
    board.keep([], before);
    board.keep([PLACE], board.mark);
    expect(board.positions).toMatchObject([{ state: 'isolated' }]);
    board.changed(isolated(), 2);
    expect(told).toEqual(['closed -> isolated']);
  });
});
