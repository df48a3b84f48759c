import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../../src/model/outcome.ts';
import { Bench, ok } from './fixtures.ts';

const MINUTE = ['cache-control', 'max-age=60'];

describe('an answer to POST or PATCH', () => {
  const post = { method: 'POST', path: '/a', body: 'x' };
  it.each(['POST', 'PATCH'])('%s is stored for GET where it says that it answers that, and for how long', async (method) => {
    const bench = new Bench({}, (exchange) => ok(exchange.method, ...MINUTE, 'content-location', '/a'));
    await bench.get({ path: '/a' });
    expect(await bench.get({ ...post, method })).toMatchObject({ body: method });
    expect(await bench.get({ path: '/a' })).toMatchObject({ body: method, said: 'hit; ttl=60' });
  });

  it('is not where the method says nothing of what a GET would get', async () => {
    const bench = new Bench({}, (exchange) => ok(exchange.method, ...MINUTE, 'content-location', '/a'));
    await bench.get({ ...post, method: 'PUT' });
    expect((await bench.get({ path: '/a' })).body).toBe('GET');
  });

  it.each([
    ['no Content-Location', []],
    ['another one', ['content-location', '/b']],
    ['another origin', ['content-location', 'https://other.example/a']],
  ])('is not with %s', async (_name, headers) => {
    const bench = new Bench({ ttl: 1000 }, (exchange) => ok(exchange.method, ...MINUTE, ...headers));
    await bench.get(post);
    expect((await bench.get({ path: '/a' })).body).toBe('GET');
  });

  it('is not by the ttl of the route', async () => {
    const bench = new Bench({ ttl: 1000 }, (exchange) => ok(exchange.method, 'content-location', '/a'));
    await bench.get(post);
    expect((await bench.get({ path: '/a' })).body).toBe('GET');
  });

  describe('of which another is under way', () => {
    const row = (text: string): Outcome => ok(text, ...MINUTE, 'content-location', '/a');

    it('is not stored where a later one ended before it', async () => {
      const older = Promise.withResolvers<Outcome>();
      const bench = new Bench({}, (_exchange, number) => (number === 1 ? older.promise : row(`row ${number}`)));
      const first = bench.get(post);
      await bench.get(post);
      older.resolve(row('older'));
      expect((await first).body).toBe('older');
      expect((await bench.get({ path: '/a' })).body).toBe('row 3');
    });

    it('is not stored where a write under one of its tags ended before it', async () => {
      const older = Promise.withResolvers<Outcome>();
      const routes = [{ match: { path: ['/b'] }, invalidate: { tags: ['bots'] } }];
      const answer = (number: number): Outcome | Promise<Outcome> => (number === 1 ? older.promise : row(`row ${number}`));
      const bench = new Bench({ tags: ['bots'] }, (_exchange, number) => answer(number), { routes });
      const first = bench.get(post);
      await bench.get({ method: 'PUT', path: '/b', body: 'x' }, 0);
      older.resolve(row('older'));
      await first;
      expect((await bench.get({ path: '/a' })).body).toBe('row 3');
    });

    it('is not stored in the place of a later one where none of them changes anything', async () => {
      const older = Promise.withResolvers<Outcome>();
      const routes = [{ match: { path: ['/a'] }, invalidate: { none: true } }];
      const bench = new Bench({}, (_exchange, number) => (number === 1 ? older.promise : row(`row ${number}`)), { routes });
      const first = bench.get(post, 0);
      bench.clock.advance(10);
      await bench.get(post, 0);
      older.resolve(row('older'));
      await first;
      expect((await bench.get({ path: '/a' }, 0)).body).toBe('row 2');
    });

    it('is as old as its request', async () => {
      const late = Promise.withResolvers<Outcome>();
      const bench = new Bench({}, () => late.promise);
      const asking = bench.get(post);
      bench.clock.advance(20_000);
      late.resolve(row('row'));
      await asking;
      expect((await bench.get({ path: '/a' })).said).toBe('hit; ttl=40');
    });
  });
});
