import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { BytesBody } from '../../../../src/model/body.ts';
import { type Outcome, reply } from '../../../../src/model/outcome.ts';
import { HandBody, ok } from '../fixtures.ts';
import { GIVEN, json, known, learned, rows, settled, Stage, USER, walk } from './fixtures.ts';

const OTHER = ['authorization', 'Bearer two', 'accept', 'application/json'];

describe('a chain that is learned', () => {
  it('is followed once it came true three times', async () => {
    const stage = new Stage({ prefetch: {} }, rows);
    await walk(stage, 1, 2);
    await stage.get('/messages?id=eq.3');
    expect(stage.ahead).toEqual([]);
    await stage.get('/conversations?id=eq.1003');
    await stage.get('/messages?id=eq.4');
    expect(stage.ahead).toEqual(['/conversations?id=eq.1004']);
    const got = await stage.get('/conversations?id=eq.1004');
    expect([got.said, got.body, got.header('age')]).toEqual([GIVEN, '[{"id":1004,"account_id":2004}]', '0']);
    expect(stage.paths.filter((path) => path.includes('1004'))).toHaveLength(1);
    expect(stage.notes.acts).toEqual(['prefetch: asked', 'prefetch: used']);
  });

  it('leads on: the row after the next is asked for too', async () => {
    const stage = new Stage({ prefetch: {} }, rows);
    for (const id of [1, 2, 3]) {
      await walk(stage, id);
      await stage.get(`/accounts?id=eq.${id + 2000}`);
    }
    await stage.get('/messages?id=eq.4');
    expect(stage.ahead).toEqual(['/conversations?id=eq.1004', '/accounts?id=eq.2004']);
    expect((await stage.get('/conversations?id=eq.1004')).said).toBe(GIVEN);
    expect((await stage.get('/accounts?id=eq.2004')).said).toBe(GIVEN);
  });

  it('leads no further than depth', async () => {
    const stage = new Stage({ prefetch: { depth: 1 } }, rows);
    for (const id of [1, 2, 3, 4]) {
      await walk(stage, id);
      await stage.get(`/accounts?id=eq.${id + 2000}`);
    }
    const before = stage.ahead.length;
    await stage.get('/messages?id=eq.5');
    expect(stage.ahead.slice(before)).toEqual(['/conversations?id=eq.1005']);
    await stage.get('/conversations?id=eq.1005');
    expect(stage.ahead.slice(before)).toEqual(['/conversations?id=eq.1005', '/accounts?id=eq.2005']);
  });

  it('is not followed any more once clients do otherwise', async () => {
    const stage = await learned();
    for (let id = 10; id < 20; id++) {
      await stage.get(`/messages?id=eq.${id}`);
      stage.clock.advance(4000);
    }
    const asked = stage.ahead.length;
    expect(asked).toBeLessThan(5);
    expect(stage.notes.acts.filter((act) => act === 'prefetch: unused')).toHaveLength(asked);
    await stage.get('/messages?id=eq.30');
    expect(stage.ahead).toHaveLength(asked);
  });

  it('is learned again when they come back to it', async () => {
    const stage = await learned();
    for (let id = 10; id < 30; id++) {
      await stage.get(`/messages?id=eq.${id}`);
      stage.clock.advance(4000);
    }
    const asked = stage.ahead.length;
    for (let id = 40; id < 60; id++) await walk(stage, id);
    expect(stage.ahead.length).toBeGreaterThan(asked);
  });

  it('is none where the request comes later than within', async () => {
    const stage = new Stage({ prefetch: { within: '2s' } }, rows);
    for (const id of [1, 2, 3, 4, 5]) {
      await stage.get(`/messages?id=eq.${id}`);
      stage.clock.advance(2500);
      await stage.get(`/conversations?id=eq.${id + 1000}`);
    }
    expect(stage.ahead).toEqual([]);
  });

  it('is none between two users', async () => {
    const stage = new Stage({ prefetch: {} }, rows);
    for (const id of [1, 2, 3, 4, 5]) {
      await stage.get(`/messages?id=eq.${id}`, USER);
      await stage.get(`/conversations?id=eq.${id + 1000}`, OTHER);
    }
    expect(stage.ahead).toEqual([]);
  });

  it('is none to the same request once more', async () => {
    const stage = new Stage({ prefetch: {} }, rows);
    for (let time = 0; time < 6; time++) await stage.get('/messages?id=eq.7');
    expect(stage.ahead).toEqual([]);
    expect(stage.paths).toHaveLength(6);
  });

  it('is none where a credential stands in the query', async () => {
    const stage = new Stage({ prefetch: {} }, rows);
    for (const id of [1, 2, 3, 4, 5]) {
      await stage.get(`/messages?id=eq.${id}`);
      await stage.get(`/conversations?id=eq.${id + 1000}&access_token=secret`);
    }
    expect(stage.ahead).toEqual([]);
  });

  it('is learned from compressed answers too', async () => {
    const stage = new Stage({ prefetch: {} }, (exchange) => {
      const plain = rows(exchange);
      if (plain.type === 'failure') return plain;
      const bytes = gzipSync(plain.body.whole() ?? '');
      return reply(200, ['content-type', 'application/json', 'content-encoding', 'gzip'], 'upstream', new BytesBody(bytes));
    });
    await walk(stage, 1, 2, 3);
    await stage.get('/messages?id=eq.4');
    expect(stage.ahead).toEqual(['/conversations?id=eq.1004']);
  });

  it('stays known when the configuration is loaded anew, and goes with its settings', async () => {
    const stage = await learned();
    expect(stage.cache.prefetchers.map(({ chains }) => chains.length)).toEqual([1]);
    stage.reload({ prefetch: {} });
    expect(stage.cache.prefetchers.map(({ chains }) => chains.length)).toEqual([1]);
    stage.reload({ prefetch: { rows: 2 } });
    expect(stage.cache.prefetchers.map(({ chains }) => chains.length)).toEqual([0]);
    stage.reload({});
    expect(stage.cache.prefetchers).toEqual([]);
  });
});

