import { describe, expect, it, vi } from 'vitest';
import { clientClosed } from '../../../src/model/failure.ts';
import { answered, exchangeOf, failed } from '../policy/fixtures.ts';
import { Bench, ok, read } from './fixtures.ts';

describe('stale answers', () => {
  it('are sent while one fetch brings a new one', async () => {
    const bench = new Bench({}, (_exchange, number) => ok(`row ${number}`, 'cache-control', 'max-age=2, stale-while-revalidate=60'));
    await bench.get();
    bench.clock.advance(3000);
    const answers = await Promise.all(Array.from({ length: 1000 }, () => bench.get()));
    expect(new Set(answers.map(({ body, said }) => `${body} ${said}`))).toEqual(new Set(['row 1 hit; ttl=-1']));
    expect(bench.sent).toHaveLength(2);
    expect((await bench.get()).body).toBe('row 2');
  });

  it('do not stand in for an upstream because the client that asked it has left', async () => {
    const bench = new Bench({ ttl: 2000 }, (exchange, number) => {
      if (number !== 2) return ok(`row ${number}`);
      return new Promise((resolve) => exchange.onAbort(() => resolve(clientClosed('headers'))));
    });
    await bench.get();
    bench.clock.advance(3000);
    const impatient = exchangeOf({});
    const left = bench.send(impatient);
    await vi.waitUntil(() => bench.sent.length === 2);
    impatient.abort();
    await left;
    expect(await bench.get()).toMatchObject({ body: 'row 3', source: 'upstream' });
  });

  it('do not hammer an upstream that fails', async () => {
    const bench = new Bench({}, (_exchange, number) =>
      number === 1 ? ok('row', 'cache-control', 'max-age=2, stale-while-revalidate=600') : failed(),
    );
    await bench.get();
    bench.clock.advance(3000);
    for (let i = 0; i < 10; i++) expect((await bench.get()).body).toBe('row');
    expect(bench.sent).toHaveLength(2);
    bench.clock.advance(1000);
    for (let i = 0; i < 10; i++) await bench.get();
    expect(bench.sent).toHaveLength(3);
    bench.clock.advance(1000);
    await bench.get();
    expect(bench.sent).toHaveLength(3);
  });

  it('stand in for an upstream that cannot be reached, and not for its own error', async () => {
    const bench = new Bench({}, (_exchange, number) => {
      if (number === 1) return ok('row', 'cache-control', 'max-age=2');
      return number === 2 ? failed({ kind: 'status', reply: answered(503, 'down') }) : failed();
    });
    await bench.get();
    bench.clock.advance(3000);
    expect(await bench.get()).toMatchObject({ status: 503, body: 'down' });
    expect(await bench.get()).toMatchObject({ status: 200, body: 'row', source: 'cache', said: 'hit; ttl=-1; detail=stale-if-error' });
  });

  it('stand in at once for a moment after the upstream could not be reached', async () => {
    const bench = new Bench({}, (_exchange, number) => (number === 1 ? ok('row', 'cache-control', 'max-age=2') : failed()));
    await bench.get();
    bench.clock.advance(3000);
    for (let i = 0; i < 5; i++) expect((await bench.get()).body).toBe('row');
    expect(bench.sent).toHaveLength(2);
    bench.clock.advance(1000);
    await bench.get();
    expect(bench.sent).toHaveLength(3);
  });

  it('stand in for an error where stale-if-error says so, and the upstream is left alone for a moment', async () => {
    const bench = new Bench({ ttl: 2000, staleIfError: 60_000 }, (_exchange, number) =>
      number === 1 ? ok('row') : failed({ kind: 'status', reply: answered(500, 'down') }),
    );
    await bench.get();
    bench.clock.advance(3000);
    for (let i = 0; i < 5; i++) expect(await bench.get()).toMatchObject({ status: 200, body: 'row' });
    expect(bench.sent).toHaveLength(2);
    bench.clock.advance(70_000);
    expect((await bench.get()).status).toBe(500);
  });

  it.each(['must-revalidate', 'proxy-revalidate', 'no-cache', 's-maxage=2'])('never stand in under %s', async (directive) => {
    const bench = new Bench({ staleIfError: 60_000 }, (_exchange, number) =>
      number === 1 ? ok('row', 'cache-control', `max-age=2, ${directive}`, 'etag', '"a"') : failed(),
    );
    await bench.get();
    bench.clock.advance(3000);
    expect((await bench.get()).failure).toBeDefined();
  });

  it('are withheld, or all that is wanted, where a fallback says so', async () => {
    const bench = new Bench({ staleIfError: 60_000, ttl: 2000 }, (_exchange, number) => (number === 1 ? ok('row') : failed()));
    const ask = async (staleUse: 'withheld' | 'only', method = 'GET') => {
      const exchange = exchangeOf({ method });
      exchange.staleUse = staleUse;
      return read(await bench.send(exchange), exchange);
    };
    expect((await ask('only')).failure?.detail).toBe('nothing is stored that could stand in');
    await bench.get();
    bench.clock.advance(3000);
    expect((await ask('withheld')).failure).toBeDefined();
    const before = bench.sent.length;
    expect((await ask('only')).body).toBe('row');
    expect((await ask('only', 'POST')).failure).toBeDefined();
    expect(bench.sent).toHaveLength(before);
  });

  it('are never what a watching cache gives: it is not asked, and neither is the upstream', async () => {
    const bench = new Bench({ mode: 'observe', staleIfError: 60_000, ttl: 2000 }, () => ok('row'));
    await bench.get();
    const exchange = exchangeOf();
    exchange.staleUse = 'only';
    expect((await read(await bench.send(exchange), exchange)).failure?.detail).toBe('nothing is stored that could stand in');
    expect(bench.sent).toHaveLength(1);
  });
});
