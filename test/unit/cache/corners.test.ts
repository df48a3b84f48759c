import { describe, expect, it } from 'vitest';
import type { Exchange } from '../../../src/model/exchange.ts';
import { headerValue } from '../../../src/model/headers.ts';
import type { Outcome } from '../../../src/model/outcome.ts';
import { answered, failed } from '../policy/fixtures.ts';
import { Bench, ok } from './fixtures.ts';

const MINUTE = ['cache-control', 'max-age=60'];
const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('an answer that is for one question alone', () => {
  it('is not stored: 416 says nothing to who asks for no range', async () => {
    const bench = new Bench({}, (exchange) =>
      headerValue(exchange.headers, 'range') === undefined ? ok('row', ...MINUTE) : answered(416, '', ['content-range', 'bytes */3', ...MINUTE]),
    );
    expect((await bench.get({ headers: ['range', 'bytes=9-'] })).status).toBe(416);
    expect(await bench.get()).toMatchObject({ status: 200, body: 'row' });
  });

  it('is asked for anew where Range is part of the key and If-Range names a version', async () => {
    const bench = new Bench({ keyHeaders: ['range'] }, (exchange) =>
      headerValue(exchange.headers, 'if-range') === undefined
        ? answered(206, 'ro', ['content-range', 'bytes 0-1/3', 'etag', '"a"', ...MINUTE])
        : ok('row', 'etag', '"a"', ...MINUTE),
    );
    const part = ['range', 'bytes=0-1'];
    await bench.get({ headers: part });
    expect(await bench.get({ headers: [...part, 'if-range', '"z"'] })).toMatchObject({ status: 200, body: 'row' });
    expect(await bench.get({ headers: part })).toMatchObject({ status: 206, body: 'ro', source: 'cache' });
  });
});

describe('an answer whose end may be a cut', () => {
  it('is passed on and not stored (RFC 9112 section 9.8)', async () => {
    const bench = new Bench({}, () => ({ ...ok('half', ...MINUTE), openEnded: true }));
    await bench.get();
    expect(await bench.get()).toMatchObject({ status: 200, body: 'half', source: 'upstream' });
  });
});

describe('of several stored answers that fit', () => {
  it('the one that says what it varies by is chosen, though a default came later', async () => {
    const bench = new Bench({}, (exchange) => {
      const asked = headerValue(exchange.headers, 'x');
      return asked === undefined ? ok('default', ...MINUTE) : ok(`for ${asked}`, ...MINUTE, 'vary', 'x');
    });
    const headers = ['x', '1'];
    await bench.get({ headers });
    await bench.get({ headers: ['cache-control', 'no-cache'] });
    expect(await bench.get({ headers })).toMatchObject({ body: 'for 1', source: 'cache' });
    expect(await bench.get()).toMatchObject({ body: 'default', source: 'cache' });
  });

  it('the one that the origin made last is, whichever came last', async () => {
    const bench = new Bench({}, (exchange, number) =>
      ok(`row ${number}`, 'cache-control', 'max-age=600', 'age', number === 1 ? '5' : '100', 'vary', headerValue(exchange.headers, 'ask') ?? ''),
    );
    await bench.get({ headers: ['ask', 'a', 'a', '1', 'b', '1'] });
    await bench.get({ headers: ['ask', 'b', 'a', '2', 'b', '1'] });
    expect((await bench.get({ headers: ['a', '1', 'b', '1'] })).body).toBe('row 1');
  });

  it('one that was late is not put in the place of a younger one', async () => {
    const late = Promise.withResolvers<Outcome>();
    const bench = new Bench({}, (_exchange, number) => (number === 1 ? late.promise : ok('new', ...MINUTE, 'date', dateOf(bench))));
    const stuck = bench.get();
    await tick();
    const old = dateOf(bench);
    bench.clock.advance(3000);
    expect((await bench.get()).body).toBe('new');
    late.resolve(ok('old', ...MINUTE, 'date', old));
    expect((await stuck).body).toBe('old');
    expect(await bench.get()).toMatchObject({ body: 'new', source: 'cache' });
  });

  it('one that was late is, where nothing came after it', async () => {
    const late = Promise.withResolvers<Outcome>();
    const bench = new Bench({}, (_exchange, number) => (number === 1 ? late.promise : failed()));
    const stuck = bench.get();
    await tick();
    bench.clock.advance(3000);
    expect((await bench.get()).failure).toBeDefined();
    late.resolve(ok('late', ...MINUTE));
    await stuck;
    expect((await bench.get()).source).toBe('cache');
  });
});

