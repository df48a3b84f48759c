import type { Socket } from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import { RawUpstream } from '../upstream/fixtures.ts';
import { chain, json, request } from './fixtures.ts';

const EVENT = 'data: {"candidates":[{"finishReason":"STOP"}]}\n\n';
const ALL = {
  hedge: { after: '8ms' },
  resume: { enabled: true },
  resend: { enabled: true, lateAnswer: '40ms' },
  guard: { stream: 'sse', terminator: 'candidates[*].finishReason', firstEvent: '30ms' },
  fallback: { steps: [{ path: { from: '^/a', to: '/b' } }, { status: 200, body: 'static' }] },
  pace: [{ name: 'all', key: ['json:to'], rate: '500/s', burst: 50, maxWait: '20ms' }],
  faults: [
    { reset: true, percent: 3 },
    { delay: { min: '1ms', max: '20ms' }, percent: 10 },
    { cut: '10B', percent: 5 },
  ],
  retry: { attempts: 3, backoff: { base: '1ms', max: '4ms' }, refused: true },
  breaker: { consecutive: 5000 },
  bulkhead: { concurrent: 20, queue: 200 },
  timeouts: { headers: '40ms', idle: '40ms', total: '250ms' },
};

/** One of many ways to answer, by number: quick, slow, cut, reset, never, a stream, half a stream, a refusal. */
function answer(socket: Socket, number: number): void {
  switch (number % 9) {
    case 0:
      return void setTimeout(() => socket.write(json('{"late":true}')), 15);
    case 1:
      return void socket.write('HTTP/1.1 200 OK\r\nETag: "v"\r\nAccept-Ranges: bytes\r\nContent-Length: 99\r\n\r\nhalf', () => socket.destroy());
    case 2:
      return void socket.resetAndDestroy();
    case 3:
      return undefined;
    case 4:
      return void socket.end(`HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n${EVENT}`);
    case 5:
      return void socket.end('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: {"cand');
    case 6:
      return void socket.write(json('{"error":{"code":429}}', '429 Too Many Requests'));
    case 7:
      return void socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n');
    default:
      return void socket.write(json('{"fine":true}'));
  }
}

describe('all layers at once, an upstream on its worst day and clients that leave', () => {
  it('send nothing twice, leave no connection or place behind, and answer everyone who stays', async () => {
    const sent = new Map<string, number>();
    await using upstream: RawUpstream = await RawUpstream.start((socket, number) => {
      const id = /"id":"(\d+)"/.exec(upstream.received[number - 1] ?? '')?.[1];
      // what is refused had no effect, and may come again
      if (id !== undefined && number % 9 !== 6) sent.set(id, (sent.get(id) ?? 0) + 1);
      answer(socket, number);
    });
    await using api = chain(upstream.authority, ALL);
    let answered = 0;
    const one = async (i: number): Promise<void> => {
      const method = i % 3 === 0 ? 'POST' : 'GET';
      const exchange = request(upstream.authority, {
        method,
        path: `/a/${i % 7}`,
        ...(method === 'POST' && { body: `{"to":"${i % 4}","id":"${i}"}` }),
      });
      if (i % 5 === 0) setTimeout(() => exchange.abort(), i % 60);
      const outcome = await api.service(exchange);
      if (outcome.type === 'failure') throw new Error(`unanswered: ${outcome.detail}`);
      if (exchange.aborted || i % 11 === 0) outcome.body.abort();
      else await new Promise<void>((resolve) => outcome.body.start({ onData: () => true, onEnd: resolve, onError: () => resolve() }));
      answered++;
    };
    for (let round = 0; round < 6; round++) await Promise.all(Array.from({ length: 50 }, (_, i) => one(round * 50 + i)));
    expect(answered).toBe(300);
    await vi.waitUntil(() => api.pools.stats.busy === 0 && api.places?.stats.active === 0, { timeout: 3000 });
    expect(sent.size).toBeGreaterThan(10);
    expect([...sent.values()].every((times) => times === 1)).toBe(true);
    expect(api.places?.stats.queued).toBe(0);
    expect(api.pools.stats.queued).toBe(0);
  });
});