describe('rows', () => {
  const list = (exchange: Parameters<typeof rows>[0]): Outcome =>
    exchange.path.startsWith('/messages')
      ? json([1, 2, 3].map((n) => ({ id: n, conversation_id: Number(exchange.path.slice(-2)) + n })))
      : rows(exchange);

  it('are all followed where clients ask for each', async () => {
    const stage = new Stage({ prefetch: {} }, list);
    for (const page of [10, 20]) {
      await stage.get(`/messages?inbox=eq.${page}`);
      for (const n of [1, 2, 3]) await stage.get(`/conversations?id=eq.${page + n}`);
    }
    await stage.get('/messages?inbox=eq.30');
    expect(stage.ahead).toEqual(['/conversations?id=eq.32', '/conversations?id=eq.33']);
    await stage.get('/conversations?id=eq.31');
    await stage.get('/messages?inbox=eq.40');
    expect(stage.ahead.slice(2)).toEqual(['/conversations?id=eq.41', '/conversations?id=eq.42', '/conversations?id=eq.43']);
  });

  it('are not followed past the first where clients take that alone', async () => {
    const stage = new Stage({ prefetch: {} }, list);
    for (const page of [10, 20, 30, 40, 50]) {
      await stage.get(`/messages?inbox=eq.${page}`);
      await stage.get(`/conversations?id=eq.${page + 1}`);
      stage.clock.advance(3500);
    }
    expect(stage.ahead).toEqual(['/conversations?id=eq.41', '/conversations?id=eq.51']);
  });

  it('are as many as the configuration says, under way at once too', async () => {
    const held: HandBody[] = [];
    const chains = [{ after: '/messages', ask: '/conversations?id=eq.{conversation_id}' }];
    const stage = new Stage({ prefetch: { learn: false, chains, rows: 2, concurrent: 1 } }, (exchange) => {
      if (exchange.chained === 0) return list(exchange);
      held.push(new HandBody());
      return held.at(-1)?.reply('content-type', 'application/json') ?? ok('');
    });
    await stage.get('/messages?inbox=eq.30');
    expect(stage.ahead).toEqual(['/conversations?id=eq.31']);
    held[0]?.end();
    await settled();
    await stage.get('/messages?inbox=eq.40');
    expect(stage.ahead).toEqual(['/conversations?id=eq.31', '/conversations?id=eq.41']);
  });
});

describe('a chain that is written', () => {
  it('is followed from the first time on', async () => {
    const stage = known();
    await stage.get('/messages?id=eq.1');
    expect(stage.ahead).toEqual(['/conversations?id=eq.1001']);
    expect((await stage.get('/conversations?id=eq.1001')).said).toBe(GIVEN);
  });

  it('follows a path however it is percent-encoded', async () => {
    const stage = known();
    stage.play = () => json([{ id: 1, conversation_id: 9 }]);
    await stage.get('/mess%61ges?id=eq.1');
    expect(stage.ahead).toEqual(['/conversations?id=eq.9']);
  });

  it('takes values from the request before too, and fields of its own', async () => {
    const ask = [{ path: '/notes?inbox=eq.{?inbox}&message=eq.{id}', headers: { Accept: 'application/vnd.pgrst.object+json' } }];
    const stage = new Stage({ prefetch: { chains: [{ after: '/messages', ask }] } }, () => json([{ id: 5 }]));
    await stage.get('/messages?inbox=eq.a%20b&order=id');
    expect(stage.ahead).toEqual(['/notes?inbox=eq.a%20b&message=eq.5']);
    expect(stage.sent[1]?.headers).toEqual(['authorization', 'Bearer one', 'accept', 'application/vnd.pgrst.object+json']);
  });

  it('is not followed where a value is missing, or is null', async () => {
    const stage = known();
    stage.play = () => json([{ id: 1 }, { id: 2, conversation_id: null }]);
    await stage.get('/messages?id=eq.1');
    expect(stage.ahead).toEqual([]);
  });

  it('finds a table whatever the order of its parameters', async () => {
    const chains = [{ after: '/rest/v1/messages', ask: '/rest/v1/conversations?id=eq.{conversation_id}&select=*' }];
    const stage = new Stage({ tables: { path: '/rest/v1/{table}' }, prefetch: { chains } }, () => json([{ id: 1, conversation_id: 9 }]));
    await stage.get('/rest/v1/messages?id=eq.1');
    expect((await stage.get('/rest/v1/conversations?select=*&id=eq.9')).said).toBe(GIVEN);
  });
});
