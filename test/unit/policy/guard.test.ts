import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Exchange } from '../../../src/model/exchange.ts';
import { headerValue } from '../../../src/model/headers.ts';
import type { Answered } from '../../../src/model/service.ts';
import { guard } from '../../../src/policy/guard.ts';
import { EventReader } from '../../../src/policy/stream-end.ts';
import { exchangeOf, FakeClock, Notes } from './fixtures.ts';
import { Reading, ScriptedBody, streaming } from './scripted-body.ts';

const SSE = ['content-type', 'text/event-stream; charset=utf-8'];
const PART = 'data: {"candidates":[{"content":{"parts":[{"text":"hi"}]}}]}\r\n\r\n';
const LAST = 'data: {"candidates":[{"finishReason":"STOP"}]}\r\n\r\n';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

function setUp(
  body: ScriptedBody,
  { headers = SSE, status = 200, observe = false, terminator = ['candidates[*].finishReason', 'promptFeedback.blockReason'] } = {},
) {
  const notes = new Notes();
  const clock = new FakeClock();
  const reader = new EventReader({ terminator, done: undefined, error: 'error.code' });
  const asked: Exchange[] = [];
  const run = guard(
    { reader, firstEventMs: 1000, observe },
    { observer: notes, clock },
  )((exchange) => {
    asked.push(exchange);
    return Promise.resolve(streaming(status, headers, body));
  });
  return { run, notes, asked, clock };
}

/** Lets what is due in this turn of the event loop happen. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** A stream whose first words have reached the client, and what the upstream does then. */
async function begun(first: string, then: (body: ScriptedBody) => void) {
  const body = new ScriptedBody().push(first);
  const { run, notes } = setUp(body);
  const reading = Reading.of(await run(exchangeOf()));
  then(body);
  return { reading, notes };
}

/** Whether a promise has settled by now. */
async function isSettled(outcome: Answered): Promise<boolean> {
  let settled = false;
  void Promise.resolve(outcome).then(() => (settled = true));
  await turn();
  return settled;
}

