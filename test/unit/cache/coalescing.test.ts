import { describe, expect, it } from 'vitest';
import { headerValue } from '../../../src/model/headers.ts';
import type { Outcome } from '../../../src/model/outcome.ts';
import { answered, exchangeOf, failed } from '../policy/fixtures.ts';
import { Bench, HandBody, ok, text } from './fixtures.ts';

const MINUTE = ['cache-control', 'max-age=60'];
const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** An answer that the test gives when it likes. */
function later(): { promise: Promise<Outcome>; resolve: (outcome: Outcome) => void } {
  return Promise.withResolvers<Outcome>();
}

function bodyOf(outcome: Outcome): Promise<string> {
  if (outcome.type === 'failure') throw new Error(outcome.detail);
  return text(outcome.body);
}

describe('requests for the same at the same moment', () => {
  it('are one upstream request, cold, for a thousand', async () => {
    const head = later();
    const bench = new Bench({}, () => head.promise);
    const waiting = Array.from({ length: 1000 }, () => bench.get());
    await tick();
    expect(bench.sent).toHaveLength(1);
    head.resolve(ok('row', ...MINUTE));
    const answers = await Promise.all(waiting);
    expect(answers.every(({ body }) => body === 'row')).toBe(true);
    expect(answers[0]?.said).toBe('fwd=uri-miss; fwd-status=200; stored');
    expect(answers[999]?.said).toBe('fwd=uri-miss; fwd-status=200; stored; collapsed');
    expect(bench.looks.results.filter((result) => result === 'coalesced')).toHaveLength(999);
    expect(bench.sent).toHaveLength(1);
  });

  it('get the bytes as they come, late comers from the first', async () => {
    const body = new HandBody();
    const bench = new Bench({}, () => body.reply(...MINUTE));
    const seen: string[] = [];
    const sink = (name: string) => ({
      onData: (chunk: Uint8Array) => seen.push(`${name}:${Buffer.from(chunk).toString()}`) > 0,
      onEnd: () => seen.push(`${name}:end`),
      onError: () => seen.push(`${name}:error`),
    });
    const first = await bench.send();
    if (first.type === 'reply') first.body.start(sink('a'));
    body.push('1');
    const second = await bench.send();
    if (second.type === 'reply') second.body.start(sink('b'));
    body.push('2');
    body.end();
    expect(seen).toEqual(['a:1', 'b:1', 'a:2', 'b:2', 'a:end', 'b:end']);
    expect(bench.sent).toHaveLength(1);
    expect((await bench.get()).body).toBe('12');
  });

  it('wait no longer than their own time allows, and leave the fetch to the others', async () => {
    const head = later();
    const bench = new Bench({}, () => head.promise);
    const patient = bench.get();
    await tick();
    const hurried = exchangeOf();
    hurried.deadlineAt = bench.clock.now() + 20;
    expect(await bench.send(hurried)).toMatchObject({ code: 'http_response_timeout', limit: 'total', own: true });
    head.resolve(ok('row', ...MINUTE));
    expect((await patient).body).toBe('row');
    expect(bench.sent).toHaveLength(1);
  });

  it('do not fail because the first one had less time', async () => {
    const head = later();
    const bench = new Bench({}, (_exchange, number) => (number === 1 ? head.promise : ok('row', ...MINUTE)));
    const hurried = exchangeOf();
    hurried.deadlineAt = hurried.startedAt + 300;
    const first = bench.send(hurried);
    await tick();
    const patient = bench.get();
    await tick();
    head.resolve(failed({ code: 'http_response_timeout', kind: 'timeout', limit: 'total' }));
    expect(await first).toMatchObject({ type: 'failure', limit: 'total' });
    expect((await patient).body).toBe('row');
  });

  it('do not wait for one that is stuck: after 2 s a second one is sent, once for all who come then', async () => {
    const heads = [later(), later()];
    const bench = new Bench({}, () => heads[bench.sent.length - 1]?.promise ?? failed());
    const stuck = bench.get();
    await tick();
    bench.clock.advance(1900);
    const early = bench.get();
    await tick();
    bench.clock.advance(200);
    const late = [bench.get(), bench.get()];
    await tick();
    expect(bench.sent).toHaveLength(2);
    heads[1]?.resolve(ok('second', ...MINUTE));
    expect((await Promise.all(late)).map(({ body }) => body)).toEqual(['second', 'second']);
    heads[0]?.resolve(ok('first', ...MINUTE));
    expect((await Promise.all([stuck, early])).map(({ body }) => body)).toEqual(['first', 'first']);
    expect(bench.sent).toHaveLength(2);
  });

  it('do not end when the first client leaves before the head', async () => {
    const head = later();
    const bench = new Bench({}, () => head.promise);
    const [a, b] = [exchangeOf(), exchangeOf()];
    const first = bench.send(a);
    const second = bench.send(b);
    a.abort();
    expect(await first).toMatchObject({ type: 'failure', code: 'client_closed' });
    expect(bench.sent[0]?.aborted).toBe(false);
    head.resolve(ok('row', ...MINUTE));
    expect(await bodyOf(await second)).toBe('row');
  });

  it('do not end when the first client leaves in the body', async () => {
    const body = new HandBody();
    const bench = new Bench({}, () => body.reply(...MINUTE));
    const [first, second] = [await bench.send(), await bench.send()];
    const whole = bodyOf(second);
    if (first.type === 'reply') first.body.abort();
    body.push('row');
    body.end();
    expect(body.aborted).toBe(false);
    expect(await whole).toBe('row');
  });

  it('end upstream when the last client has left, before the head or after', async () => {
    const bench = new Bench({}, () => later().promise);
    const [a, b] = [exchangeOf(), exchangeOf()];
    void bench.send(a);
    void bench.send(b);
    a.abort();
    expect(bench.sent[0]?.aborted).toBe(false);
    b.abort();
    expect(bench.sent[0]?.aborted).toBe(true);

    const body = new HandBody();
    const other = new Bench({}, () => body.reply(...MINUTE));
    const outcomes = [await other.send(), await other.send()];
    for (const outcome of outcomes) if (outcome.type === 'reply') outcome.body.abort();
    expect(body.aborted).toBe(true);
    expect(other.sent[0]?.aborted).toBe(true);
  });

  it('do not wait for a fetch that was given up', async () => {
    const bench = new Bench({}, (_exchange, number) => (number === 1 ? later().promise : ok('row', ...MINUTE)));
    const gone = exchangeOf();
    void bench.send(gone);
    gone.abort();
    expect((await bench.get()).body).toBe('row');
  });

  it('go their own ways, all at once, when the answer is for one alone, and do not wait the next time', async () => {
    const head = later();
    const bench = new Bench({}, (_exchange, number) => (number === 1 ? head.promise : ok(`own ${number}`, 'cache-control', 'private')));
    const waiting = Array.from({ length: 5 }, () => bench.get());
    head.resolve(ok('own 1', 'cache-control', 'private'));
    const bodies = (await Promise.all(waiting)).map(({ body }) => body);
    expect(new Set(bodies).size).toBe(5);
    const before = bench.sent.length;
    void bench.send();
    void bench.send();
    await tick();
    expect(bench.sent).toHaveLength(before + 2);
  });

  it('wait in groups when the answer varies, and each group is one request', async () => {
    const heads = [later(), later(), later()];
    const bench = new Bench({}, (_exchange, number) => heads[number - 1]?.promise ?? ok('too many'));
    const waiting = ['1', '2', '3', '1', '2', '3'].map((x) => bench.get({ headers: ['x', x] }));
    const answer = (place: number): void =>
      heads[place]?.resolve(ok(headerValue(bench.sent[place]?.headers ?? [], 'x') ?? '', ...MINUTE, 'vary', 'x'));
    answer(0);
    await tick();
    expect(bench.sent).toHaveLength(3);
    answer(1);
    answer(2);
    expect((await Promise.all(waiting)).map(({ body }) => body)).toEqual(['1', '2', '3', '1', '2', '3']);
    expect(bench.sent).toHaveLength(3);
  });

  it('share a failure, with the body of the answer that is in it', async () => {
    const head = later();
    const bench = new Bench({}, () => head.promise);
    const waiting = Array.from({ length: 3 }, () => bench.get());
    head.resolve(failed({ kind: 'status', reply: answered(500, 'down') }));
    expect((await Promise.all(waiting)).map(({ status, body }) => `${status} ${body}`)).toEqual(['500 down', '500 down', '500 down']);
    expect(bench.sent).toHaveLength(1);
  });

  it.each([
    ['coded as not all of them accept', ['content-encoding', 'gzip']],
    ['chosen by a field that they differ in', ['vary', 'Accept-Encoding']],
    ['chosen by who knows what', ['vary', '*']],
    ['for one of them alone', ['set-cookie', 'sid=1']],
  ])('do not share a failure whose answer is %s', async (_what, headers) => {
    const bench = new Bench({}, async (exchange) => {
      await tick();
      const coding = headerValue(exchange.headers, 'accept-encoding') ?? 'plain';
      return failed({ kind: 'status', reply: answered(503, coding, coding === 'plain' ? [] : headers) });
    });
    const both = [bench.get({ headers: ['accept-encoding', 'gzip'] }), bench.get()];
    expect((await Promise.all(both)).map(({ body }) => body)).toEqual(['gzip', 'plain']);
    expect(bench.sent).toHaveLength(2);
  });

  it('do not get the failure of a fetch in the background, of whose answer nothing was kept', async () => {
    const head = later();
    const bench = new Bench({}, (_exchange, number) => {
      if (number === 1) return ok('row', 'cache-control', 'max-age=1, stale-while-revalidate=60');
      return number === 2 ? head.promise : ok('new', ...MINUTE);
    });
    await bench.get();
    bench.clock.advance(2000);
    expect((await bench.get()).body).toBe('row');
    const anew = bench.get({ headers: ['cache-control', 'min-fresh=1'] });
    await tick();
    head.resolve(failed({ kind: 'status', reply: answered(500, 'down') }));
    expect((await anew).body).toBe('new');
  });

  it('share a failure that no answer is in, whatever they accept', async () => {
    const bench = new Bench({}, async () => {
      await tick();
      return failed();
    });
    await Promise.all([bench.get({ headers: ['accept-encoding', 'gzip'] }), bench.get()]);
    expect(bench.sent).toHaveLength(1);
  });

  it('share what cannot be stored where the route asks for that, unless it is private', async () => {
    const bench = new Bench({ coalesce: true }, async (_exchange, number) => {
      await tick();
      return answered(404, `none ${number}`);
    });
    const bodies = (await Promise.all([bench.get(), bench.get()])).map(({ body }) => body);
    expect(bodies).toEqual(['none 1', 'none 1']);
    expect((await bench.get()).body).toBe('none 2');
  });

  it('do not share a stream of events', async () => {
    const bench = new Bench({ coalesce: true, ttl: 1000 }, async (_exchange, number) => {
      await tick();
      return ok(`stream ${number}`, 'content-type', 'text/event-stream; charset=utf-8');
    });
    const bodies = (await Promise.all([bench.get(), bench.get()])).map(({ body }) => body);
    expect(bodies).toEqual(['stream 1', 'stream 2']);
  });

  it('still wait for each other after a question of one client alone, and after a write', async () => {
    const head = later();
    const bench = new Bench({}, (exchange, number) => {
      if (exchange.method === 'POST') return answered(204);
      return number === 1 ? answered(304) : head.promise;
    });
    await bench.get({ headers: ['if-none-match', '"a"'] });
    const before = bench.get();
    await bench.get({ method: 'POST' });
    const after = [bench.get(), bench.get()];
    head.resolve(ok('row', ...MINUTE));
    await Promise.all([before, ...after]);
    expect(bench.sent.map(({ method }) => method)).toEqual(['GET', 'GET', 'POST', 'GET']);
  });

  it('are not joined where the route does not want it', async () => {
    const bench = new Bench({ coalesce: false }, () => ok('row', ...MINUTE));
    await Promise.all([bench.get(), bench.get()]);
    expect(bench.sent).toHaveLength(2);
  });

  it('refetch a stale answer once', async () => {
    const head = later();
    const bench = new Bench({}, (_exchange, number) => (number === 1 ? ok('row', 'cache-control', 'max-age=2', 'etag', '"a"') : head.promise));
    await bench.get();
    bench.clock.advance(3000);
    const waiting = Array.from({ length: 1000 }, () => bench.get());
    head.resolve(answered(304, '', ['etag', '"a"']));
    expect(new Set((await Promise.all(waiting)).map(({ body }) => body))).toEqual(new Set(['row']));
    expect(bench.sent).toHaveLength(2);
  });

  it('answer with a failure, and tell of it, when there is a bug below', async () => {
    const bench = new Bench({}, () => Promise.reject(new Error('bug')));
    const errors: unknown[] = [];
    bench.looks.internalError = (error) => errors.push(error);
    expect((await bench.get()).failure?.code).toBe('proxy_internal_error');
    expect(errors).toHaveLength(1);
    await bench.get();
    expect(bench.sent).toHaveLength(2);
  });
});

