import { describe, expect, it } from 'vitest';
import { headerValue } from '../../../src/model/headers.ts';
import type { Outcome } from '../../../src/model/outcome.ts';
import { answered, exchangeOf, failed } from '../policy/fixtures.ts';
import { Bench, HandBody, ok, text } from './fixtures.ts';

const MINUTE = ['cache-control', 'max-age=60'];
const HEAD = { method: 'HEAD' };
const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('HEADs of the same at the same moment', () => {
  it('are one upstream request, and none of them has a body', async () => {
    const head = Promise.withResolvers<Outcome>();
    const bench = new Bench({}, () => head.promise);
    const waiting = Array.from({ length: 100 }, () => bench.get(HEAD));
    await tick();
    expect(bench.sent.map(({ method }) => method)).toEqual(['HEAD']);
    head.resolve(answered(200, '', [...MINUTE, 'content-length', '3000000000']));
    const answers = await Promise.all(waiting);
    expect(new Set(answers.map(({ status, body }) => `${status} ${body}`))).toEqual(new Set(['200 ']));
    expect(answers.map((answer) => answer.header('content-length'))).toEqual(answers.map(() => '3000000000'));
    expect(answers[0]?.said).toBe('fwd=uri-miss; fwd-status=200');
    expect(answers[99]?.said).toBe('fwd=uri-miss; fwd-status=200; collapsed');
    expect(bench.sent).toHaveLength(1);
  });

  it('leave nothing behind that a GET could be answered with, and no GET waits for them', async () => {
    const head = Promise.withResolvers<Outcome>();
    const bench = new Bench({}, (exchange) => (exchange.method === 'HEAD' ? head.promise : ok('row', ...MINUTE)));
    const asking = bench.get(HEAD);
    await tick();
    expect(await bench.get()).toMatchObject({ body: 'row', source: 'upstream' });
    head.resolve(answered(200, '', MINUTE));
    await asking;
    expect(bench.sent.map(({ method }) => method)).toEqual(['HEAD', 'GET']);
  });

  it('wait in groups where the answer varies', async () => {
    const bench = new Bench({}, async (exchange) => {
      await tick();
      return answered(200, '', [...MINUTE, 'vary', 'x', 'y', headerValue(exchange.headers, 'x') ?? '']);
    });
    const answers = await Promise.all(['1', '2', '1', '2'].map((x) => bench.get({ method: 'HEAD', headers: ['x', x] })));
    expect(answers.map((answer) => answer.header('y'))).toEqual(['1', '2', '1', '2']);
    expect(bench.sent).toHaveLength(2);
  });

  it('go their own ways when the answer is for one alone, without sending GETs their own ways', async () => {
    const bench = new Bench({}, async (exchange, number) => {
      await tick();
      return exchange.method === 'GET' ? ok('row', ...MINUTE) : answered(200, '', ['cache-control', 'private', 'y', String(number)]);
    });
    const answers = await Promise.all([bench.get(HEAD), bench.get(HEAD), bench.get(HEAD)]);
    expect(new Set(answers.map((answer) => answer.header('y'))).size).toBe(3);
    await Promise.all([bench.get(), bench.get()]);
    expect(bench.sent.filter(({ method }) => method === 'GET')).toHaveLength(1);
  });

  it('share a failure, do not end when the first client leaves, and end with the last', async () => {
    const head = Promise.withResolvers<Outcome>();
    const bench = new Bench({}, () => head.promise);
    const [a, b] = [exchangeOf(HEAD), exchangeOf(HEAD)];
    const waiting = [bench.send(a), bench.send(b)];
    a.abort();
    expect(bench.sent[0]?.aborted).toBe(false);
    head.resolve(failed({ kind: 'status', reply: answered(500, '') }));
    expect(await waiting[1]).toMatchObject({ type: 'failure', reply: { status: 500 } });

    const other = new Bench({}, () => Promise.withResolvers<Outcome>().promise);
    const last = exchangeOf(HEAD);
    void other.send(last);
    last.abort();
    expect(other.sent[0]?.aborted).toBe(true);
  });

  it('with a question of their own are asked one by one', async () => {
    const bench = new Bench({}, () => answered(304, '', ['etag', '"a"', ...MINUTE]));
    const asking = { method: 'HEAD', headers: ['if-none-match', '"a"'] };
    const answers = await Promise.all([bench.get(asking), bench.get(asking)]);
    expect(answers.map(({ status }) => status)).toEqual([304, 304]);
    expect(bench.sent).toHaveLength(2);
  });
});

