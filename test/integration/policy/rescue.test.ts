import { describe, expect, it, vi } from 'vitest';
import { headerValue } from '../../../src/model/headers.ts';
import { RawUpstream, read } from '../upstream/fixtures.ts';
import { chain, json, request } from './fixtures.ts';

describe('fallbacks over real sockets', () => {
  it('ask the next model when the first is overloaded, after its retries', async () => {
    await using upstream = await RawUpstream.start((socket, number) => {
      socket.write(number <= 2 ? json('{"error":{"code":503}}', '503 Service Unavailable') : json('{"text":"from flash"}'));
    });
    await using api = chain(upstream.authority, {
      repeatable: true,
      retry: { attempts: 2, backoff: { base: '1ms' } },
      fallback: { steps: [{ name: 'flash', path: { from: 'gemini-2.5-pro', to: 'gemini-2.5-flash' } }] },
    });
    const exchange = request(upstream.authority, { method: 'POST', path: '/v1beta/models/gemini-2.5-pro:generateContent', body: '{}' });
    const outcome = await api.service(exchange);
    expect(outcome.type === 'reply' && headerValue(outcome.headers, 'x-breakwater-fallback')).toBe('flash');
    expect(await read(outcome)).toContain('from flash');
    expect(upstream.received.map((text) => /gemini-2.5-\w+/.exec(text)?.[0])).toEqual(['gemini-2.5-pro', 'gemini-2.5-pro', 'gemini-2.5-flash']);
    expect(exchange.attempts?.map(({ number }) => number)).toEqual([1, 2, 3]);
  });

  it('ask another origin when the first cannot be reached, also for a send', async () => {
    await using other = await RawUpstream.start((socket) => socket.write(json('{"from":"other"}')));
    const dead = await RawUpstream.start(() => undefined);
    await dead[Symbol.asyncDispose]();
    await using api = chain(dead.authority, { fallback: { steps: [{ origin: `http://${other.authority}` }] } });
    expect(await read(await api.service(request(dead.authority, { method: 'POST', body: '{}' })))).toBe('{"from":"other"}');
    expect(other.received[0]).toMatch(new RegExp(`^host: ${other.authority}\\r$`, 'im'));
  });

  it('do not ask the upstream again for a stale answer where no cache keeps one', async () => {
    await using upstream = await RawUpstream.start((socket) => socket.write(json('{"down":true}', '500 Internal Server Error')));
    await using api = chain(upstream.authority, {
      retry: { attempts: 1 },
      fallback: { steps: [{ path: { from: '^/elsewhere', to: '/' } }, { stale: true }] },
    });
    expect(await api.service(request(upstream.authority))).toMatchObject({ status: 500 });
    expect(upstream.received).toHaveLength(1);
  });
});

describe('rehearsed faults', () => {
  it('are retried and counted by the breaker like real ones, and told loudly', async () => {
    await using upstream = await RawUpstream.start((socket) => socket.write(json('{}')));
    await using api = chain(upstream.authority, {
      faults: [{ abort: 503 }],
      retry: { attempts: 2, backoff: { base: '1ms' } },
      breaker: { consecutive: 2 },
    });
    expect(await api.service(request(upstream.authority))).toMatchObject({ status: 503 });
    expect(await api.service(request(upstream.authority))).toMatchObject({ status: 503, source: 'proxy' });
    expect(api.breakers.list).toMatchObject([{ state: 'open' }]);
    expect(upstream.received).toHaveLength(0);
    expect(api.observer.warnings).toContain('faults: faults are injected on purpose: status 503 on all attempts');
    expect(api.notices.faults).toMatchObject([{ upstream: 'api', route: 'default' }]);
  });

  it('cut a body off in a way that resuming heals', async () => {
    const media = 'x'.repeat(1000);
    await using upstream: RawUpstream = await RawUpstream.start((socket, number) => {
      const from = Number(/^range: bytes=(\d+)/im.exec(upstream.received[number - 1] ?? '')?.[1] ?? 0);
      const status = from === 0 ? '200 OK' : `206 Partial Content\r\nContent-Range: bytes ${from}-999/1000`;
      socket.write(`HTTP/1.1 ${status}\r\nETag: "v"\r\nAccept-Ranges: bytes\r\nContent-Length: ${1000 - from}\r\n\r\n${media.slice(from)}`);
    });
    await using api = chain(upstream.authority, { faults: [{ cut: '400B' }], resume: { enabled: true } });
    expect(await read(await api.service(request(upstream.authority)))).toBe(media);
    expect(upstream.received).toHaveLength(3);
    await vi.waitUntil(() => api.pools.stats.busy === 0);
  });
});

