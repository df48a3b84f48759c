import { describe, expect, it } from 'vitest';
import { Origin, Sidecar } from './fixtures.ts';

describe('a fallback to what is stale, over real sockets', () => {
  it.each([
    ['answers from the store after the other steps, and asks nobody for that', 2000, 200, 'row'],
    ['leaves the failure where nothing is stored, and asks nobody for that', 0, 500, 'down'],
  ])('%s', async (_what, known, status, body) => {
    await using origin = await Origin.start((request, response, number) => {
      if (request.url === '/a' && number === 1 && known > 0) response.writeHead(200).end('row');
      else response.writeHead(500).end('down');
    });
    await using sidecar = new Sidecar(origin.authority, {
      cache: { ttl: '1s', staleIfError: '1h' },
      retry: { attempts: 1 },
      fallback: { steps: [{ path: { from: '^/a', to: '/b' } }, { stale: true }] },
    });
    if (known > 0) await sidecar.get({ path: '/a' });
    const before = origin.requests.length;
    sidecar.clock.advance(known);
    expect(await sidecar.get({ path: '/a' })).toMatchObject({ status, body });
    expect(origin.requests.slice(before).map(({ url }) => url)).toEqual(['/a', '/b']);
  });
});

describe('a fallback for a status, over real sockets', () => {
  it('answers for a 404 from the store as for the one that was stored', async () => {
    await using origin = await Origin.start((_request, response) => void response.writeHead(404).end('none'));
    await using sidecar = new Sidecar(origin.authority, {
      cache: { negativeTtl: '1m' },
      fallback: { on: [404], steps: [{ status: 200, body: '[]' }] },
    });
    const first = await sidecar.get({ path: '/a' });
    const second = await sidecar.get({ path: '/a' });
    expect([first, second]).toMatchObject([
      { status: 200, body: '[]' },
      { status: 200, body: '[]' },
    ]);
    expect(origin.requests).toHaveLength(1);
  });
});
