import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../../src/model/clock.ts';
import type { Exchange } from '../../../src/model/exchange.ts';
import type { Failure } from '../../../src/model/failure.ts';
import { headerValue } from '../../../src/model/headers.ts';
import type { Outcome, Reply } from '../../../src/model/outcome.ts';
import type { Answered } from '../../../src/model/service.ts';
import { Ledger } from '../../../src/policy/ledger.ts';
import { resend, type ResendOptions } from '../../../src/policy/resend.ts';
import { answered, exchangeOf, failed, Notes } from './fixtures.ts';
import { Reading, ScriptedBody, streaming } from './scripted-body.ts';

const OPTIONS: ResendOptions = {
  windowMs: 30_000,
  lateMs: 30_000,
  onUnknown: 'send',
  maxAnswerBytes: 1024,
  maxEntries: 100,
  repeatable: undefined,
  observe: false,
};
const TIMEOUT = failed({ code: 'http_response_timeout', kind: 'timeout', detail: 'headers timeout' });

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** An upstream that answers when the test says so; each call is one send. */
function setUp(options: Partial<ResendOptions> = {}, judge: (reply: Reply) => Outcome = (reply) => reply) {
  const notes = new Notes();
  const ledger = new Ledger(systemClock);
  const sends: { readonly exchange: Exchange; readonly answer: (outcome: Outcome) => void }[] = [];
  const layer = resend(
    { ...OPTIONS, ...options },
    { clock: systemClock, observer: notes, ledger: () => ledger, judge: (_exchange, late) => Promise.resolve(judge(late)) },
  );
  const run = layer(
    (exchange) =>
      new Promise((resolve) => {
        sends.push({ exchange, answer: resolve });
        if (options.observe === true)
          exchange.onAbort(() => resolve(failed({ kind: 'aborted', own: true, code: 'client_closed', replay: 'answered' })));
      }),
  );
  /** A client that hangs up at once. */
  const leave = (gone = message()): void => {
    void run(gone);
    gone.abort();
  };
  return { run, leave, sends, notes };
}

function message(body = '{"to":"48","text":"ok"}', headers: string[] = ['authorization', 'Bearer a']): Exchange {
  return exchangeOf({ method: 'POST', path: '/v23.0/1/messages', headers, body });
}

async function textOf(outcome: Answered): Promise<string> {
  const found = await outcome;
  return found.type === 'failure' ? `failure: ${found.detail}` : Reading.of(found).text;
}

async function settle(): Promise<void> {
  await vi.advanceTimersByTimeAsync(0);
}

