import { describe, expect, it, vi } from 'vitest';
import { OK, RawUpstream, read } from '../upstream/fixtures.ts';
import { chain, request } from './fixtures.ts';

describe('hedging over real sockets', () => {
  it('gives the slow connection up at once and its place in the pool back', async () => {
    let closed = 0;
    await using upstream = await RawUpstream.start((socket, number) => {
      if (number === 1) socket.on('close', () => closed++);
      else socket.write(OK);
    });
    await using api = chain(upstream.authority, { hedge: { after: '30ms' }, timeouts: { headers: '5s' } });
    const exchange = request(upstream.authority);
    expect(await read(await api.service(exchange))).toBe('ok');
    await vi.waitUntil(() => closed === 1 && api.pools.stats.busy === 0);
    expect(upstream.received).toHaveLength(2);
    expect(exchange.attempts?.map(({ number, failure }) => [number, failure?.kind])).toEqual(
      expect.arrayContaining([
        [1, 'aborted'],
        [2, undefined],
      ]),
    );
    expect(exchange.attempt).toBe(2);
  });

  it('retries once both have failed, and the numbers go on', async () => {
    await using upstream = await RawUpstream.start((socket, number) => {
      if (number === 3) socket.write(OK);
      else setTimeout(() => socket.resetAndDestroy(), number === 1 ? 80 : 20);
    });
    await using api = chain(upstream.authority, { hedge: { after: '20ms' }, retry: { attempts: 3, backoff: { base: '1ms' } } });
    const exchange = request(upstream.authority);
    expect(await read(await api.service(exchange))).toBe('ok');
    const numbers = exchange.attempts?.map(({ number }) => number);
    expect(numbers?.toSorted()).toEqual([1, 2, 3]);
    expect(numbers?.at(-1)).toBe(3);
  });

  it('sends a POST once, however slow', async () => {
    await using upstream = await RawUpstream.start((socket) => void setTimeout(() => socket.write(OK), 60));
    await using api = chain(upstream.authority, { hedge: { after: '10ms' } });
    expect(await read(await api.service(request(upstream.authority, { method: 'POST', body: '{}' })))).toBe('ok');
    expect(upstream.received).toHaveLength(1);
  });
});
