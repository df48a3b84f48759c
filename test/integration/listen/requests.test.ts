import { describe, expect, it } from 'vitest';
import type { Exchange } from '../../../src/model/exchange.ts';
import { echo, startListener } from '../../support/listener.ts';

describe('a request by prefix', () => {
  it('loses the prefix, keeps the query, and goes to the origin of the upstream', async () => {
    await using listener = await startListener(echo);
    const answer = await fetch(`${listener.url}/api/v1/things?a=%20b`);
    expect(await answer.text()).toBe('GET /v1/things?a=%20b none');
    expect(listener.notes.ended).toMatchObject([
      { entry: 'prefix', scheme: 'https', authority: 'api.example', upstream: 'api', status: 200, source: 'upstream' },
    ]);
  });

  it.each([
    ['/api', '/'],
    ['/api?x=1', '/?x=1'],
    ['/api/', '/'],
  ])('takes %s for %s', async (asked, path) => {
    await using listener = await startListener(echo);
    expect(await (await fetch(listener.url + asked)).text()).toBe(`GET ${path} none`);
  });

  it('names the known upstreams when it finds none', async () => {
    await using listener = await startListener(echo);
    const answer = await fetch(`${listener.url}/apu/v1`);
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ status: 404, code: 'unknown_prefix', upstreams: ['api'] });
    expect(listener.notes.rejections).toMatchObject([{ reason: 'unknown_prefix', status: 404 }]);
  });
});

describe('a request by port', () => {
  it('keeps its path whole', async () => {
    await using listener = await startListener(echo, { ports: [{ upstream: 'api', host: '127.0.0.1', port: 0 }] });
    const [own] = listener.plane.ports;
    const answer = await fetch(`http://127.0.0.1:${own?.port ?? 0}/api/v1`);
    expect(await answer.text()).toBe('GET /api/v1 none');
    expect(listener.notes.ended[0]?.entry).toBe('port');
  });
});

describe('a request', () => {
  it('arrives with its end-to-end fields, in small letters and in order', async () => {
    let seen: Exchange | undefined;
    await using listener = await startListener((exchange) => {
      seen = exchange;
      return echo(exchange);
    });
    using client = await listener.client();
    client.send(
      'GET /api/ HTTP/1.1\r\nHost: x\r\nX-B: 2\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nProxy-Foo: 1\r\nTE: trailers\r\nX-A: 1\r\nx-b: 3\r\nX-Request-Id: mine-1\r\n\r\n',
    );
    expect(await client.until('none')).toMatch(/\r\nx-request-id: mine-1\r\n/);
    expect(seen?.headers).toEqual(['x-b', '2', 'x-a', '1', 'x-b', '3', 'x-request-id', 'mine-1']);
    expect(seen?.id).toBe('mine-1');
  });

  it('is read whole where it is small', async () => {
    await using listener = await startListener(echo);
    expect(await (await fetch(`${listener.url}/api/`, { method: 'POST', body: 'hello' })).text()).toBe('POST / hello');
  });
});
