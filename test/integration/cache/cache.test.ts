import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { text } from '../../unit/cache/fixtures.ts';
import { Origin, type Script, Sidecar } from './fixtures.ts';

const MINUTE = { 'cache-control': 'max-age=60' };

describe('a cache over real sockets', () => {
  it('keeps the fields of the origin, its Date too, without those of the connection', async () => {
    await using origin = await Origin.start((_request, response) => {
      response.sendDate = false;
      response.writeHead(200, [
        'Cache-Control',
        'max-age=60',
        'Connection',
        'x-hop',
        'X-Hop',
        '1',
        'Keep-Alive',
        'timeout=9',
        'X-Twice',
        'a',
        'X-Twice',
        'b',
        'Date',
        'Tue, 24 Nov 2026 10:00:00 GMT',
        'Age',
        '3',
      ]);
      response.end('row');
    });
    await using sidecar = new Sidecar(origin.authority, { cache: {} });
    sidecar.clock.advance(Date.UTC(2026, 10, 24, 10) - Date.now());
    await sidecar.get();
    sidecar.clock.advance(10_000);
    const hit = await sidecar.get();
    expect(hit).toMatchObject({ status: 200, body: 'row' });
    expect(hit.said).toMatch(/^hit; ttl=4[67]$/);
    expect(hit.header('date')).toBe('Tue, 24 Nov 2026 10:00:00 GMT');
    expect(hit.header('age')).toBe('13');
    expect([hit.header('x-hop'), hit.header('keep-alive'), hit.header('connection')]).toEqual([undefined, undefined, undefined]);
    expect(hit.header('x-twice')).toBe('a');
  });

  it('asks the origin once for a thousand clients, cold', async () => {
    await using origin = await Origin.start((_request, response) => response.writeHead(200, MINUTE).end('row'));
    await using sidecar = new Sidecar(origin.authority, { cache: {} });
    const answers = await Promise.all(Array.from({ length: 1000 }, () => sidecar.get()));
    expect(answers.every(({ body }) => body === 'row')).toBe(true);
    expect(origin.requests).toHaveLength(1);
  });

  it('gives a second client the bytes as they come, and lets the first leave', async () => {
    let answering: ServerResponse | undefined;
    await using origin = await Origin.start((_request, response) => {
      answering = response.writeHead(200, MINUTE);
      response.write('first ');
    });
    await using sidecar = new Sidecar(origin.authority, { cache: {} });
    const leader = sidecar.exchange();
    const first = await sidecar.send(leader);
    const second = await sidecar.send(sidecar.exchange());
    if (first.type !== 'reply' || second.type !== 'reply') throw new Error('no reply');
    const whole = text(second.body);
    leader.abort();
    first.body.abort();
    answering?.end('second');
    expect(await whole).toBe('first second');
    expect((await sidecar.get()).body).toBe('first second');
    expect(origin.requests).toHaveLength(1);
  });

  it.each([
    ['that is stored', MINUTE],
    ['that is not', {}],
  ])('ends an upstream request %s when all its clients have left', async (_name, headers) => {
    await using origin = await Origin.start((_request, response) => void response.writeHead(200, headers).write('first'));
    await using sidecar = new Sidecar(origin.authority, { cache: {} });
    const exchange = sidecar.exchange();
    const outcome = await sidecar.send(exchange);
    const [request] = origin.requests;
    if (outcome.type !== 'reply' || request === undefined) throw new Error('no reply');
    const closed = once(request.socket, 'close');
    exchange.abort();
    outcome.body.abort();
    await closed;
    expect(request.socket.destroyed).toBe(true);
  });

  it('does not store an answer that broke off', async () => {
    await using origin = await Origin.start((_request, response, number) => {
      response.writeHead(200, { ...MINUTE, 'content-length': '10' });
      if (number > 1) response.end('0123456789');
      else response.write('01234', () => response.destroy());
    });
    await using sidecar = new Sidecar(origin.authority, { cache: {} });
    expect((await sidecar.get()).body).toBe('01234 (cut)');
    expect((await sidecar.get()).body).toBe('0123456789');
  });

  it('serves stale while the origin is away, at once while the breaker is open, and what is new when it is back', async () => {
    let away = false;
    await using origin = await Origin.start((request, response, number) => {
      if (away) request.socket.destroy();
      else response.writeHead(200, { 'cache-control': 'max-age=2' }).end(`row ${number}`);
    });
    await using sidecar = new Sidecar(origin.authority, { cache: {}, breaker: { consecutive: 1, openFor: '10ms' } });
    await sidecar.get();
    sidecar.clock.advance(3000);
    away = true;
    for (let i = 0; i < 5; i++) expect(await sidecar.get()).toMatchObject({ body: 'row 1' });
    const asked = origin.requests.length;
    expect(asked).toBeLessThan(5);
    away = false;
    sidecar.clock.advance(60_000);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect((await sidecar.get()).body).toBe(`row ${asked + 1}`);
  });

  it('fetches a stale answer anew behind the back of the client that got it', async () => {
    await using origin = await Origin.start((_request, response, number) =>
      response.writeHead(200, { 'cache-control': 'max-age=2, stale-while-revalidate=60' }).end(`row ${number}`),
    );
    await using sidecar = new Sidecar(origin.authority, { cache: {} });
    await sidecar.get();
    sidecar.clock.advance(3000);
    const leaving = sidecar.exchange();
    const outcome = await sidecar.send(leaving);
    expect(outcome.type === 'reply' && (await text(outcome.body))).toBe('row 1');
    leaving.abort();
    await expect.poll(async () => (await sidecar.get()).body).toBe('row 2');
    expect(origin.requests).toHaveLength(2);
  });

  it('does not fetch anew under the time that a client has: nobody waits for it', async () => {
    const script: Script = (request, response, number) => {
      const { 'x-server-timeout': told } = request.headers;
      response.writeHead(200, { 'cache-control': 'max-age=2, stale-while-revalidate=60', etag: '"1"' }).end(`row ${number} ${String(told)}`);
    };
    await using origin = await Origin.start(script);
    await using sidecar = new Sidecar(origin.authority, { cache: {}, timeouts: { total: '30s', deadlineHeader: 'X-Server-Timeout' } });
    const hurried = { headers: ['x-server-timeout', '1ms'] };
    expect((await sidecar.get({ headers: ['x-server-timeout', '9'] })).body).toBe('row 1 9');
    sidecar.clock.advance(3000);
    expect((await sidecar.get(hurried)).body).toBe('row 1 9');
    await expect.poll(async () => (await sidecar.get()).body).toBe('row 2 undefined');
  });

  it('drops before the writer hears that its write is done', async () => {
    let row = 1;
    await using origin = await Origin.start((request, response) => {
      if (request.method !== 'GET') row++;
      response.writeHead(request.method === 'GET' ? 200 : 204).end(request.method === 'GET' ? String(row) : undefined);
    });
    await using sidecar = new Sidecar(origin.authority, { cache: { ttl: '1h' }, tables: { path: '/rest/v1/{table}', embeds: 'select' } });
    expect((await sidecar.get({ path: '/rest/v1/bots?id=eq.1' })).body).toBe('1');
    expect((await sidecar.get({ path: '/rest/v1/bots?id=eq.1' })).body).toBe('1');
    expect((await sidecar.get({ method: 'PATCH', path: '/rest/v1/bots?id=eq.1' })).status).toBe(204);
    expect((await sidecar.get({ path: '/rest/v1/bots?id=eq.1' })).body).toBe('2');
  });

  it('asks with what it holds, and counts what it looked up', async () => {
    await using origin = await Origin.start((request, response) => {
      // the clock of the cache is moved, that of the origin is not
      response.sendDate = false;
      if (request.headers['if-none-match'] === '"a"') response.writeHead(304, { etag: '"a"' }).end();
      else response.writeHead(200, { 'cache-control': 'max-age=2', etag: '"a"' }).end('row');
    });
    await using sidecar = new Sidecar(origin.authority, { cache: {} });
    await sidecar.get();
    sidecar.clock.advance(3000);
    expect(await sidecar.get()).toMatchObject({ status: 200, body: 'row' });
    expect(await sidecar.get({ headers: ['if-none-match', '"a"'] })).toMatchObject({ status: 304, body: '' });
    await sidecar.get({ headers: ['cache-control', 'no-store'] });
    expect(sidecar.looks.results).toEqual(['miss', 'revalidated', 'hit', 'bypass']);
  });

  it('serves everybody after a storm of clients that left, before the head and in the body', async () => {
    let slow = true;
    await using origin = await Origin.start((request, response) => {
      if (!slow) response.writeHead(200, MINUTE).end('row');
      else if (request.url?.startsWith('/body') === true) response.writeHead(200, MINUTE).write('first');
    });
    await using sidecar = new Sidecar(origin.authority, { cache: {}, pool: { connections: 4 } });
    const leaving = Array.from({ length: 16 }, (_none, n) => sidecar.exchange({ path: `/${n % 2 === 0 ? 'body' : 'head'}/${n % 8}` }));
    const outcomes = leaving.map((exchange) => sidecar.send(exchange));
    await expect.poll(() => origin.requests.length).toBe(4);
    for (const exchange of leaving) exchange.abort();
    for (const outcome of await Promise.all(outcomes)) if (outcome.type === 'reply') outcome.body.abort();
    slow = false;
    const answers = await Promise.all(Array.from({ length: 16 }, (_none, n) => sidecar.get({ path: `/body/${n}` })));
    expect(answers.map(({ body }) => body)).toEqual(Array.from({ length: 16 }, () => 'row'));
  });
});
