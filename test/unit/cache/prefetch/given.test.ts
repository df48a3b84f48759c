import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../../../src/model/outcome.ts';
import { exchangeOf, failed } from '../../policy/fixtures.ts';
import { HandBody, ok, read } from '../fixtures.ts';
import { GIVEN, json, known, rows, settled, Stage, USER } from './fixtures.ts';

const OTHER = ['authorization', 'Bearer two', 'accept', 'application/json'];

describe('what was asked for ahead', () => {
  it('is given once', async () => {
    const stage = known();
    await stage.get('/messages?id=eq.1');
    await stage.get('/conversations?id=eq.1001');
    expect((await stage.get('/conversations?id=eq.1001')).said).toBe('');
    expect(stage.paths.filter((path) => path.startsWith('/conversations'))).toHaveLength(2);
  });

  it('says how old it is', async () => {
    const stage = known();
    await stage.get('/messages?id=eq.1');
    stage.clock.advance(2200);
    expect((await stage.get('/conversations?id=eq.1001')).header('age')).toBe('2');
  });

  it('is not given later than within', async () => {
    const stage = known({ within: '1s' });
    await stage.get('/messages?id=eq.1');
    stage.clock.advance(1001);
    expect((await stage.get('/conversations?id=eq.1001')).said).toBe('');
    expect(stage.notes.acts).toContain('prefetch: unused');
  });

  it('is not given to another user', async () => {
    const stage = known();
    await stage.get('/messages?id=eq.1');
    expect((await stage.get('/conversations?id=eq.1001', OTHER)).said).toBe('');
    expect((await stage.get('/conversations?id=eq.1001', USER)).said).toBe(GIVEN);
  });

  it.each([
    ['a tenant in a field that nobody knows', [...USER, 'x-tenant', 'b']],
    ['another field of the same name', [...USER, 'accept', 'text/csv']],
    ['another representation', ['authorization', 'Bearer one', 'accept', 'text/csv']],
  ])('is not given to a request with %s', async (_what, headers) => {
    const stage = known();
    await stage.get('/messages?id=eq.1', [...USER, 'x-tenant', 'a']);
    expect((await stage.get('/conversations?id=eq.1001', headers)).said).toBe('');
  });

  it('is asked for with the fields of the request before, worded as its like was last', async () => {
    const object = ['authorization', 'Bearer one', 'x-tenant', 'a', 'accept', 'application/vnd.pgrst.object+json'];
    const stage = known();
    await stage.get('/messages?id=eq.1', [...USER, 'x-tenant', 'a']);
    await stage.get('/conversations?id=eq.1001', object);
    await stage.get('/messages?id=eq.2', [...USER, 'x-tenant', 'b', 'if-none-match', '"1"', 'cache-control', 'no-cache']);
    await stage.get('/messages?id=eq.3', [...USER, 'x-tenant', 'a', 'traceparent', '00-1']);
    expect(stage.sent.at(-1)?.headers).toEqual([
      'authorization',
      'Bearer one',
      'x-tenant',
      'a',
      'traceparent',
      '00-1',
      'accept',
      'application/vnd.pgrst.object+json',
    ]);
    expect((await stage.get('/conversations?id=eq.1003', [...object, 'traceparent', '00-2'])).said).toBe(GIVEN);
  });

  it.each([
    ['if-none-match', '"1"'],
    ['if-modified-since', 'Thu, 01 Jan 1970 00:00:00 GMT'],
    ['cache-control', 'no-cache'],
    ['cache-control', 'max-age=0'],
    ['pragma', 'no-cache'],
    ['range', 'bytes=0-1'],
    ['if-match', '"1"'],
  ])('is not given to a request with %s: %s', async (name, value) => {
    const stage = known();
    await stage.get('/messages?id=eq.1');
    expect((await stage.get('/conversations?id=eq.1001', [...USER, name, value])).said).toBe('');
  });

  it('is not given once the token has ended', async () => {
    const stage = known();
    const payload = Buffer.from(JSON.stringify({ exp: Math.floor(stage.clock.wallNow() / 1000) + 2 })).toString('base64url');
    const token = ['authorization', `Bearer eyJhbGciOiJIUzI1NiJ9.${payload}.c2ln`, 'accept', 'application/json'];
    await stage.get('/messages?id=eq.1', token);
    await stage.get('/messages?id=eq.2', token);
    expect((await stage.get('/conversations?id=eq.1001', token)).said).toBe(GIVEN);
    stage.clock.advance(2500);
    expect((await stage.get('/conversations?id=eq.1002', token)).said).toBe('');
  });

  it.each<[string, () => Outcome]>([
    ['an error', () => ok('down', 'content-type', 'application/json')],
    ['no-store', () => json([{ id: 1001 }], 'cache-control', 'no-store')],
    ['Set-Cookie', () => json([{ id: 1001 }], 'set-cookie', 'a=1')],
    ['Vary: *', () => json([{ id: 1001 }], 'vary', '*')],
    ['more than it should be', () => ok('x'.repeat(2000), 'content-type', 'application/json')],
    ['fewer bytes than it says', () => ok('[]', 'content-type', 'application/json', 'content-length', '20')],
    ['nothing', () => failed()],
  ])('is not given where it is %s', async (what, answer) => {
    const stage = known({ maxEntry: '1KiB' });
    stage.play = (exchange) => {
      if (exchange.chained === 0) return rows(exchange);
      const played = answer();
      return what === 'an error' && played.type === 'reply' ? { ...played, status: 503 } : played;
    };
    await stage.get('/messages?id=eq.1');
    expect(stage.ahead).toHaveLength(1);
    const got = await stage.get('/conversations?id=eq.1001');
    expect([got.said, got.body]).toEqual(['', '[{"id":1001,"account_id":2001}]']);
  });

  it('may be private where it is for one user alone', async () => {
    const stage = known();
    stage.play = (exchange) => (exchange.chained > 0 ? json([{ id: 'own' }], 'cache-control', 'private, max-age=60') : rows(exchange));
    const nobody = ['accept', 'application/json'];
    await stage.get('/messages?id=eq.1', nobody);
    expect((await stage.get('/conversations?id=eq.1001', nobody)).said).toBe('');
    await stage.get('/messages?id=eq.2');
    expect((await stage.get('/conversations?id=eq.1002')).body).toBe('[{"id":"own"}]');
  });

  it('is not given after a write, nor is what was under way during one', async () => {
    const stage = known();
    await stage.get('/messages?id=eq.1');
    await stage.get('/anything', USER, 'PATCH');
    expect((await stage.get('/conversations?id=eq.1001')).said).toBe('');
    const held = new HandBody();
    stage.play = (exchange) => (exchange.chained > 0 ? held.reply('content-type', 'application/json') : rows(exchange));
    await stage.get('/messages?id=eq.2');
    await stage.get('/anything', USER, 'POST');
    held.push('[{"id":"old"}]');
    held.end();
    await settled();
    expect((await stage.get('/conversations?id=eq.1002')).body).toBe('[{"id":1002,"account_id":2002}]');
  });

  it('is not even asked for while a write is under way', async () => {
    const stage = known();
    let finish = (): void => undefined;
    stage.play = (exchange) => (exchange.method === 'POST' ? new Promise((resolve) => (finish = () => resolve(ok('')))) : rows(exchange));
    const write = stage.send(exchangeOf({ method: 'POST', path: '/x', headers: USER }));
    await stage.get('/messages?id=eq.1');
    expect(stage.ahead).toEqual([]);
    finish();
    await write;
    await stage.get('/messages?id=eq.2');
    expect(stage.ahead).toHaveLength(1);
  });

  it('is given after a request that is said to change nothing', async () => {
    const chains = [{ after: '/messages', ask: '/conversations?id=eq.{conversation_id}' }];
    const routes = [{ match: {}, invalidate: { none: true } }];
    const stage = new Stage({ prefetch: { learn: false, chains }, routes }, rows);
    await stage.get('/messages?id=eq.1');
    await stage.get('/rpc/search', USER, 'POST');
    expect((await stage.get('/conversations?id=eq.1001')).said).toBe(GIVEN);
  });

  it('is not given after a purge, nor after others have written', async () => {
    const stage = known();
    await stage.get('/messages?id=eq.1');
    await stage.cache.admin.purge({ upstream: 'db' });
    expect((await stage.get('/conversations?id=eq.1001')).said).toBe('');
    await stage.get('/messages?id=eq.2');
    await stage.cache.dropped(['in:db/public.conversations']);
    expect((await stage.get('/conversations?id=eq.1002')).said).toBe('');
  });

  it('is left to the cache where that has it', async () => {
    const chains = [{ after: '/messages', ask: '/conversations?id=eq.{conversation_id}' }];
    const stage = new Stage({ cache: { ttl: '1m' }, prefetch: { learn: false, chains } }, rows);
    await stage.get('/conversations?id=eq.1001');
    await stage.get('/messages?id=eq.1');
    expect((await stage.get('/conversations?id=eq.1001')).said).toMatch(/^hit; ttl=/);
    expect(stage.paths).toHaveLength(2);
  });

  it('fills the cache of its route', async () => {
    const chains = [{ after: '/messages', ask: '/conversations?id=eq.{conversation_id}' }];
    const stage = new Stage({ cache: { ttl: '1m' }, prefetch: { learn: false, chains } }, rows);
    await stage.get('/messages?id=eq.1');
    expect((await stage.get('/conversations?id=eq.1001')).said).toBe(GIVEN);
    expect((await stage.get('/conversations?id=eq.1001')).said).toMatch(/^hit; ttl=/);
  });
});

