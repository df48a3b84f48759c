import type { Socket } from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import { discard } from '../../../src/model/outcome.ts';
import { OK, RawUpstream, read } from '../upstream/fixtures.ts';
import { chain, json, request } from './fixtures.ts';

/** Chance that is the same in every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const EXCHANGES = 1500;
const AT_ONCE = 24;

/** What an upstream on a bad day does with a request; most of it leaves the connection dead, or dying, for the next one. */
function badDay(random: () => number): (socket: Socket) => void {
  const later = (act: () => void): void => void (random() < 0.5 ? setImmediate(act) : setTimeout(act, random() * 8));
  const acts: ((socket: Socket) => void)[] = [
    (socket) => socket.write(OK),
    (socket) => socket.write(OK),
    (socket) => void socket.end(OK),
    (socket) => {
      socket.write(OK);
      later(() => socket.resetAndDestroy());
    },
    (socket) => {
      socket.write(OK);
      later(() => socket.end());
    },
    (socket) => socket.resetAndDestroy(),
    (socket) => void socket.end(),
    (socket) => void socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf'),
    (socket) => later(() => socket.write(OK)),
    (socket) => socket.write(json('{"error":1}', '500 Bad')),
    (socket) => socket.write(json('{"error":1}', '429 Slow')),
    (socket) => void socket.end('HTTP/1.1 503 Busy\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n'),
    () => undefined,
  ];
  return (socket) => acts[Math.floor(random() * acts.length)]?.(socket);
}

describe('a bad day', () => {
  it('answers everybody, sends nothing twice that may not be, and leaves nothing behind', async () => {
    const random = seeded(42);
    const act = badDay(random);
    await using upstream = await RawUpstream.start((socket) => act(socket));
    await using api = chain(upstream.authority, {
      timeouts: { headers: '40ms', idle: '40ms', total: '400ms' },
      retry: { attempts: 3, backoff: { base: '1ms', max: '3ms' }, budget: { ratio: 2 } },
      pool: { connections: 16 },
    });
    const answers = new Map<string, string>();
    let departures = 0;
    const one = async (id: string): Promise<void> => {
      const method = random() < 0.6 ? 'POST' : 'GET';
      const exchange = request(upstream.authority, { method, path: `/${method}-${id}-`, ...(method === 'POST' && { body: `{"id":"${id}"}` }) });
      if (random() < 0.1) setTimeout(() => exchange.abort(), random() * 10);
      const outcome = await api.service(exchange);
      if (!exchange.aborted) answers.set(id, outcome.type === 'reply' && random() < 0.9 ? await read(outcome) : 'dropped');
      else departures++;
      if (!answers.has(id) || answers.get(id) === 'dropped') discard(outcome);
    };
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < EXCHANGES) await one(String(next++));
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));

    expect(answers.size + departures).toBe(EXCHANGES);
    const sent = new Map<string, number>();
    for (const text of upstream.received) for (const [, id = ''] of text.matchAll(/^POST \/(POST-\d+-)/gm)) sent.set(id, (sent.get(id) ?? 0) + 1);
    const refusedOnly = [...sent].filter(([, times]) => times > 1);
    expect(refusedOnly).toEqual([]);
    await vi.waitUntil(() => api.pools.stats.busy === 0);
    expect(api.pools.stats.queued).toBe(0);
    expect(api.observer.decisions.some(({ decision }) => decision === 'retried')).toBe(true);
  });
});