describe('pacing over real sockets', () => {
  const PAIR = {
    pace: [{ name: 'pair', key: ['path:/([^/]+)/messages', 'json:to'], rate: '1/6s', burst: 1, maxWait: '1s', hold: { codes: ['pair_limit'] } }],
    classify: [{ status: [400], json: 'error.code', in: [131056], as: 'refused', breaker: 'ignore', code: 'pair_limit' }],
    retry: { attempts: 2, refused: true, backoff: { base: '1ms' } },
  };
  const message = (authority: string, to: string) => request(authority, { method: 'POST', path: '/v23.0/1/messages', body: JSON.stringify({ to }) });

  it('answers 429 with the time to wait for the pair that is too fast, and sends for the others', async () => {
    await using upstream = await RawUpstream.start((socket) => socket.write(json('{"messages":[]}')));
    await using api = chain(upstream.authority, { ...PAIR, errors: { dialect: 'graph' } });
    expect(await api.service(message(upstream.authority, 'a'))).toMatchObject({ status: 200 });
    const refused = await api.service(message(upstream.authority, 'a'));
    expect(refused).toMatchObject({ status: 429, source: 'proxy' });
    expect(refused.type === 'reply' && headerValue(refused.headers, 'retry-after')).toBe('6');
    expect(JSON.parse(await read(refused))).toMatchObject({ error: { is_transient: true } });
    expect(await api.service(message(upstream.authority, 'b'))).toMatchObject({ status: 200 });
    expect(upstream.received).toHaveLength(2);
  });

  it('waits a second after the upstream’s own word, and then sends again', async () => {
    await using upstream = await RawUpstream.start((socket, number) => {
      socket.write(number === 1 ? json('{"error":{"code":131056}}', '400 Bad Request') : json('{"messages":[{"id":"wamid.1"}]}'));
    });
    await using api = chain(upstream.authority, PAIR);
    const exchange = message(upstream.authority, 'a');
    expect(await read(await api.service(exchange))).toContain('wamid.1');
    expect(exchange.waitedMs).toBeGreaterThan(900);
  });
});

describe('patience over real sockets', () => {
  it('spares the attempt that nobody would see', async () => {
    await using upstream = await RawUpstream.start((socket) => void setTimeout(() => socket.resetAndDestroy(), 260));
    await using api = chain(upstream.authority, {
      patience: { margin: '0' },
      timeouts: { total: '5s' },
      retry: { attempts: 3, backoff: { base: '1ms' } },
    });
    for (let i = 0; i < 3; i++) {
      const exchange = request(upstream.authority);
      const outcome = api.service(exchange);
      await vi.waitUntil(() => upstream.received.length > i);
      exchange.abort(exchange.startedAt + 220);
      await outcome;
    }
    expect(api.notices.patience).toMatchObject([{ upstream: 'api', tooLong: true, departures: 3 }]);
    upstream.received.length = 0;
    expect(await api.service(request(upstream.authority))).toMatchObject({ status: 502 });
    expect(upstream.received).toHaveLength(1);
    expect(api.observer.decisions.at(-1)?.decision).toBe('patience');
  });
});
