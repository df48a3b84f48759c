import { describe, expect, it, vi } from 'vitest';
import { RawUpstream, read } from '../upstream/fixtures.ts';
import { chain, request } from './fixtures.ts';

const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n';
const PART = 'data: {"candidates":[{"content":{"parts":[{"text":"hi"}]}}]}\r\n\r\n';
const LAST = 'data: {"candidates":[{"finishReason":"STOP"}]}\r\n\r\n';
const GEMINI = {
  repeatable: true,
  streaming: true,
  retry: { attempts: 2, backoff: { base: '1ms' } },
  guard: { stream: 'sse', terminator: ['candidates[*].finishReason', 'promptFeedback.blockReason'] },
};

describe('a guarded stream over real sockets', () => {
  it.each([
    ['breaks off before its first event', `${HEAD}data: {"cand`],
    ['begins with an error', `${HEAD}data: {"error":{"code":503,"status":"UNAVAILABLE"}}\r\n\r\n`],
    ['is empty', HEAD],
  ])('that %s is asked for again, and the client sees one answer', async (_what, bad) => {
    await using upstream = await RawUpstream.start((socket, number) => void socket.end(number === 1 ? bad : HEAD + PART + LAST));
    await using api = chain(upstream.authority, GEMINI);
    const exchange = request(upstream.authority, { method: 'POST', path: '/v1beta/models/m:streamGenerateContent?alt=sse', body: '{}' });
    expect(await read(await api.service(exchange))).toBe(PART + LAST);
    expect(upstream.received).toHaveLength(2);
    expect(api.observer.decisions.map(({ decision }) => decision)).toEqual(['retried']);
  });

  it('that ends without a finishReason breaks the client’s body', async () => {
    let end: (() => void) | undefined;
    await using upstream = await RawUpstream.start((socket) => {
      end = () => void socket.end();
      socket.write(HEAD + PART);
    });
    await using api = chain(upstream.authority, GEMINI);
    const outcome = await api.service(request(upstream.authority, { method: 'POST', body: '{}' }));
    end?.();
    expect(await read(outcome)).toBe(`${PART}|body/protocol/cut/http_response_incomplete`);
  });

  it('passes each event on as it comes', async () => {
    let write: ((text: string) => void) | undefined;
    await using upstream = await RawUpstream.start((socket) => {
      write = (text) => void socket.write(text);
      socket.write(HEAD + PART);
    });
    await using api = chain(upstream.authority, GEMINI);
    const outcome = await api.service(request(upstream.authority, { method: 'POST', body: '{}' }));
    if (outcome.type === 'failure') throw new Error(outcome.detail);
    let text = '';
    outcome.body.start({
      onData: (chunk) => {
        text += Buffer.from(chunk).toString();
        return true;
      },
      onEnd: () => undefined,
      onError: () => undefined,
    });
    write?.('data: half');
    await vi.waitUntil(() => text === `${PART}data: half`);
    outcome.body.abort();
    await vi.waitUntil(() => api.pools.stats.busy === 0);
    expect(upstream.received).toHaveLength(1);
  });

  it('whose first event does not come in time is asked for again', async () => {
    await using upstream = await RawUpstream.start((socket, number) => void (number === 1 ? socket.write(HEAD) : socket.end(HEAD + PART + LAST)));
    await using api = chain(upstream.authority, { ...GEMINI, guard: { ...GEMINI.guard, firstEvent: '250ms' } });
    expect(await read(await api.service(request(upstream.authority, { method: 'POST', body: '{}' })))).toBe(PART + LAST);
    await vi.waitUntil(() => api.pools.stats.busy === 0);
  });

  it('whose first event does not come within total is a timeout, and is not asked for again', async () => {
    await using upstream = await RawUpstream.start((socket) => void socket.write(HEAD));
    await using api = chain(upstream.authority, { ...GEMINI, timeouts: { headers: '5m', total: '250ms' } });
    const exchange = request(upstream.authority, { method: 'POST', body: '{}' });
    exchange.streaming = true;
    expect(await api.service(exchange)).toMatchObject({ type: 'reply', status: 504, source: 'proxy' });
    await vi.waitUntil(() => api.pools.stats.busy === 0);
    expect(upstream.received).toHaveLength(1);
  });
});
