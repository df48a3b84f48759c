import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../../src/model/clock.ts';
import type { Exchange } from '../../../src/model/exchange.ts';
import { headerValue } from '../../../src/model/headers.ts';
import type { Outcome } from '../../../src/model/outcome.ts';
import { RetryBudget } from '../../../src/policy/budget.ts';
import { resume, type ResumeOptions } from '../../../src/policy/resume.ts';
import { exchangeOf, failed, Notes } from './fixtures.ts';
import { Reading, ScriptedBody, streaming } from './scripted-body.ts';

const OPTIONS: ResumeOptions = { attempts: 3, totalMs: 10_000, backoff: { baseMs: 100, maxMs: 1000, jitter: 'none' }, observe: false };
const TAG = ['etag', '"v1"', 'accept-ranges', 'bytes'];

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function setUp(outcomes: Outcome[], options: Partial<ResumeOptions> = {}, minPerSecond = 10) {
  const notes = new Notes();
  const asked: Exchange[] = [];
  const budget = new RetryBudget({ ratio: 0, windowMs: 10_000, minPerSecond }, systemClock);
  const layer = resume({ ...OPTIONS, ...options }, { budget, clock: systemClock, observer: notes });
  const run = layer((exchange) => {
    asked.push(exchange);
    const outcome = outcomes[asked.length - 1];
    if (outcome === undefined) throw new Error('asked too often');
    return Promise.resolve(outcome);
  });
  return { run, asked, notes, range: () => asked.map(({ headers }) => headerValue(headers, 'range')) };
}

function rest(first: number, last: number, total: number | '*', body: ScriptedBody, headers: string[] = ['etag', '"v1"']) {
  return streaming(206, ['content-range', `bytes ${first}-${last}/${total}`, ...headers], body);
}

async function read(run: ReturnType<typeof setUp>['run'], exchange = exchangeOf()): Promise<Reading> {
  const reading = Reading.of(await run(exchange));
  await vi.runAllTimersAsync();
  return reading;
}