describe('a slow reader of a shared answer', () => {
  it('does not hold the others up, and gets every byte', async () => {
    const body = new HandBody();
    const bench = new Bench({}, () => body.reply(...MINUTE));
    const [slow, fast] = [await bench.send(), await bench.send()];
    if (slow.type !== 'reply') throw new Error('no reply');
    const quick = bodyOf(fast);
    for (let i = 0; i < 10; i++) expect(body.push(String(i))).toBe(true);
    body.end();
    expect(await quick).toBe('0123456789');
    expect(await text(slow.body)).toBe('0123456789');
  });

  it('is cut off when it falls too far behind an answer that is too large to keep', async () => {
    const body = new HandBody();
    const bench = new Bench({ maxEntry: 10 }, () => body.reply(...MINUTE));
    const [slow, fast] = [await bench.send(), await bench.send()];
    if (slow.type !== 'reply') throw new Error('no reply');
    const quick = bodyOf(fast);
    for (let i = 0; i < 10; i++) body.push('12345');
    body.end();
    expect((await quick).length).toBe(50);
    expect(await text(slow.body)).toBe(' (cut)');
    expect((await bench.send()).type).toBe('reply');
    expect(bench.sent).toHaveLength(2);
  });

  it('paces the upstream when it is the only one and the answer is too large to keep', async () => {
    const body = new HandBody();
    const bench = new Bench({ maxEntry: 10 }, () => body.reply(...MINUTE));
    const outcome = await bench.send();
    if (outcome.type !== 'reply') throw new Error('no reply');
    let got = '';
    const ended = new Promise<void>((resolve) => {
      outcome.body.start({
        onData: (chunk) => {
          got += Buffer.from(chunk).toString();
          return false;
        },
        onEnd: resolve,
        onError: () => resolve(),
      });
    });
    body.push('0123456789');
    expect(body.push('abc')).toBe(false);
    expect(body.paused).toBe(true);
    outcome.body.resume();
    outcome.body.resume();
    expect(body.paused).toBe(false);
    body.end();
    outcome.body.resume();
    await ended;
    expect(got).toBe('0123456789abc');
  });
});