describe('an answer that is under way', () => {
  /** A stage that holds what is asked for ahead. */
  async function holding(): Promise<{ stage: Stage; held: HandBody }> {
    const stage = known();
    const held = new HandBody();
    stage.play = (exchange) => (exchange.chained > 0 ? held.reply('content-type', 'application/json') : rows(exchange));
    await stage.get('/messages?id=eq.1');
    return { stage, held };
  }

  it('is waited for by the client that asks', async () => {
    const { stage, held } = await holding();
    const asked = stage.get('/conversations?id=eq.1001');
    held.push('[{"id":1001');
    held.push('}]');
    held.end();
    expect([(await asked).body, (await asked).said]).toEqual(['[{"id":1001}]', GIVEN]);
    expect(stage.notes.acts).toContain('prefetch: joined');
    expect(stage.paths).toHaveLength(2);
  });

  it('is asked for anew where it breaks off', async () => {
    const { stage, held } = await holding();
    const asked = stage.get('/conversations?id=eq.1001');
    held.push('[{"id":10');
    held.break(failed());
    expect((await asked).body).toBe('[{"id":1001,"account_id":2001}]');
  });

  it('is not waited for where it has been long', async () => {
    const { stage } = await holding();
    stage.clock.advance(2500);
    expect((await stage.get('/conversations?id=eq.1001')).body).toBe('[{"id":1001,"account_id":2001}]');
  });

  it('goes on for nobody where its client leaves, and answers nothing then', async () => {
    const { stage, held } = await holding();
    const exchange = exchangeOf({ path: '/conversations?id=eq.1001', headers: USER });
    const asked = stage.send(exchange);
    exchange.abort();
    expect(await asked).toMatchObject({ type: 'failure', code: 'client_closed' });
    expect(stage.paths).toHaveLength(2);
    held.end();
    await settled();
    expect(stage.notes.acts).toEqual(['prefetch: asked']);
  });
});

