import { describe, expect, it } from 'vitest';
import { headerValue } from '../../../src/model/headers.ts';
import type { Outcome } from '../../../src/model/outcome.ts';
import { answered, failed } from '../policy/fixtures.ts';
import { Bench, HandBody, ok, text } from './fixtures.ts';

const MINUTE = ['cache-control', 'max-age=60'];

describe('validation', () => {
  it('asks about a stale answer, takes over what a 304 says, and is fresh again', async () => {
    const bench = new Bench({}, (_exchange, number) =>
      number === 1
        ? ok('row', 'cache-control', 'max-age=2', 'etag', '"a"', 'x-kept', '1', 'x-new', '1')
        : answered(304, '', ['etag', '"a"', 'x-new', '2']),
    );
    await bench.get();
    bench.clock.advance(3000);
    const second = await bench.get();
    expect(second).toMatchObject({ status: 200, body: 'row', source: 'cache', said: 'fwd=stale; fwd-status=304; stored' });
    expect([second.header('x-kept'), second.header('x-new'), second.header('age')]).toEqual(['1', '2', '0']);
    expect(headerValue(bench.sent[1]?.headers ?? [], 'if-none-match')).toBe('"a"');
    expect(await bench.get()).toMatchObject({ body: 'row', said: 'hit; ttl=2' });
    expect(bench.looks.results).toEqual(['miss', 'revalidated', 'hit']);
  });

  it('stores the new answer where the old one is no longer good', async () => {
    const bench = new Bench({}, (_exchange, number) => ok(`row ${number}`, 'cache-control', 'max-age=2', 'etag', `"${number}"`));
    await bench.get();
    bench.clock.advance(3000);
    expect(await bench.get()).toMatchObject({ body: 'row 2', said: 'fwd=stale; fwd-status=200; stored' });
    expect((await bench.get()).body).toBe('row 2');
  });

  it('asks again without a condition when a 304 confirms something that it does not have', async () => {
    const bench = new Bench({}, (exchange, number) => {
      if (number === 1) return ok('old', 'cache-control', 'max-age=2', 'etag', '"a"');
      return headerValue(exchange.headers, 'if-none-match') === undefined ? ok('new', ...MINUTE, 'etag', '"b"') : answered(304, '', ['etag', '"b"']);
    });
    await bench.get();
    bench.clock.advance(3000);
    expect((await bench.get()).body).toBe('new');
    expect(bench.sent).toHaveLength(3);
  });

  it('forgets what is stored when something newer came that may not be kept', async () => {
    const bench = new Bench({ staleIfError: 60_000 }, (_exchange, number) => {
      if (number === 1) return ok('old', 'cache-control', 'max-age=2', 'etag', '"a"');
      return number === 2 ? answered(403, 'no', ['cache-control', 'no-store']) : failed();
    });
    await bench.get();
    bench.clock.advance(3000);
    expect((await bench.get()).status).toBe(403);
    expect((await bench.get()).failure).toBeDefined();
  });

  it('sends the tags of other variants on a variant miss, and serves the one that is confirmed', async () => {
    const bench = new Bench({}, (_exchange, number) =>
      number === 1 ? ok('same', ...MINUTE, 'etag', '"a"', 'vary', 'x') : answered(304, '', ['etag', '"a"', 'vary', 'x']),
    );
    await bench.get({ headers: ['x', '1'] });
    expect(await bench.get({ headers: ['x', '2'] })).toMatchObject({ body: 'same', said: 'fwd=vary-miss; fwd-status=304; stored' });
    expect((await bench.get({ headers: ['x', '2'] })).said).toBe('hit; ttl=60');
    expect((await bench.get({ headers: ['x', '1'] })).said).toBe('hit; ttl=60');
  });
});

describe('a client that asks whether its own is still good', () => {
  it('gets 304 from a fresh answer', async () => {
    const bench = new Bench({}, () => ok('row', ...MINUTE, 'etag', '"a"', 'content-type', 'x'));
    await bench.get();
    const answer = await bench.get({ headers: ['if-none-match', '"z", W/"a"'] });
    expect(answer).toMatchObject({ status: 304, body: '', source: 'cache' });
    expect([answer.header('etag'), answer.header('content-type'), answer.header('age')]).toEqual(['"a"', undefined, '0']);
  });

  it('gets 304 after a stale answer was confirmed, and after a new one with its tag came', async () => {
    const bench = new Bench({}, (_exchange, number) =>
      number === 2
        ? answered(304, '', ['last-modified', 'Mon, 23 Nov 2026 00:00:00 GMT'])
        : ok('row', 'cache-control', 'max-age=2', 'last-modified', 'Mon, 23 Nov 2026 00:00:00 GMT', 'etag', '"z"'),
    );
    await bench.get();
    bench.clock.advance(3000);
    expect((await bench.get({ headers: ['if-modified-since', 'Mon, 23 Nov 2026 00:00:00 GMT'] })).status).toBe(304);
    bench.clock.advance(3000);
    expect((await bench.get({ headers: ['if-none-match', '"z"'] })).status).toBe(304);
  });

  it('is passed on with its question where nothing is stored, and its 304 is not', async () => {
    const bench = new Bench({}, () => answered(304, '', ['etag', '"a"', ...MINUTE]));
    expect((await bench.get({ headers: ['if-none-match', '"a"'] })).status).toBe(304);
    expect(headerValue(bench.sent[0]?.headers ?? [], 'if-none-match')).toBe('"a"');
    await bench.get({ headers: ['if-none-match', '"a"'] });
    expect(bench.sent).toHaveLength(2);
  });

  it('goes by the cache with conditions that only the origin can judge', async () => {
    const bench = new Bench({}, () => ok('row', ...MINUTE, 'etag', '"a"'));
    await bench.get();
    expect((await bench.get({ headers: ['if-match', '"a"'] })).said).toBe('fwd=request');
    expect(bench.sent).toHaveLength(2);
  });
});