describe('a guarded stream', () => {
  it('begins with its first whole event, and passes every chunk on as it is', async () => {
    const body = new ScriptedBody();
    const outcome = setUp(body).run(exchangeOf());
    expect(await isSettled(outcome)).toBe(false);
    body.push(PART.slice(0, 20));
    expect(await isSettled(outcome)).toBe(false);
    body.push(PART.slice(20));
    const reading = Reading.of(await outcome);
    body.push('data: {"x"').push(':1}\r\n\r\n');
    expect(reading.chunks).toEqual([PART.slice(0, 20), PART.slice(20), 'data: {"x"', ':1}\r\n\r\n']);
    body.push(LAST).end();
    expect(reading.ended).toBe('end');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('that breaks before its first event can be sent again', async () => {
    expect(await setUp(new ScriptedBody().push('data: {"can').cut()).run(exchangeOf())).toMatchObject({
      type: 'failure',
      replay: 'ambiguous',
      kind: 'reset',
    });
  });

  it('that has no event in time is a timeout that can be sent again, and lets go of its connection', async () => {
    const body = new ScriptedBody();
    const outcome = setUp(body).run(exchangeOf());
    await vi.advanceTimersByTimeAsync(1000);
    expect(await outcome).toMatchObject({ kind: 'timeout', replay: 'ambiguous', code: 'http_response_timeout' });
    expect(body.aborted).toBe(true);
  });

  it('has no event later than total either, though it streams', async () => {
    const body = new ScriptedBody();
    const { run, clock } = setUp(body);
    const exchange = exchangeOf();
    exchange.streaming = true;
    exchange.deadlineAt = clock.now() + 300;
    const outcome = run(exchange);
    await vi.advanceTimersByTimeAsync(299);
    expect(await isSettled(outcome)).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(await outcome).toMatchObject({ kind: 'timeout', replay: 'ambiguous', code: 'http_response_timeout', limit: 'total' });
    expect(body.aborted).toBe(true);
  });

  it('that has begun goes on beyond total', async () => {
    const body = new ScriptedBody().push(PART);
    const { run, clock } = setUp(body);
    const exchange = exchangeOf();
    exchange.streaming = true;
    exchange.deadlineAt = clock.now() + 300;
    const reading = Reading.of(await run(exchange));
    await vi.advanceTimersByTimeAsync(5000);
    body.push(LAST).end();
    expect(reading.text).toBe(PART + LAST);
    expect(body.aborted).toBe(false);
  });

  it.each([
    ['in an event', 'data: {"error":{"code":503,"status":"UNAVAILABLE"}}\r\n\r\n'],
    ['bare', '{"error":{"code":503,"status":"UNAVAILABLE"}}\n\n'],
    ['bare at the end', '{"error":{"code":503,"status":"UNAVAILABLE"}}'],
  ])('whose first word is an error %s counts as an answer of that status', async (_where, text) => {
    const body = new ScriptedBody().push(text).end();
    const outcome = await setUp(body).run(exchangeOf());
    expect(outcome).toMatchObject({ type: 'reply', status: 503, source: 'upstream' });
    expect(Reading.of(outcome).text).toBe('{"error":{"code":503,"status":"UNAVAILABLE"}}');
    await turn();
    expect(body.aborted).toBe(true);
  });

  it('that ends without its last event breaks for the client, never ends', async () => {
    const { reading, notes } = await begun(PART, (body) => body.end());
    expect(reading).toMatchObject({ text: PART, ended: { code: 'http_response_incomplete', replay: 'cut' } });
    expect(notes.acts).toEqual(['guard: broken_off']);
  });

  it('that ends before anything came can be sent again', async () => {
    expect(await setUp(new ScriptedBody().end()).run(exchangeOf())).toMatchObject({ type: 'failure', replay: 'ambiguous' });
    expect(await setUp(new ScriptedBody().end(), { terminator: [] }).run(exchangeOf())).toMatchObject({ type: 'reply' });
  });

  it.each([
    ['its last event', PART + LAST],
    ['a blocked prompt', 'data: {"promptFeedback":{"blockReason":"SAFETY"}}\r\n\r\n'],
    ['an error that the client was told', `${PART}data: {"error":{"code":500}}\r\n\r\n`],
    ['a last event without its blank line', PART + LAST.trimEnd()],
  ])('ends well with %s', async (_what, text) => {
    expect(Reading.of(await setUp(new ScriptedBody().push(text).end()).run(exchangeOf()))).toMatchObject({ text, ended: 'end' });
  });

  it('is not fooled by the name of the end in a text', async () => {
    const text = 'data: {"candidates":[{"content":{"parts":[{"text":"the \\"finishReason\\" is"}]}}]}\r\n\r\n';
    const { reading } = await begun(text, (body) => body.end());
    expect(reading).toMatchObject({ text, ended: { replay: 'cut' } });
  });

  it('that breaks later breaks for the client', async () => {
    const { reading } = await begun(PART, (body) => body.cut());
    expect(reading).toMatchObject({ text: PART, ended: { replay: 'cut' } });
  });

  it('that is cut right after its first event, before the client has seen any of it, can be sent again', async () => {
    expect(await setUp(new ScriptedBody().push(PART).end()).run(exchangeOf())).toMatchObject({ type: 'failure', replay: 'ambiguous' });
    expect(await setUp(new ScriptedBody().push(PART).cut()).run(exchangeOf())).toMatchObject({ type: 'failure', replay: 'ambiguous' });
  });

  it('asks for no content coding, and leaves a coded stream alone', async () => {
    const { run, asked } = setUp(new ScriptedBody(), { headers: [...SSE, 'content-encoding', 'gzip'] });
    expect(await run(exchangeOf({ headers: ['accept-encoding', 'gzip, br'] }))).toMatchObject({ type: 'reply' });
    expect(headerValue(asked[0]?.headers ?? [], 'accept-encoding')).toBe('identity');
  });

  it('leaves other answers alone', async () => {
    for (const other of [{ headers: ['content-type', 'application/json'] }, { status: 500 }]) {
      const body = new ScriptedBody();
      const outcome = await setUp(body, other).run(exchangeOf());
      expect(outcome.type === 'reply' && outcome.body).toBe(body);
    }
  });

  it('holds the upstream back while the client does not read, and lets go when it leaves', async () => {
    const body = new ScriptedBody();
    const pending = setUp(body).run(exchangeOf());
    body.push(PART);
    const outcome = await pending;
    if (outcome.type === 'failure') throw new Error(outcome.detail);
    body.push(`data: ${'x'.repeat(300 * 1024)}\n\n`);
    expect(body.calls).toEqual(['pause']);
    outcome.body.start({ onData: () => false, onEnd: () => undefined, onError: () => undefined });
    expect(body.calls.at(-1)).toBe('pause');
    outcome.body.abort();
    expect(body.aborted).toBe(true);
  });

  it('is only counted when it is observed', async () => {
    const { run, notes } = setUp(new ScriptedBody().push(PART).end(), { observe: true });
    expect(Reading.of(await run(exchangeOf()))).toMatchObject({ text: PART, ended: 'end' });
    expect(notes.would).toEqual(['guard: broken_off']);
  });
});
