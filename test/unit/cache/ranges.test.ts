import { describe, expect, it } from 'vitest';
import { headerValue } from '../../../src/model/headers.ts';
import type { Outcome } from '../../../src/model/outcome.ts';
import { answered, exchangeOf, failed } from '../policy/fixtures.ts';
import { HandBody } from './fixtures.ts';
import { LETTERS, setUpRanges } from './range-origin.ts';

describe('stored parts of one version', () => {
  it('serve what lies within both of them', async () => {
    const { get, asked } = setUpRanges();
    await get('0-9');
    await get('10-19');
    expect(await get('5-14')).toMatchObject({ status: 206, body: 'fghijklmno', source: 'cache', said: 'hit; ttl=60' });
    expect((await get('5-14')).header('content-range')).toBe('bytes 5-14/26');
    expect(asked()).toEqual(['bytes=0-9', 'bytes=10-19']);
  });

  it('serve the whole once they are that, with a length and no range', async () => {
    const { get, bench } = setUpRanges();
    for (const range of ['20-25', '0-9', '10-19']) await get(range);
    const whole = await get();
    expect(whole).toMatchObject({ status: 200, body: LETTERS, source: 'cache' });
    expect([whole.header('content-length'), whole.header('content-range')]).toEqual(['26', undefined]);
    expect(await bench.get({ method: 'HEAD' })).toMatchObject({ status: 200, source: 'cache' });
    expect(bench.sent).toHaveLength(3);
  });

  it('are completed by the one piece that is missing, for a range', async () => {
    const { get, asked } = setUpRanges();
    await get('0-9');
    const answer = await get('4-15');
    expect(answer).toMatchObject({ status: 206, body: 'efghijklmnop', said: 'fwd=partial; fwd-status=206; stored' });
    expect([answer.header('content-range'), answer.header('content-length')]).toEqual(['bytes 4-15/26', '12']);
    expect(asked()).toEqual(['bytes=0-9', 'bytes=10-15 "v1"']);
    expect(await get('0-15')).toMatchObject({ body: 'abcdefghijklmnop', source: 'cache' });
  });

  it('are completed on both sides of it, for the whole, for all who ask at once', async () => {
    const { get, asked } = setUpRanges();
    await get('0-9');
    await get('-6');
    const answers = await Promise.all([get(), get(), get()]);
    expect(answers.map(({ status, body }) => `${status} ${body}`)).toEqual([`200 ${LETTERS}`, `200 ${LETTERS}`, `200 ${LETTERS}`]);
    expect(answers[2]?.said).toBe('fwd=partial; fwd-status=206; stored; collapsed');
    expect(asked()).toEqual(['bytes=0-9', 'bytes=-6', 'bytes=10-19 "v1"']);
    expect(await get()).toMatchObject({ body: LETTERS, source: 'cache' });
  });

  it('are never sent as the whole, and not as more than they are', async () => {
    const { get, bench } = setUpRanges();
    await get('5-9');
    expect(await get()).toMatchObject({ status: 200, body: LETTERS, source: 'upstream', said: 'fwd=partial; fwd-status=200; stored' });
    expect(bench.sent).toHaveLength(2);
  });

  it('are of no use for several ranges, which go on as they are', async () => {
    const { get, asked } = setUpRanges();
    await get('0-9');
    await get('10-25');
    await get('0-1,4-5');
    expect(asked()).toHaveLength(2);
    const other = setUpRanges();
    await other.get('0-9');
    await other.get('0-1,4-5');
    expect(other.asked()).toEqual(['bytes=0-9', 'bytes=0-1,4-5']);
  });
});