describe('no second send', () => {
  it('sends twice what is said twice on purpose: both got their answers', async () => {
    const { run, sends, notes } = setUp();
    const first = run(message());
    sends[0]?.answer(answered(200, 'wamid.1'));
    expect(await textOf(first)).toBe('wamid.1');
    const second = run(message());
    sends[1]?.answer(answered(200, 'wamid.2'));
    expect(await textOf(second)).toBe('wamid.2');
    expect(notes.prevented).toEqual([]);
  });

  it('sends twice what two clients say at the same time', () => {
    const { run, sends } = setUp();
    void run(message());
    void run(message());
    expect(sends).toHaveLength(2);
  });

  it('goes on when the client leaves, and gives its answer to the same request', async () => {
    const { run, sends, notes } = setUp();
    const gone = message();
    const first = run(gone);
    gone.abort();
    expect(gone.outcomeUnknown).toBe(true);
    expect(sends[0]?.exchange.aborted).toBe(false);
    sends[0]?.answer(answered(200, 'wamid.1', ['content-type', 'application/json']));
    await first;
    const again = await run(message());
    expect(again).toMatchObject({
      status: 200,
      source: 'upstream',
      headers: ['content-type', 'application/json', 'x-breakwater-duplicate', 'replayed'],
    });
    expect(await textOf(Promise.resolve(again))).toBe('wamid.1');
    expect(sends).toHaveLength(1);
    expect(notes.prevented).toEqual(['replayed']);
  });

  it('lets the same request join a call that is still under way', async () => {
    const { run, leave, sends, notes } = setUp();
    leave();
    const joined = run(message());
    await settle();
    sends[0]?.answer(answered(200, 'wamid.1'));
    expect(await textOf(joined)).toBe('wamid.1');
    expect(sends).toHaveLength(1);
    expect(notes.prevented).toEqual(['joined']);
  });

  it('is over once the second client has its answer: a third request is a new message', async () => {
    const { run, leave, sends } = setUp();
    leave();
    sends[0]?.answer(answered(200, 'wamid.1'));
    await settle();
    expect(await textOf(run(message()))).toBe('wamid.1');
    void run(message());
    expect(sends).toHaveLength(2);
  });

  it('is not over when the second client leaves as well', async () => {
    const { run, leave, sends } = setUp();
    leave();
    const second = message();
    const joined = run(second);
    await settle();
    second.abort();
    expect(await joined).toMatchObject({ code: 'client_closed' });
    const third = run(message());
    await settle();
    sends[0]?.answer(answered(200, 'wamid.1'));
    expect(await textOf(third)).toBe('wamid.1');
    expect(sends).toHaveLength(1);
  });

  it('gives each of two lost clients an answer of its own', async () => {
    const { run, sends } = setUp();
    const lost = [message(), message()];
    for (const one of lost) void run(one);
    for (const one of lost) one.abort();
    sends[0]?.answer(answered(200, 'wamid.1'));
    sends[1]?.answer(answered(200, 'wamid.2'));
    await settle();
    expect([await textOf(run(message())), await textOf(run(message()))]).toEqual(['wamid.1', 'wamid.2']);
    expect(sends).toHaveLength(2);
  });

  it.each([
    ['another body', message('{"to":"49"}')],
    ['another credential', message(undefined, ['authorization', 'Bearer b'])],
    [
      'another path',
      exchangeOf({ method: 'POST', path: '/v23.0/2/messages', headers: ['authorization', 'Bearer a'], body: '{"to":"48","text":"ok"}' }),
    ],
  ])('sends what has %s', async (_what, other) => {
    const { run, leave, sends } = setUp();
    leave();
    sends[0]?.answer(answered(200));
    await settle();
    void run(other);
    expect(sends).toHaveLength(2);
  });

  it('forgets after the window, which begins when the answer has come', async () => {
    const { run, leave, sends } = setUp();
    leave();
    await vi.advanceTimersByTimeAsync(60_000);
    sends[0]?.answer(answered(200, 'wamid.1'));
    await vi.advanceTimersByTimeAsync(29_000);
    expect(await textOf(run(message()))).toBe('wamid.1');
    const other = setUp();
    other.leave();
    other.sends[0]?.answer(answered(200, 'wamid.1'));
    await vi.advanceTimersByTimeAsync(30_001);
    void other.run(message());
    expect(other.sends).toHaveLength(2);
  });

  it('sends again what had no effect', async () => {
    for (const replay of ['unsent', 'refused'] as const) {
      const { run, leave, sends } = setUp();
      leave();
      const joined = run(message());
      await settle();
      sends[0]?.answer(failed({ replay }));
      await settle();
      expect(sends).toHaveLength(2);
      sends[1]?.answer(answered(200, 'wamid.2'));
      expect(await textOf(joined)).toBe('wamid.2');
    }
  });

  it('leaves reads and what may be repeated alone, but not what has an Idempotency-Key', () => {
    const { run, sends } = setUp();
    const keyed = message('{}', ['idempotency-key', 'k']);
    for (const exchange of [exchangeOf(), exchangeOf({ method: 'PUT' }), keyed]) void run(exchange);
    expect(sends.map(({ exchange }) => exchange.root === exchange)).toEqual([true, true, false]);
  });

  it('lets a body that streams pass as it is', () => {
    const { run, sends } = setUp();
    const upload = message();
    upload.body = { kind: 'stream', stream: undefined as never, length: 5, started: false };
    void run(upload);
    expect(sends[0]?.exchange).toBe(upload);
  });

  it('keeps a bounded number of requests', async () => {
    const { run, leave, sends } = setUp({ maxEntries: 2 });
    for (let i = 0; i < 5; i++) {
      leave(message(`{"n":${i}}`));
      sends[i]?.answer(answered(200, `wamid.${i}`));
      await settle();
    }
    expect(await textOf(run(message('{"n":4}')))).toBe('wamid.4');
    void run(message('{"n":0}'));
    expect(sends).toHaveLength(6);
  });
});