describe('a HEAD while the GET of the same is under way', () => {
  it('gets its head before its body is there, and leaves the body to the others', async () => {
    const body = new HandBody();
    const head = Promise.withResolvers<Outcome>();
    const bench = new Bench({}, () => head.promise);
    const getting = bench.send();
    const asking = bench.get(HEAD);
    head.resolve(body.reply(...MINUTE, 'content-length', '6'));
    const answer = await asking;
    expect(answer).toMatchObject({ status: 200, body: '', said: 'fwd=uri-miss; fwd-status=200; stored; collapsed' });
    expect(answer.header('content-length')).toBe('6');
    const outcome = await getting;
    if (outcome.type !== 'reply') throw new Error('no reply');
    const whole = text(outcome.body);
    body.push('row');
    const late = await bench.get(HEAD);
    expect(late).toMatchObject({ status: 200, body: '' });
    body.push('row');
    body.end();
    expect(await whole).toBe('rowrow');
    expect(bench.sent).toHaveLength(1);
    expect(await bench.get()).toMatchObject({ body: 'rowrow', source: 'cache' });
  });

  it('lets the upstream go when it is the last', async () => {
    const body = new HandBody();
    const head = Promise.withResolvers<Outcome>();
    const bench = new Bench({}, () => head.promise);
    const leaving = exchangeOf();
    void bench.send(leaving);
    const asking = bench.get(HEAD);
    leaving.abort();
    head.resolve(body.reply(...MINUTE));
    expect(await asking).toMatchObject({ status: 200, body: '' });
    expect(body.aborted).toBe(true);
  });

  it('gets the head of its failure, and of what it confirmed', async () => {
    const bench = new Bench({}, async (_exchange, number) => {
      await tick();
      if (number === 1) return failed({ kind: 'status', reply: answered(503, 'down') });
      return number === 2 ? ok('row', 'cache-control', 'max-age=2', 'etag', '"a"') : answered(304, '', ['etag', '"a"']);
    });
    const [, failing] = await Promise.all([bench.get(), bench.get(HEAD)]);
    expect(failing).toMatchObject({ status: 503, body: '' });
    await bench.get();
    bench.clock.advance(3000);
    const [, confirmed] = await Promise.all([bench.get(), bench.get(HEAD)]);
    expect(confirmed).toMatchObject({ status: 200, body: '', source: 'cache' });
    expect(confirmed?.header('content-length')).toBe('3');
    expect(bench.sent).toHaveLength(3);
  });
});

describe('a HEAD for what is stale', () => {
  const STALE = ['cache-control', 'max-age=2', 'etag', '"a"'];
  it('asks with the tag, and a 304 makes what is stored for GET fresh again', async () => {
    const bench = new Bench({}, (exchange) => (exchange.method === 'GET' ? ok('row', ...STALE) : answered(304, '', ['etag', '"a"', ...MINUTE])));
    await bench.get();
    bench.clock.advance(3000);
    expect(await bench.get(HEAD)).toMatchObject({ status: 200, body: '', source: 'cache', said: 'fwd=stale; fwd-status=304; stored' });
    expect(headerValue(bench.sent[1]?.headers ?? [], 'if-none-match')).toBe('"a"');
    expect(await bench.get()).toMatchObject({ body: 'row', said: 'hit; ttl=60' });
  });

  it('answers the condition of its client by the new head', async () => {
    const bench = new Bench({}, (exchange) => (exchange.method === 'GET' ? ok('row', ...STALE) : answered(200, '', ['etag', '"b"', ...MINUTE])));
    await bench.get();
    bench.clock.advance(3000);
    expect((await bench.get({ method: 'HEAD', headers: ['if-none-match', '"b"'] })).status).toBe(304);
    expect((await bench.get()).source).toBe('upstream');
  });

  it('gets the stale head when the upstream is away, and does not hold GETs back when only HEAD fails', async () => {
    const bench = new Bench({ staleIfError: 60_000 }, (exchange, number) => {
      if (exchange.method === 'GET') return ok(`row ${number}`, ...STALE);
      return number === 2 ? failed() : failed({ kind: 'status', reply: answered(501) });
    });
    await bench.get();
    bench.clock.advance(3000);
    expect(await bench.get(HEAD)).toMatchObject({ status: 200, body: '', source: 'cache' });
    expect(await bench.get()).toMatchObject({ body: 'row 3', source: 'upstream' });
  });
});