describe('ranges', () => {
  it('are cut from a whole stored answer', async () => {
    const bench = new Bench({}, () => ok('0123456789', ...MINUTE));
    await bench.get();
    const part = await bench.get({ headers: ['range', 'bytes=2-4'] });
    expect(part).toMatchObject({ status: 206, body: '234' });
    expect([part.header('content-range'), part.header('content-length')]).toEqual(['bytes 2-4/10', '3']);
    expect(await bench.get({ headers: ['range', 'bytes=20-'] })).toMatchObject({ status: 416, body: '' });
    expect((await bench.get({ headers: ['range', 'bytes=0-1, 4-5'] })).body).toBe('0123456789');
    expect(bench.sent).toHaveLength(1);
  });

  it('are stored as what they are, and never taken for the whole', async () => {
    const bench = new Bench({}, (exchange) =>
      headerValue(exchange.headers, 'range') === undefined
        ? ok('0123456789', ...MINUTE)
        : answered(206, '45678', [...MINUTE, 'content-range', 'bytes 4-8/10']),
    );
    await bench.get({ headers: ['range', 'bytes=4-8'] });
    expect(await bench.get({ headers: ['range', 'bytes=5-6'] })).toMatchObject({ status: 206, body: '56', source: 'cache' });
    expect((await bench.get({ headers: ['range', 'bytes=8-9'] })).said).toContain('fwd=partial');
    expect(await bench.get()).toMatchObject({ status: 200, body: '0123456789', source: 'upstream' });
  });

  it('are not stored when their bytes are not those that they name', async () => {
    const bench = new Bench({}, () => answered(206, '4567', [...MINUTE, 'content-range', 'bytes 4-8/10']));
    await bench.get({ headers: ['range', 'bytes=4-8'] });
    await bench.get({ headers: ['range', 'bytes=4-8'] });
    expect(bench.sent).toHaveLength(2);
  });
});

describe('HEAD', () => {
  it('is answered from a stored GET, without a body and with its length', async () => {
    const bench = new Bench({}, () => ok('row', ...MINUTE));
    await bench.get();
    const head = await bench.get({ method: 'HEAD' });
    expect(head).toMatchObject({ status: 200, body: '', source: 'cache' });
    expect(head.header('content-length')).toBe('3');
  });

  it('goes on when the stored answer is stale, and brings it up to date', async () => {
    const bench = new Bench({}, (exchange) =>
      exchange.method === 'HEAD'
        ? answered(200, '', ['cache-control', 'max-age=1000', 'x-a', '2'])
        : ok('row', 'cache-control', 'max-age=2', 'x-a', '1', 'x-b', '1'),
    );
    await bench.get();
    bench.clock.advance(3000);
    expect((await bench.get({ method: 'HEAD' })).source).toBe('upstream');
    expect(bench.sent[1]?.method).toBe('HEAD');
    const hit = await bench.get();
    expect([hit.source, hit.body, hit.header('x-a'), hit.header('x-b')]).toEqual(['cache', 'row', '2', '1']);
  });

  it('shows that what is stored is no longer true', async () => {
    const bench = new Bench({}, (exchange) =>
      exchange.method === 'HEAD'
        ? answered(200, '', ['content-length', '99', ...MINUTE])
        : ok('row', 'cache-control', 'max-age=2', 'content-length', '3'),
    );
    await bench.get();
    bench.clock.advance(3000);
    await bench.get({ method: 'HEAD' });
    expect((await bench.get()).source).toBe('upstream');
  });

  it('does not bring back what a write dropped meanwhile', async () => {
    const head = Promise.withResolvers<Outcome>();
    const bench = new Bench({}, (exchange, number) => {
      if (exchange.method === 'HEAD') return head.promise;
      return exchange.method === 'POST' ? answered(204) : ok(`row ${number}`, 'cache-control', 'max-age=2');
    });
    await bench.get();
    bench.clock.advance(3000);
    const asking = bench.get({ method: 'HEAD' });
    await bench.get({ method: 'POST' });
    head.resolve(answered(200, '', MINUTE));
    await asking;
    expect((await bench.get()).source).toBe('upstream');
  });

  it('is never stored as a GET', async () => {
    const bench = new Bench({}, () => answered(200, '', MINUTE));
    await bench.get({ method: 'HEAD' });
    expect((await bench.get()).source).toBe('upstream');
  });
});