describe('an unknown outcome', () => {
  it('lets the client send again on purpose, or holds it back, as configured', async () => {
    for (const onUnknown of ['send', 'hold'] as const) {
      const { run, sends, notes } = setUp({ onUnknown });
      const first = run(message());
      sends[0]?.answer(failed());
      expect(await first).toMatchObject({ replay: 'ambiguous' });
      const second = run(message());
      await settle();
      expect(sends).toHaveLength(onUnknown === 'send' ? 2 : 1);
      if (onUnknown === 'send') continue;
      expect(await second).toMatchObject({
        type: 'failure',
        replay: 'ambiguous',
        own: true,
        detail: expect.stringContaining('nobody knows') as string,
      });
      expect(notes.prevented).toEqual(['held']);
    }
  });

  it.each(['unsent', 'refused'] as const)('is what an attempt that may have been done leaves, although the last one was %s', async (replay) => {
    const { run, sends } = setUp({ onUnknown: 'hold' });
    const keyed = (): Exchange => message('{}', ['idempotency-key', 'k']);
    const first = run(keyed());
    sends[0]?.exchange.superseded(failed());
    sends[0]?.answer(failed({ replay, own: true }));
    expect(await first).toMatchObject({ type: 'failure', replay });
    expect(await run(keyed())).toMatchObject({ type: 'failure', replay: 'ambiguous', own: true });
    expect(sends).toHaveLength(1);
  });

  it('becomes known when the answer comes late', async () => {
    const { run, sends, notes } = setUp();
    const first = run(message());
    sends[0]?.exchange.late?.awaited();
    sends[0]?.answer(TIMEOUT);
    expect(await first).toMatchObject({ kind: 'timeout', replay: 'ambiguous' });
    await vi.advanceTimersByTimeAsync(5000);
    sends[0]?.exchange.late?.arrived(answered(200, 'wamid.1'));
    await settle();
    expect(await textOf(run(message()))).toBe('wamid.1');
    expect(sends).toHaveLength(1);
    expect(notes.prevented).toEqual(['replayed']);
    expect(notes.acts).toEqual(['resend: late_answer']);
  });

  it('lets the same request wait for the late answer', async () => {
    const { run, sends } = setUp();
    void run(message());
    sends[0]?.exchange.late?.awaited();
    sends[0]?.answer(TIMEOUT);
    await settle();
    const second = run(message());
    await settle();
    sends[0]?.exchange.late?.arrived(answered(200, 'wamid.1'));
    expect(await textOf(second)).toBe('wamid.1');
    expect(sends).toHaveLength(1);
  });

  it('is told again to who waits until the deadline, and kept for the next', async () => {
    const { run, sends, notes } = setUp();
    void run(message());
    sends[0]?.exchange.late?.awaited();
    sends[0]?.answer(TIMEOUT);
    await settle();
    const waiting = message();
    waiting.deadlineAt = systemClock.now() + 1000;
    const second = run(waiting);
    await vi.advanceTimersByTimeAsync(1000);
    expect(await second).toMatchObject({ replay: 'ambiguous', own: true });
    sends[0]?.exchange.late?.arrived(answered(200, 'wamid.1'));
    await settle();
    expect(await textOf(run(message()))).toBe('wamid.1');
    expect(notes.prevented).toEqual(['held', 'replayed']);
  });

  it('stays unknown when no answer comes, and then the request may be sent again', async () => {
    const { run, sends } = setUp();
    void run(message());
    sends[0]?.exchange.late?.awaited();
    sends[0]?.answer(TIMEOUT);
    await settle();
    sends[0]?.exchange.late?.lost();
    void run(message());
    await settle();
    expect(sends).toHaveLength(2);
  });

  it('lets the request be sent again when the late answer says that nothing was done', async () => {
    const { run, sends } = setUp({}, (reply): Failure => failed({ kind: 'status', replay: 'refused', reply }));
    void run(message());
    sends[0]?.exchange.late?.awaited();
    sends[0]?.answer(TIMEOUT);
    await settle();
    sends[0]?.exchange.late?.arrived(answered(429));
    await settle();
    void run(message());
    await settle();
    expect(sends).toHaveLength(2);
  });

  it('does not let a call go on whose request may be repeated, or where it is switched off', () => {
    const keyed = setUp();
    void keyed.run(message('{}', ['idempotency-key', 'k']));
    const off = setUp({ lateMs: 0 });
    void off.run(message());
    expect([keyed.sends[0]?.exchange.late, off.sends[0]?.exchange.late]).toEqual([undefined, undefined]);
  });

  it('is what an answer that breaks off comes to', async () => {
    const { run, sends } = setUp();
    const first = run(message());
    sends[0]?.answer(streaming(200, [], new ScriptedBody().push('{"messages":[').cut()));
    expect(await first).toMatchObject({ type: 'failure', replay: 'ambiguous', detail: expect.stringContaining('200 broke off') as string });
  });

  it('passes a stream on as it comes, and keeps nothing of it', async () => {
    const { run, sends } = setUp();
    const gone = message();
    const first = run(gone);
    const body = new ScriptedBody().push('data: 1');
    sends[0]?.answer(streaming(200, ['content-type', 'text/event-stream'], body));
    expect(Reading.of(await first).text).toBe('data: 1');
    gone.abort();
    void run(message());
    expect(sends).toHaveLength(2);
  });

  it('passes an answer on that is too large to keep, and holds the request back if its client did not get it', async () => {
    const { run, sends, notes } = setUp();
    const gone = message();
    const first = run(gone);
    const large = 'x'.repeat(3000);
    sends[0]?.answer(streaming(200, [], new ScriptedBody().push(large).end()));
    expect(await textOf(first)).toBe(large);
    gone.abort();
    expect(await run(message())).toMatchObject({ type: 'failure', replay: 'ambiguous' });
    expect(notes.prevented).toEqual(['held']);
  });

  it('is only counted when it is observed: the departure ends the call as everywhere else', async () => {
    const { run, leave, sends, notes } = setUp({ observe: true });
    const gone = message();
    leave(gone);
    await settle();
    void run(message());
    expect(sends).toHaveLength(2);
    expect(notes.would).toEqual(['resend: prevented']);
    expect(headerValue(gone.headers, 'authorization')).toBe('Bearer a');
  });
});
