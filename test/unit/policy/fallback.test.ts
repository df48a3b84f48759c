import { describe, expect, it, vi } from 'vitest';
import type { FallbackStep } from '../../../src/config/schema.ts';
import { BytesBody } from '../../../src/model/body.ts';
import type { Exchange } from '../../../src/model/exchange.ts';
import type { FailureParts } from '../../../src/model/failure.ts';
import { headerValue } from '../../../src/model/headers.ts';
import { type Outcome, reply } from '../../../src/model/outcome.ts';
import { fallback, type FallbackOptions } from '../../../src/policy/fallback.ts';
import { answered, exchangeOf, failed, FakeClock, Notes } from './fixtures.ts';

const STATIC: FallbackStep = { status: 200, headers: { 'Content-Type': 'application/json' }, body: '[]' };
const FLASH: FallbackStep = { name: 'flash', path: { from: '/models/gemini-2.5-pro:', to: '/models/gemini-2.5-flash:' } };

function setUp(outcomes: Outcome[], options: Partial<FallbackOptions> & { steps: FallbackStep[] }) {
  const notes = new Notes();
  const clock = new FakeClock();
  const asked: Exchange[] = [];
  const layer = fallback({ on: undefined, repeatable: undefined, observe: false, ...options }, { clock, observer: notes });
  const run = layer((exchange) => {
    asked.push(exchange);
    return Promise.resolve(outcomes[asked.length - 1] ?? failed({ detail: 'asked too often' }));
  });
  return { run, asked, notes, clock };
}