describe('what a request asks of the cache', () => {
  it('gets 504 where only a stored answer will do and there is none', async () => {
    const bench = new Bench({}, () => ok('row', ...MINUTE));
    expect(await bench.send({ headers: ['cache-control', 'only-if-cached'] })).toMatchObject({ type: 'failure', code: 'not_cached', own: true });
    await bench.get();
    expect((await bench.get({ headers: ['cache-control', 'only-if-cached'] })).body).toBe('row');
    expect(bench.sent).toHaveLength(1);
  });

  it.each(['no-cache', 'max-age=0', 'no-store', 'min-fresh=100'])('is asked anew for %s', async (directive) => {
    const bench = new Bench({}, () => ok('row', ...MINUTE));
    await bench.get();
    bench.clock.advance(1000);
    expect((await bench.get({ headers: ['cache-control', directive] })).source).toBe('upstream');
  });

  it('stores nothing for no-store', async () => {
    const bench = new Bench({}, () => ok('row', ...MINUTE));
    await bench.get({ headers: ['cache-control', 'no-store'] });
    expect((await bench.get()).source).toBe('upstream');
  });
});

describe('what comes from upstream', () => {
  it('keeps its variants apart', async () => {
    const bench = new Bench({}, (exchange) => ok(headerValue(exchange.headers, 'x') ?? '-', ...MINUTE, 'vary', 'X'));
    for (const x of ['1', '2', '1', '2']) expect((await bench.get({ headers: ['x', x] })).body).toBe(x);
    expect((await bench.get()).body).toBe('-');
    expect(bench.sent).toHaveLength(3);
  });

  it('is kept apart by the codings that were offered, although the origin does not say so', async () => {
    const bench = new Bench({}, (exchange) => {
      const offered = headerValue(exchange.headers, 'accept-encoding');
      return offered === undefined ? ok('plain', ...MINUTE) : ok(offered, ...MINUTE, 'content-encoding', offered);
    });
    const ask = async (...headers: string[]): Promise<string> => (await bench.get({ headers })).body;
    expect([await ask('accept-encoding', 'br'), await ask(), await ask('accept-encoding', 'br')]).toEqual(['br', 'plain', 'br']);
    expect(await ask('accept-encoding', 'gzip')).toBe('plain');
    const other = new Bench({}, (exchange) => ok('coded', ...MINUTE, 'content-encoding', headerValue(exchange.headers, 'accept-encoding') ?? '?'));
    await other.get({ headers: ['accept-encoding', 'br'] });
    expect((await other.get({ headers: ['accept-encoding', 'gzip'] })).source).toBe('upstream');
    expect((await other.get({ headers: ['accept-encoding', 'br'] })).source).toBe('cache');
  });

  it('is not stored when it breaks off', async () => {
    const body = new HandBody();
    const bench = new Bench({}, (_exchange, number) => (number === 1 ? body.reply(...MINUTE) : ok('whole', ...MINUTE)));
    const outcome = await bench.send();
    if (outcome.type !== 'reply') throw new Error('no reply');
    const first = text(outcome.body);
    body.push('ha');
    body.break(failed({ replay: 'cut', phase: 'body' }));
    expect(await first).toBe('ha (cut)');
    expect((await bench.get()).body).toBe('whole');
  });

  it('is passed on whole and not stored when it is larger than the route keeps', async () => {
    const bench = new Bench({ maxEntry: 4 }, () => ok('12345', ...MINUTE));
    expect((await bench.get()).body).toBe('12345');
    expect((await bench.get()).source).toBe('upstream');
  });

  it('is as old as it was under way', async () => {
    const bench = new Bench({}, () => {
      bench.clock.advance(5000);
      return ok('row', ...MINUTE);
    });
    expect((await bench.get()).header('age')).toBe('5');
    expect((await bench.get()).said).toBe('hit; ttl=55');
  });

  it('is not answered from here once the token has ended', async () => {
    const token = (exp: number): string => `Bearer x.${Buffer.from(JSON.stringify({ exp })).toString('base64url')}.y`;
    const bench = new Bench({ ttl: 3_600_000, staleIfError: 3_600_000 }, (_exchange, number) => (number === 1 ? ok('row') : failed()));
    const ends = Math.floor(bench.clock.wallNow() / 1000) + 60;
    const headers = ['authorization', token(ends)];
    await bench.get({ headers });
    expect((await bench.get({ headers })).body).toBe('row');
    bench.clock.advance(61_000);
    expect((await bench.get({ headers })).failure).toBeDefined();
  });
});

describe('a 5xx that may be stored', () => {
  it('is, with freshness of its own, and does not replace what could stand in', async () => {
    const bench = new Bench({}, () => failed({ kind: 'status', reply: answered(503, 'down', MINUTE) }));
    expect((await bench.get()).body).toBe('down');
    expect(await bench.get()).toMatchObject({ status: 503, body: 'down', source: 'cache' });
    expect(bench.sent).toHaveLength(1);
  });
});