describe('why a request went on (RFC 9211 section 2.2)', () => {
  const ask = async (headers: string[], after: number, method = 'GET'): Promise<string> => {
    const bench = new Bench({}, () => ok('row', ...MINUTE));
    if (after >= 0) await bench.get();
    bench.clock.advance(Math.max(0, after));
    return /fwd=[a-z-]+/.exec((await bench.get({ method, headers })).said)?.[0] ?? '';
  };
  it.each<[string, string[], number, string]>([
    ['nothing was stored, whatever the client wants', ['cache-control', 'no-cache'], -1, 'fwd=uri-miss'],
    ['the client did not want what is fresh', ['cache-control', 'no-cache'], 0, 'fwd=request'],
    ['the client wanted it younger', ['cache-control', 'max-age=5'], 10_000, 'fwd=request'],
    ['it was stale', [], 61_000, 'fwd=stale'],
    ['it was stale, whatever the client wants', ['cache-control', 'no-cache'], 61_000, 'fwd=stale'],
  ])('is told: %s', async (_why, headers, after, expected) => {
    expect(await ask(headers, after)).toBe(expected);
    expect(await ask(headers, after, 'HEAD')).toBe(expected);
  });
});

describe('a request that nothing stored is for', () => {
  it.each(['accept-encoding', 'authorization', 'accept'])('is told that only what varies by %s is there', async (name) => {
    const bench = new Bench({ shared: true, ttl: 1000 }, () => ok('row', 'vary', name, 'content-encoding', 'gzip'));
    await bench.get({ headers: [name, 'gzip'] });
    expect((await bench.get({ headers: [name, 'other'] })).said).toBe('fwd=vary-miss; fwd-status=200; stored');
  });
});

describe('a 304', () => {
  const stale = (...validators: string[]): Outcome => ok('row', 'cache-control', 'max-age=2', ...validators);
  async function confirm(stored: string[], answer: string[]): Promise<{ first: string; second: string; asked: number }> {
    const bench = new Bench({}, (exchange, number) => {
      if (number === 1) return stale(...stored);
      const conditional = ['if-none-match', 'if-modified-since'].some((name) => headerValue(exchange.headers, name) !== undefined);
      return conditional ? answered(304, '', [...answer, ...MINUTE]) : ok('new', ...MINUTE);
    });
    await bench.get();
    bench.clock.advance(3000);
    const first = await bench.get();
    const second = await bench.get();
    return { first: `${first.body} ${first.said}`, second: `${second.body} ${second.source}`, asked: bench.sent.length };
  }
  const [LONG_AGO, LONGER_AGO] = ['Mon, 23 Nov 2020 00:00:00 GMT', 'Sun, 22 Nov 2020 00:00:00 GMT'];
  const UPDATED = { first: 'row fwd=stale; fwd-status=304; stored', second: 'row cache', asked: 2 };

  it.each<[string, string[], string[]]>([
    ['with the strong tag of what is stored', ['etag', '"a"'], ['etag', '"a"']],
    ['with its weak tag', ['etag', 'W/"a"'], ['etag', 'W/"a"']],
    ['with its tag made weak', ['etag', '"a"'], ['etag', 'W/"a"']],
    ['with its date, and a tag that it had not', ['last-modified', LONG_AGO], ['last-modified', LONG_AGO, 'etag', '"a"']],
    ['with no validator', ['last-modified', LONG_AGO], []],
    ['with its date alone', ['last-modified', LONG_AGO, 'etag', '"a"'], ['last-modified', LONG_AGO]],
  ])('%s brings it up to date', async (_what, stored, answer) => expect(await confirm(stored, answer)).toEqual(UPDATED));

  it.each<[string, string[], string[]]>([
    ['whose weak tag it makes strong', ['etag', 'W/"a"'], ['etag', '"a"']],
    ['that had no tag', ['last-modified', LONG_AGO], ['etag', '"a"']],
  ])('lets the stored answer %s be sent once, and changes nothing of it (RFC 9111 section 4.3.4)', async (_what, stored, answer) =>
    expect(await confirm(stored, answer)).toEqual({ first: 'row fwd=stale; fwd-status=304', second: 'row cache', asked: 3 }),
  );

  it.each<[string, string[], string[]]>([
    ['with another tag', ['etag', '"a"'], ['etag', '"b"']],
    ['with another weak tag', ['etag', '"a"'], ['etag', 'W/"b"']],
    ['with another date: an older version was put back', ['last-modified', LONG_AGO], ['last-modified', LONGER_AGO]],
  ])('%s confirms nothing', async (_what, stored, answer) =>
    expect(await confirm(stored, answer)).toEqual({ first: 'new fwd=stale; fwd-status=200; stored', second: 'new cache', asked: 3 }),
  );
});