describe('fallback', () => {
  it('looks for no other answer where no client has asked', async () => {
    const { run, asked } = setUp([failed({ replay: 'unsent' }), answered(200)], { steps: [{ origin: 'https://other.test' }, STATIC] });
    const exchange = exchangeOf();
    exchange.chained = 1;
    expect((await run(exchange)).type).toBe('failure');
    expect(asked).toHaveLength(1);
  });

  it('leaves a good answer alone', async () => {
    const { run } = setUp([answered(200, 'good')], { steps: [STATIC] });
    const outcome = await run(exchangeOf());
    expect(outcome.type === 'reply' && headerValue(outcome.headers, 'x-breakwater-fallback')).toBeUndefined();
  });

  it('answers with the fixed answer when attempts have failed, and says so', async () => {
    const { run, notes } = setUp([failed()], { steps: [STATIC] });
    const outcome = await run(exchangeOf());
    expect(outcome).toMatchObject({
      type: 'reply',
      status: 200,
      source: 'proxy',
      headers: ['content-type', 'application/json', 'content-length', '2', 'x-breakwater-fallback', 'static'],
    });
    expect(outcome.type === 'reply' && Buffer.from(outcome.body.whole() ?? []).toString()).toBe('[]');
    expect(notes.acts).toEqual(['fallback: static']);
  });

  const kinds: [string, Partial<FailureParts>, FallbackOptions['on'], boolean][] = [
    ['a timeout', { kind: 'timeout' }, undefined, true],
    ['500', { kind: 'status', reply: answered(500) }, undefined, true],
    ['429', { kind: 'status', replay: 'refused', reply: answered(429) }, undefined, true],
    ['a refusal that came as 400', { kind: 'status', replay: 'refused', reply: answered(400) }, undefined, true],
    ['403', { kind: 'status', replay: 'answered', reply: answered(403) }, undefined, false],
    ['403 where it is listed', { kind: 'status', replay: 'answered', reply: answered(403) }, [403], true],
    ['a timeout where only open is listed', { kind: 'timeout' }, ['open'], false],
    ['an open breaker', { code: 'destination_unavailable', kind: 'refused', replay: 'unsent', own: true }, ['open'], true],
    ['a full bulkhead', { code: 'connection_limit_reached', kind: 'refused', replay: 'unsent', own: true }, ['full'], true],
    ['a client that left', { code: 'client_closed', kind: 'aborted', replay: 'answered', own: true }, undefined, false],
  ];
  it.each(kinds)('for %s %#', async (_what, parts, on, answers) => {
    const outcome = await setUp([failed(parts)], { steps: [STATIC], on }).run(exchangeOf());
    expect(outcome.type).toBe(answers ? 'reply' : 'failure');
  });

  it('answers for a 404 that passed as an answer, where it is listed', async () => {
    const outcome = await setUp([answered(404)], { steps: [STATIC], on: [404] }).run(exchangeOf({ method: 'POST' }));
    expect(outcome).toMatchObject({ status: 200 });
    expect(await setUp([answered(404)], { steps: [STATIC] }).run(exchangeOf())).toMatchObject({ status: 404 });
  });

  it('answers for a listed status that the cache remembers as it does for one that came now, but for none of our own', async () => {
    const remembered = reply(404, [], 'cache', new BytesBody());
    const ours = reply(404, [], 'proxy', new BytesBody());
    expect(await setUp([remembered], { steps: [STATIC], on: [404] }).run(exchangeOf())).toMatchObject({ status: 200 });
    expect(await setUp([ours], { steps: [STATIC], on: [404] }).run(exchangeOf())).toBe(ours);
  });

  it('takes no answer from the cache that it is to answer for itself', async () => {
    const remembered = reply(404, [], 'cache', new BytesBody());
    const steps: FallbackStep[] = [{ origin: 'https://b.example' }, { stale: true }, STATIC];
    const { run } = setUp([answered(404), failed(), remembered], { steps, on: [404] });
    expect(await run(exchangeOf())).toMatchObject({ status: 200, source: 'proxy' });
  });

  it.each([
    ['unsent', true],
    ['refused', true],
    ['ambiguous', false],
  ] as const)('answers for a send that was %s: %s', async (replay, answers) => {
    const outcome = await setUp([failed({ replay })], { steps: [STATIC] }).run(exchangeOf({ method: 'POST' }));
    expect(outcome.type).toBe(answers ? 'reply' : 'failure');
  });

  it('asks for another path, with the attempts on one record', async () => {
    const { run, asked } = setUp([failed(), answered(200, 'flash')], { steps: [FLASH, STATIC], repeatable: true });
    const exchange = exchangeOf({ method: 'POST', path: '/v1beta/models/gemini-2.5-pro:generateContent?alt=sse', body: '{}' });
    const outcome = await run(exchange);
    expect(asked[1]?.path).toBe('/v1beta/models/gemini-2.5-flash:generateContent?alt=sse');
    expect(asked[1]?.root).toBe(exchange);
    expect(outcome).toMatchObject({ status: 200, headers: ['x-breakwater-fallback', 'flash'] });
  });

  it('goes down a chain, and ends with the first failure where nobody can answer', async () => {
    const lite: FallbackStep = { path: { from: 'gemini-2.5-pro', to: 'gemini-2.5-flash-lite' } };
    const first = failed({ detail: 'the first' });
    const { run, asked, notes } = setUp([first, failed(), answered(404)], { steps: [FLASH, lite] });
    expect(await run(exchangeOf({ path: '/models/gemini-2.5-pro:x' }))).toBe(first);
    expect(asked).toHaveLength(3);
    expect(notes.acts).toEqual(['fallback: failed', 'fallback: failed']);
  });

  it('leaves a model alone that the request is bound to', async () => {
    const bound: FallbackStep = { ...FLASH, unless: { json: ['cachedContent'], path: 'tunedModels/' } };
    const cached = setUp([failed()], { steps: [bound], repeatable: true });
    await cached.run(exchangeOf({ method: 'POST', path: '/models/gemini-2.5-pro:x', body: '{"cachedContent":"c/1"}' }));
    const tuned = setUp([failed()], { steps: [{ ...bound, path: { from: 'a', to: 'b' } }], repeatable: true });
    await tuned.run(exchangeOf({ method: 'POST', path: '/tunedModels/a:x', body: '{}' }));
    const free = setUp([failed(), answered(200)], { steps: [bound], repeatable: true });
    await free.run(exchangeOf({ method: 'POST', path: '/models/gemini-2.5-pro:x', body: '{}' }));
    expect([cached.asked.length, tuned.asked.length, free.asked.length]).toEqual([1, 1, 2]);
  });

  it('asks another origin', async () => {
    const { run, asked } = setUp([failed(), answered(200)], { steps: [{ name: 'eu', origin: 'http://127.0.0.1:9999' }] });
    await run(exchangeOf({ path: '/x' }));
    expect(asked[1]).toMatchObject({ scheme: 'http', authority: '127.0.0.1:9999', path: '/x' });
  });

  it('does not ask anyone when no time is left, nor with a body that is gone', async () => {
    const late = setUp([failed()], { steps: [{ origin: 'https://b.example' }, STATIC] });
    const exchange = exchangeOf();
    exchange.deadlineAt = late.clock.now() + 1;
    expect(await late.run(exchange)).toMatchObject({ headers: expect.arrayContaining(['static']) as string[] });
    const gone = setUp([failed()], { steps: [{ origin: 'https://b.example' }] });
    const put = exchangeOf({ method: 'PUT' });
    put.body = { kind: 'stream', stream: undefined as never, length: 1, started: true };
    await gone.run(put);
    expect([late.asked.length, gone.asked.length]).toEqual([1, 1]);
  });

  it('keeps the cache from serving stale until it is its turn', async () => {
    const stale = reply(200, ['age', '99'], 'cache', new BytesBody());
    const { run, asked } = setUp([failed(), failed(), stale], { steps: [{ origin: 'https://b.example' }, { stale: true }] });
    const outcome = await run(exchangeOf());
    expect(asked.map(({ staleUse }) => staleUse)).toEqual(['withheld', 'withheld', 'only']);
    expect(outcome).toMatchObject({ source: 'cache', headers: ['age', '99', 'x-breakwater-fallback', 'stale'] });
  });

  it('lets the cache serve stale by itself where that comes first', async () => {
    const { run, asked } = setUp([failed()], { steps: [{ stale: true }, STATIC] });
    await run(exchangeOf());
    expect(asked.map(({ staleUse }) => staleUse)).toEqual(['as configured']);
  });

  it('lets go of the answer that it replaces, and only counts when it watches', async () => {
    const lost = answered(503);
    const abort = vi.spyOn(lost.body, 'abort');
    await setUp([failed({ kind: 'status', reply: lost })], { steps: [STATIC] }).run(exchangeOf());
    expect(abort).toHaveBeenCalledOnce();
    const { run, notes } = setUp([failed()], { steps: [STATIC], observe: true });
    expect((await run(exchangeOf())).type).toBe('failure');
    expect(notes.would).toEqual(['fallback: answered']);
  });
});