describe('parts of a file that has changed', () => {
  it('are not put together with parts of the new one', async () => {
    const { origin, get } = setUpRanges();
    await get('0-9');
    Object.assign(origin, { content: LETTERS.toUpperCase(), tag: '"v2"' });
    expect((await get('10-19')).body).toBe('KLMNOPQRST');
    expect(await get('0-19')).toMatchObject({ status: 206, body: 'ABCDEFGHIJKLMNOPQRST' });
    expect((await get('0-3')).body).toBe('ABCD');
    expect((await get()).body).toBe(LETTERS.toUpperCase());
  });

  it('are asked for anew as the client asked, where the rest turns out to be of another version', async () => {
    const { origin, get, asked } = setUpRanges();
    await get('0-9');
    Object.assign(origin, { content: LETTERS.toUpperCase(), tag: '"v2"' });
    expect(await get('5-14')).toMatchObject({ status: 206, body: 'FGHIJKLMNO' });
    expect(asked()).toEqual(['bytes=0-9', 'bytes=10-14 "v1"', 'bytes=5-14']);
  });

  it('are replaced by the whole that comes in the place of the rest', async () => {
    const { origin, get, asked } = setUpRanges();
    await get('0-9');
    Object.assign(origin, { content: LETTERS.toUpperCase(), tag: '"v2"' });
    expect(await get()).toMatchObject({ status: 200, body: LETTERS.toUpperCase(), said: 'fwd=partial; fwd-status=200; stored' });
    expect(asked()).toEqual(['bytes=0-9', 'bytes=10-25 "v1"']);
    expect(await get('0-9')).toMatchObject({ body: 'ABCDEFGHIJ', source: 'cache' });
  });

  it('are not used where the origin answers with something else than the rest', async () => {
    const { bench, origin, get } = setUpRanges();
    await get('0-9');
    bench.answer = (exchange) =>
      headerValue(exchange.headers, 'if-range') === undefined
        ? origin.answer(exchange)
        : answered(206, 'kl', ['etag', '"v1"', 'cache-control', 'max-age=60', 'content-range', 'bytes 10-11/26']);
    expect(await get('5-14')).toMatchObject({ status: 206, body: 'fghijklmno' });
    expect(bench.sent).toHaveLength(3);
  });

  it('are forgotten when a HEAD tells of another version', async () => {
    const { origin, bench, get } = setUpRanges();
    await get('0-9');
    Object.assign(origin, { content: LETTERS.toUpperCase(), tag: '"v2"' });
    await bench.get({ method: 'HEAD' });
    expect(await get('0-3')).toMatchObject({ body: 'ABCD', source: 'upstream' });
  });
});

describe('a stored part that is stale', () => {
  it('is asked about with its tag where it holds the range, and is fresh again', async () => {
    const { get, bench } = setUpRanges();
    await get('0-9');
    bench.clock.advance(61_000);
    expect(await get('2-5')).toMatchObject({ status: 206, body: 'cdef', source: 'cache', said: 'fwd=stale; fwd-status=304; stored' });
    expect(headerValue(bench.sent[1]?.headers ?? [], 'range')).toBe('bytes=2-5');
    expect(headerValue(bench.sent[1]?.headers ?? [], 'if-none-match')).toBe('"v1"');
    expect(await get('0-9')).toMatchObject({ body: 'abcdefghij', said: 'hit; ttl=60' });
  });

  it('gives way to what is new', async () => {
    const { get, bench, origin } = setUpRanges();
    await get('0-9');
    bench.clock.advance(61_000);
    Object.assign(origin, { content: LETTERS.toUpperCase(), tag: '"v2"' });
    expect(await get('2-5')).toMatchObject({ status: 206, body: 'CDEF', source: 'upstream' });
    expect((await get('2-5')).body).toBe('CDEF');
    expect((await get('0-1')).body).toBe('AB');
  });

  it('stands in where the upstream is away', async () => {
    const { get, bench } = setUpRanges();
    await get('0-9');
    bench.clock.advance(61_000);
    bench.answer = () => failed();
    expect(await get('2-5')).toMatchObject({ status: 206, body: 'cdef', said: 'hit; ttl=-1; detail=stale-if-error' });
    expect((await get('8-12')).failure).toBeDefined();
  });

  it('is fetched anew behind the back of the client as the part that it is', async () => {
    const { get, bench, origin, asked } = setUpRanges();
    origin.fields = ['cache-control', 'max-age=2, stale-while-revalidate=600'];
    await get('0-9');
    bench.clock.advance(3000);
    expect((await get('2-5')).body).toBe('cdef');
    await get('2-5');
    expect(asked()).toEqual(['bytes=0-9', 'bytes=0-9']);
    expect((await get('0-9')).said).toBe('hit; ttl=2');
  });
});