describe('resume', () => {
  it('goes on where the body broke, and the client sees one body', async () => {
    const { run, range, asked } = setUp([
      streaming(200, [...TAG, 'content-length', '9'], new ScriptedBody().push('abcd').cut()),
      rest(4, 8, 9, new ScriptedBody().push('ef').push('ghi').end()),
    ]);
    expect(await read(run, exchangeOf({ headers: ['range', 'never', 'if-none-match', '"old"', 'authorization', 'x'] }))).toMatchObject({
      text: 'abcdefghi',
      ended: 'end',
    });
    expect(range()[1]).toBe('bytes=4-8');
    expect(headerValue(asked[1]?.headers ?? [], 'if-range')).toBe('"v1"');
    expect(headerValue(asked[1]?.headers ?? [], 'if-none-match')).toBeUndefined();
    expect(headerValue(asked[1]?.headers ?? [], 'authorization')).toBe('x');
  });

  it('goes on again and again while bytes come, whatever the attempts', async () => {
    const letters = 'abcdefghij';
    const { run, notes } = setUp([
      streaming(200, [...TAG, 'content-length', '10'], new ScriptedBody().push('a').cut()),
      ...Array.from({ length: 9 }, (_, i) => {
        const body = new ScriptedBody().push(letters[i + 1] ?? '');
        return rest(i + 1, 9, 10, i === 8 ? body.end() : body.cut());
      }),
    ]);
    expect(await read(run)).toMatchObject({ text: letters, ended: 'end' });
    expect(notes.acts).toHaveLength(9);
  });

  it('gives up after so many tries that bring no byte, and breaks the body visibly', async () => {
    const { run, asked } = setUp([
      streaming(200, [...TAG, 'content-length', '9'], new ScriptedBody().push('abcd').cut()),
      rest(4, 8, 9, new ScriptedBody().cut()),
      failed({ kind: 'timeout' }),
      rest(4, 8, 9, new ScriptedBody().cut()),
    ]);
    const reading = await read(run);
    expect(reading).toMatchObject({ text: 'abcd', ended: { replay: 'cut' } });
    expect(asked).toHaveLength(4);
  });

  it('gives the rest of what streams time of its own: neither the head’s deadline nor what clients wait for a head bounds it', async () => {
    const { run, asked } = setUp([
      streaming(200, [...TAG, 'content-length', '9'], new ScriptedBody().push('abcd').cut()),
      rest(4, 8, 9, new ScriptedBody().push('efghi').end()),
    ]);
    const exchange = exchangeOf();
    exchange.streaming = true;
    exchange.deadlineAt = exchange.patienceEndsAt = systemClock.now() - 5000;
    expect(await read(run, exchange)).toMatchObject({ text: 'abcdefghi', ended: 'end' });
    expect(asked[1]).toMatchObject({ rest: true, deadlineAt: systemClock.now() + 10_000, patienceEndsAt: Infinity });
  });

  it('serves the rest of the client’s own range', async () => {
    const { run, range } = setUp([
      rest(100, 108, 1000, new ScriptedBody().push('abcd').cut()),
      rest(104, 108, 1000, new ScriptedBody().push('efghi').end()),
    ]);
    expect(await read(run, exchangeOf({ headers: ['range', 'bytes=100-108'] }))).toMatchObject({ text: 'abcdefghi', ended: 'end' });
    expect(range()[1]).toBe('bytes=104-108');
  });

  it('takes a date for a validator where it is strong, and a chunked body whose length nobody said', async () => {
    const dated = ['last-modified', 'Mon, 23 Nov 2026 10:00:00 GMT', 'date', 'Mon, 23 Nov 2026 11:00:00 GMT', 'accept-ranges', 'bytes'];
    const { run, asked, range } = setUp([
      streaming(200, dated, new ScriptedBody().push('abcd').cut()),
      rest(4, 5, 6, new ScriptedBody().push('ef').end(), []),
    ]);
    expect(await read(run)).toMatchObject({ text: 'abcdef', ended: 'end' });
    expect(headerValue(asked[1]?.headers ?? [], 'if-range')).toBe(dated[1]);
    expect(range()[1]).toBe('bytes=4-');
  });

  it('ends well where a chunked body had arrived whole and only its end had not', async () => {
    const { run } = setUp([
      streaming(200, TAG, new ScriptedBody().push('abcd').cut()),
      streaming(416, ['content-range', 'bytes */4', 'etag', '"v1"'], new ScriptedBody().end()),
    ]);
    expect(await read(run)).toMatchObject({ text: 'abcd', ended: 'end' });
  });

  const unfit: [string, Outcome][] = [
    ['the whole again', streaming(200, TAG, new ScriptedBody().push('abcdefghi').end())],
    ['another place', rest(5, 8, 9, new ScriptedBody().end())],
    ['a shorter rest', rest(4, 7, 9, new ScriptedBody().end())],
    ['another total', rest(4, 8, 10, new ScriptedBody().end())],
    ['another version', rest(4, 8, 9, new ScriptedBody().end(), ['etag', '"v2"'])],
    ['another coding', rest(4, 8, 9, new ScriptedBody().end(), ['etag', '"v1"', 'content-encoding', 'gzip'])],
    ['no range at all', streaming(206, ['etag', '"v1"'], new ScriptedBody().end())],
    ['404', failed({ kind: 'status', replay: 'answered', reply: streaming(404, [], new ScriptedBody().end()) })],
  ];
  it.each(unfit)('breaks the body visibly where the upstream answers with %s', async (_what, second) => {
    const { run } = setUp([streaming(200, [...TAG, 'content-length', '9'], new ScriptedBody().push('abcd').cut()), second]);
    expect(await read(run)).toMatchObject({ text: 'abcd', ended: { replay: 'cut', code: 'http_response_incomplete' } });
  });

  const hopeless: [string, string, number, string[]][] = [
    ['no validator', 'GET', 200, ['accept-ranges', 'bytes', 'content-length', '9']],
    ['a weak tag', 'GET', 200, ['etag', 'W/"v1"', 'accept-ranges', 'bytes']],
    [
      'a weak tag although it has a date',
      'GET',
      200,
      ['etag', 'W/"v1"', 'last-modified', 'Mon, 23 Nov 2026 10:00:00 GMT', 'date', 'Mon, 23 Nov 2026 11:00:00 GMT', 'accept-ranges', 'bytes'],
    ],
    [
      'a date of this second',
      'GET',
      200,
      ['last-modified', 'Mon, 23 Nov 2026 10:00:00 GMT', 'date', 'Mon, 23 Nov 2026 10:00:00 GMT', 'accept-ranges', 'bytes'],
    ],
    ['Accept-Ranges: none', 'GET', 200, ['etag', '"v1"', 'accept-ranges', 'none', 'content-length', '9']],
    ['a range that is not as long as its content', 'GET', 206, [...TAG, 'content-range', 'bytes 0-19/20', 'content-length', '10']],
    ['another method', 'POST', 200, TAG],
    ['another status', 'GET', 404, TAG],
  ];
  it.each(hopeless)('does not try with %s', async (_what, method, status, headers) => {
    const { run, asked } = setUp([streaming(status, headers, new ScriptedBody().push('abcd').cut())]);
    expect(await read(run, exchangeOf({ method }))).toMatchObject({ text: 'abcd', ended: { replay: 'cut' } });
    expect(asked).toHaveLength(1);
  });

  it('does not start past the deadline, without a budget, or when it only watches', async () => {
    const cut = () => streaming(200, [...TAG, 'content-length', '9'], new ScriptedBody().push('abcd').cut());
    const late = setUp([cut()]);
    const exchange = exchangeOf();
    exchange.deadlineAt = systemClock.now() + 10;
    const poor = setUp([cut()], {}, 0);
    const watching = setUp([cut()], { observe: true });
    for (const reading of [await read(late.run, exchange), await read(poor.run), await read(watching.run)])
      expect(reading.ended).toMatchObject({ replay: 'cut' });
    expect(watching.notes.would).toEqual(['resume: resumed']);
    expect(poor.notes.acts).toEqual(['resume: no_budget']);
  });

  it('stops for a client that leaves, also between two sources', async () => {
    const second = new ScriptedBody();
    const { run } = setUp([streaming(200, [...TAG, 'content-length', '9'], new ScriptedBody().push('abcd').cut()), rest(4, 8, 9, second)]);
    const outcome = await run(exchangeOf());
    if (outcome.type === 'failure') throw new Error(outcome.detail);
    const reading = new Reading();
    outcome.body.start(reading);
    outcome.body.abort();
    await vi.runAllTimersAsync();
    expect(second.aborted).toBe(true);
    expect(reading.ended).toBeUndefined();
  });

  it('keeps a pause over the break', async () => {
    const second = new ScriptedBody();
    const { run } = setUp([streaming(200, [...TAG, 'content-length', '9'], new ScriptedBody().push('abcd').cut()), rest(4, 8, 9, second)]);
    const outcome = await run(exchangeOf());
    if (outcome.type === 'failure') throw new Error(outcome.detail);
    outcome.body.start(new Reading());
    outcome.body.pause();
    await vi.runAllTimersAsync();
    expect(second.calls).toEqual(['pause']);
    outcome.body.resume();
    expect(second.calls).toEqual(['pause', 'resume']);
  });

  it('puts any body together from any cuts', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ minLength: 1, maxLength: 200, unit: 'grapheme-ascii' }),
        fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 12 }),
        async (text, steps) => {
          const outcomes: Outcome[] = [];
          let at = 0;
          for (const step of [...steps, text.length]) {
            const until = Math.min(text.length, at + step);
            const body = new ScriptedBody().push(text.slice(at, until));
            const isLast = until === text.length;
            if (isLast) body.end();
            else body.cut();
            outcomes.push(
              at === 0 ? streaming(200, [...TAG, 'content-length', String(text.length)], body) : rest(at, text.length - 1, text.length, body),
            );
            at = until;
            if (isLast) break;
          }
          expect(await read(setUp(outcomes).run)).toMatchObject({ text, ended: 'end' });
        },
      ),
      { numRuns: 60 },
    );
  });
});