describe('a route whose GET does something', () => {
  it('is never asked ahead of its client', async () => {
    const chains = [{ after: '/messages', ask: '/conversations?id=eq.{conversation_id}' }];
    const stage = new Stage({ prefetch: { learn: false, chains }, repeatable: false }, rows);
    await stage.get('/messages?id=eq.1');
    expect(stage.ahead).toEqual([]);
    expect((await stage.get('/conversations?id=eq.1001')).said).toBe('');
  });
});

describe('mode: observe', () => {
  it('asks for nothing, and counts what it would have given', async () => {
    const stage = known({ mode: 'observe' });
    await stage.get('/messages?id=eq.1');
    expect((await stage.get('/conversations?id=eq.1001')).said).toBe('');
    expect([stage.ahead, stage.notes.would]).toEqual([[], ['prefetch: used']]);
  });
});

describe('requests that it is not for', () => {
  it('pass as they are: HEAD, with a body, for a stale answer alone', async () => {
    const stage = known();
    await stage.get('/messages?id=eq.1');
    await stage.get('/conversations?id=eq.1001', USER, 'HEAD');
    const withBody = exchangeOf({ path: '/conversations?id=eq.1001', headers: USER, body: 'x' });
    expect((await read(await stage.send(withBody), withBody)).said).toBe('');
    const stale = exchangeOf({ path: '/conversations?id=eq.1001', headers: USER });
    stale.staleUse = 'only';
    expect((await stage.send(stale)).type).toBe('failure');
    expect((await stage.get('/conversations?id=eq.1001')).said).toBe(GIVEN);
  });

  it('are answers that are no JSON, or too large to look into', async () => {
    const stage = known();
    stage.play = () => ok('[{"conversation_id":1}]', 'content-type', 'text/plain');
    await stage.get('/messages?id=eq.1');
    stage.play = () => json([{ conversation_id: 1, text: 'x'.repeat(70_000) }]);
    await stage.get('/messages?id=eq.2');
    stage.play = () => ok('{broken', 'content-type', 'application/json');
    await stage.get('/messages?id=eq.3');
    expect(stage.ahead).toEqual([]);
  });
});
