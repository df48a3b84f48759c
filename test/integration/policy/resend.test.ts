import { describe, expect, it, vi } from 'vitest';
import { headerValue } from '../../../src/model/headers.ts';
import { RawUpstream, read } from '../upstream/fixtures.ts';
import { chain, json, request } from './fixtures.ts';

const SEND = { method: 'POST', path: '/v23.0/1/messages', headers: ['authorization', 'Bearer a'], body: '{"to":"48","text":{"body":"ok"}}' };

describe('no second send over real sockets', () => {
  it('keeps a send alive whose client left, and answers the same request with its wamid', async () => {
    let answer: (() => void) | undefined;
    await using upstream = await RawUpstream.start((socket, number) => {
      answer = () => socket.write(json(`{"messages":[{"id":"wamid.${number}"}]}`));
    });
    await using api = chain(upstream.authority, { resend: { enabled: true }, timeouts: { headers: '5s', total: '5s' } });
    const gone = request(upstream.authority, SEND);
    const first = api.service(gone);
    await vi.waitUntil(() => upstream.received.length === 1);
    gone.abort();
    const second = api.service(request(upstream.authority, SEND));
    answer?.();
    expect(await read(await second)).toBe('{"messages":[{"id":"wamid.1"}]}');
    await first;
    expect(upstream.received).toHaveLength(1);
    expect(api.observer.prevented).toEqual(['joined']);
    const third = api.service(request(upstream.authority, SEND));
    await vi.waitUntil(() => upstream.received.length === 2);
    answer?.();
    expect(await read(await third), 'both clients had their answers: this is a new message').toContain('wamid.2');
  });

  it('keeps a send alive whose time was up, tells the outcome as unknown, and then knows it', async () => {
    let answer: (() => void) | undefined;
    await using upstream = await RawUpstream.start((socket) => {
      answer = () => socket.write(json('{"messages":[{"id":"wamid.1"}]}'));
    });
    await using api = chain(upstream.authority, {
      resend: { enabled: true, lateAnswer: '5s' },
      timeouts: { headers: '60ms' },
      breaker: { consecutive: 5 },
    });
    const first = request(upstream.authority, SEND);
    const told = await api.service(first);
    expect(told).toMatchObject({ status: 504 });
    expect(told.type === 'reply' && headerValue(told.headers, 'x-proxy-outcome')).toBe('unknown');
    expect(first.outcomeUnknown).toBe(true);
    expect(first.attempts).toHaveLength(1);
    answer?.();
    const again = await api.service(request(upstream.authority, SEND));
    expect(await read(again)).toContain('wamid.1');
    expect(again.type === 'reply' && headerValue(again.headers, 'x-breakwater-duplicate')).toMatch(/joined|replayed/);
    expect(upstream.received).toHaveLength(1);
    await vi.waitUntil(() => api.pools.stats.busy === 0);
    expect(api.observer.records).toHaveLength(1);
  });

  it('lets a late call go after its time, and its connection with it', async () => {
    await using upstream = await RawUpstream.start(() => undefined);
    await using api = chain(upstream.authority, { resend: { enabled: true, lateAnswer: '400ms' }, timeouts: { headers: '40ms' } });
    expect(await api.service(request(upstream.authority, SEND))).toMatchObject({ status: 504 });
    expect(api.pools.stats.busy).toBe(1);
    await vi.waitUntil(() => api.pools.stats.busy === 0);
    const second = await api.service(request(upstream.authority, SEND));
    expect(second).toMatchObject({ status: 504 });
    expect(upstream.received, 'nothing ever came: the client sent it again on purpose').toHaveLength(2);
  });

  it('does not keep a send that was reset, and lets its client decide', async () => {
    await using upstream = await RawUpstream.start((socket, number) => {
      if (number === 1) socket.resetAndDestroy();
      else socket.write(json('{"messages":[{"id":"wamid.2"}]}'));
    });
    await using api = chain(upstream.authority, { resend: { enabled: true } });
    expect(await api.service(request(upstream.authority, SEND))).toMatchObject({ status: 502 });
    expect(await read(await api.service(request(upstream.authority, SEND)))).toContain('wamid.2');
  });
});
