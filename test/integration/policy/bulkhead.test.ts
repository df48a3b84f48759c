import { describe, expect, it, vi } from 'vitest';
import { RawUpstream } from '../upstream/fixtures.ts';
import { chain, json, request } from './fixtures.ts';

const STREAM = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n5\r\ndata:\r\n';

describe('an upstream whose number of places finds itself', () => {
  it('takes requests beside as many long streams as it has fewest places, up to `max` in all', async () => {
    await using upstream: RawUpstream = await RawUpstream.start((socket, number) => {
      socket.write(upstream.received[number - 1]?.startsWith('GET /stream') === true ? STREAM : json('{}'));
    });
    await using api = chain(upstream.authority, { bulkhead: { adaptive: { min: 2, max: 4 } }, streaming: true });
    const open = () => api.service(request(upstream.authority, { path: '/stream' }));
    const streams = [await open(), await open(), await open()];
    expect(await api.service(request(upstream.authority))).toMatchObject({ status: 200 });
    streams.push(await open());
    expect(streams).toMatchObject(Array.from({ length: 4 }, () => ({ status: 200 })));
    expect(await api.service(request(upstream.authority))).toMatchObject({ status: 503, source: 'proxy' });
    for (const stream of streams) if (stream.type === 'reply') stream.body.abort();
    await vi.waitUntil(() => api.pools.stats.busy === 0);
    expect(await api.service(request(upstream.authority))).toMatchObject({ status: 200 });
  });
});
