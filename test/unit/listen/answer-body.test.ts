import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AnswerBody } from '../../../src/listen/answer-body.ts';
import type { BodySource } from '../../../src/model/body.ts';
import type { Failure } from '../../../src/model/failure.ts';
import { exchangeOf } from '../policy/fixtures.ts';

const PIECE = Buffer.alloc(256 * 1024);
const STALL_MS = 1000;

/** A body on its way to a client that takes nothing by itself. */
function answering(): { body: AnswerBody; response: ServerResponse; resumed: () => number; ended: (Failure | undefined)[] } {
  const response = new ServerResponse(new IncomingMessage(new Socket()));
  let resumes = 0;
  const source: BodySource = {
    whole: () => undefined,
    start: () => undefined,
    pause: () => undefined,
    resume: () => void resumes++,
    abort: () => undefined,
  };
  const ended: (Failure | undefined)[] = [];
  const body = new AnswerBody(
    response,
    exchangeOf(),
    source,
    { bodyless: false, length: undefined, stallMs: STALL_MS, passed: () => undefined },
    (failure) => ended.push(failure),
  );
  return { body, response, resumed: () => resumes, ended };
}

describe('a client that reads slowly', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('is waited for anew after each piece that it has taken, long pauses between them included', () => {
    const { body, response, resumed, ended } = answering();
    for (let i = 0; i < 3; i++) {
      expect(body.onData(PIECE)).toBe(false);
      vi.advanceTimersByTime(STALL_MS - 1);
      response.emit('drain');
      vi.advanceTimersByTime(3 * STALL_MS);
    }
    expect([resumed(), ended]).toEqual([3, []]);
  });

  it('is given up when it takes nothing for the whole time, also after it has taken something', () => {
    const { body, response, ended } = answering();
    body.onData(PIECE);
    response.emit('drain');
    vi.advanceTimersByTime(2 * STALL_MS);
    body.onData(PIECE);
    vi.advanceTimersByTime(STALL_MS - 1);
    expect(ended).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(ended.map((failure) => failure?.code)).toEqual(['client_closed']);
  });
});