describe('what is stored in a coding', () => {
  // a tag that is the same for all codings: a weak one may be, and many a strong one is
  const answer = (exchange: Exchange): Outcome => {
    const coding = headerValue(exchange.headers, 'accept-encoding') === 'gzip' ? ['content-encoding', 'gzip'] : [];
    if (headerValue(exchange.headers, 'if-none-match') !== undefined) return answered(304, '', ['etag', 'W/"a"', ...MINUTE]);
    return ok(coding.length > 0 ? 'coded' : 'plain', 'etag', 'W/"a"', 'vary', 'accept-encoding', ...MINUTE, ...coding);
  };
  it.each([
    ['none', [], 'plain'],
    ['another', ['accept-encoding', 'br'], 'plain'],
    ['all but this', ['accept-encoding', '*, gzip;q=0'], 'plain'],
    ['this and more', ['accept-encoding', 'br, gzip;q=0.5'], 'coded'],
    ['any', ['accept-encoding', '*'], 'coded'],
  ])('is asked about for a client only where that takes it: %s', async (_what, headers, body) => {
    const bench = new Bench({}, answer);
    await bench.get({ headers: ['accept-encoding', 'gzip'] });
    expect((await bench.get({ headers })).body).toBe(body);
  });
});

describe('an answer that tells that what is stored may no longer be kept', () => {
  const stored = ['cache-control', 'max-age=2', 'etag', '"a"'];

  it.each<[string, string[]]>([
    ['no-store', ['cache-control', 'no-store']],
    ['private', ['cache-control', 'private, max-age=60']],
    ['Vary: *', ['vary', '*']],
  ])('a 304 with %s: it is sent once more, and never stands in later', async (_what, headers) => {
    const bench = new Bench({}, (_exchange, number) =>
      number === 1 ? ok('row', ...stored) : number === 2 ? answered(304, '', ['etag', '"a"', ...headers]) : failed(),
    );
    await bench.get();
    bench.clock.advance(3000);
    expect(await bench.get()).toMatchObject({ status: 200, body: 'row', said: 'fwd=stale; fwd-status=304' });
    expect((await bench.get()).failure).toBeDefined();
  });

  it('a HEAD by which it varies by more than it said', async () => {
    const bench = new Bench({}, ({ method }, number) =>
      ok(`row ${number}`, 'etag', '"a"', ...MINUTE, ...(method === 'HEAD' ? ['vary', 'accept-language'] : [])),
    );
    const [english, german] = ['en', 'de'].map((language) => ['accept-language', language]);
    await bench.get({ headers: english ?? [] });
    await bench.get({ method: 'HEAD', headers: [...(english ?? []), 'cache-control', 'no-cache'] });
    expect((await bench.get({ headers: german ?? [] })).body).toBe('row 3');
  });

  it.each([401, 403])('but not a %i to one who may not see what all others share', async (status) => {
    const bench = new Bench({ shared: true }, (exchange, number) =>
      headerValue(exchange.headers, 'authorization') === 'bad' ? answered(status) : ok(`row ${number}`, 'cache-control', 'public, max-age=60'),
    );
    await bench.get({ headers: ['authorization', 'good'] });
    await bench.get({ headers: ['authorization', 'bad', 'cache-control', 'no-cache'] });
    expect((await bench.get({ headers: ['authorization', 'good'] })).body).toBe('row 1');
  });
});

describe('what stale-if-error is for (RFC 5861 section 4)', () => {
  const after = async (status: number, said: string, own?: number): Promise<string> => {
    const bench = new Bench(own === undefined ? {} : { staleIfError: own }, (_exchange, number) =>
      number === 1 ? ok('row', 'cache-control', said) : failed({ kind: 'status', replay: 'refused', reply: answered(status, 'no') }),
    );
    await bench.get();
    bench.clock.advance(3000);
    return (await bench.get()).body;
  };
  it.each([500, 502, 503, 504])('%i, where the origin says so', async (status) =>
    expect(await after(status, 'max-age=2, stale-if-error=60')).toBe('row'),
  );
  it.each([429, 400, 501])('not %i, unless the operator says so', async (status) => {
    expect(await after(status, 'max-age=2, stale-if-error=60')).toBe('no');
    expect(await after(status, 'max-age=2', 60_000)).toBe('row');
  });
});

function dateOf(bench: Bench): string {
  return new Date(bench.clock.wallNow()).toUTCString();
}