describe('a client that asks whether its own part is still good', () => {
  it('gets 304 from the part that holds it, and is passed on with its question otherwise', async () => {
    const { get, bench } = setUpRanges();
    await get('0-9');
    expect(await get('2-5', 'if-none-match', '"v1"')).toMatchObject({ status: 304, source: 'cache' });
    await get('8-12', 'if-none-match', '"v1"');
    expect(headerValue(bench.sent[1]?.headers ?? [], 'range')).toBe('bytes=8-12');
    expect(headerValue(bench.sent[1]?.headers ?? [], 'if-range')).toBeUndefined();
  });

  it('gets the part that it names in If-Range, and the whole where that is another version', async () => {
    const { get, asked } = setUpRanges();
    await get('0-9');
    expect(await get('2-5', 'if-range', '"v1"')).toMatchObject({ status: 206, body: 'cdef', source: 'cache' });
    expect(await get('2-5', 'if-range', '"v0"')).toMatchObject({ status: 200, body: LETTERS });
    expect(asked()).toEqual(['bytes=0-9', 'bytes=2-5 "v0"']);
  });
});

describe('a completed answer', () => {
  it('begins with what is stored, goes on as the rest comes, and breaks where that does; then nothing of it is stored', async () => {
    const { get, bench } = setUpRanges();
    await get('0-9');
    const body = new HandBody();
    bench.answer = () => ({ ...body.reply('etag', '"v1"', 'cache-control', 'max-age=60', 'content-range', 'bytes 10-25/26'), status: 206 });
    const outcome = await bench.send(exchangeOf());
    if (outcome.type !== 'reply') throw new Error('no reply');
    let seen = '';
    const over = new Promise((resolve) => {
      outcome.body.start({
        onData: (chunk) => (seen += Buffer.from(chunk).toString()).length > 0,
        onEnd: () => resolve('end'),
        onError: () => resolve('cut'),
      });
    });
    body.push('klm');
    expect(seen).toBe('abcdefghijklm');
    body.break(failed({ replay: 'cut', phase: 'body' }));
    expect(await over).toBe('cut');
    bench.answer = () => failed();
    expect((await get()).failure).toBeDefined();
    expect((await get('0-9')).source).toBe('cache');
  });

  it.each(['', 'klm', 'klmnopqrstuvwxyz!'])('breaks where the rest is not as long as it said: %j', async (rest) => {
    const { get, bench } = setUpRanges();
    await get('0-9');
    bench.answer = () => answered(206, rest, ['etag', '"v1"', 'cache-control', 'max-age=60', 'content-range', 'bytes 10-25/26']);
    expect((await get()).body).toMatch(/ \(cut\)$/);
    bench.answer = () => failed();
    expect((await get()).failure).toBeDefined();
  });

  it('is let go of upstream when its client leaves', async () => {
    const { get, bench } = setUpRanges();
    await get('0-9');
    const body = new HandBody();
    bench.answer = () => ({ ...body.reply('etag', '"v1"', 'cache-control', 'max-age=60', 'content-range', 'bytes 10-25/26'), status: 206 });
    const outcome = await bench.send(exchangeOf());
    if (outcome.type === 'reply') outcome.body.abort();
    expect(body.aborted).toBe(true);
  });

  it('may be larger than what is stored', async () => {
    const { get, bench } = setUpRanges({ maxEntry: 12 });
    await get('0-9');
    expect((await get()).body).toBe(LETTERS);
    expect((await get('0-9')).source).toBe('cache');
    expect((await get('10-19')).source).toBe('upstream');
    expect(await get('5-14')).toMatchObject({ status: 206, body: 'fghijklmno', source: 'cache' });
    await get('20-25');
    expect(await get()).toMatchObject({ status: 200, body: LETTERS, source: 'cache' });
    expect(bench.sent).toHaveLength(4);
  });

  it('does not bring back what a write dropped meanwhile', async () => {
    const { get, bench, origin } = setUpRanges();
    await get('0-9');
    const rest = Promise.withResolvers<Outcome>();
    bench.answer = () => rest.promise;
    const whole = get();
    bench.answer = () => answered(204);
    await bench.get({ method: 'PUT' });
    rest.resolve(answered(206, LETTERS.slice(10), ['etag', '"v1"', 'cache-control', 'max-age=60', 'content-range', 'bytes 10-25/26']));
    expect((await whole).body).toBe(LETTERS);
    bench.answer = origin.answer;
    expect((await get()).source).toBe('upstream');
  });
});
