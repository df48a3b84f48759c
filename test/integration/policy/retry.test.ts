import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../../src/model/clock.ts';
import { headerValue } from '../../../src/model/headers.ts';
import type { Outcome, Reply } from '../../../src/model/outcome.ts';
import { Resolver } from '../../../src/upstream/dns.ts';
import { OK, RawUpstream, read } from '../upstream/fixtures.ts';
import { closed, opened } from '../../support/servers.ts';
import { chain, json, request } from './fixtures.ts';

const FAST = { attempts: 3, backoff: { base: '1ms', max: '2ms' } };

/** What an upstream got of one request. */
interface Got {
  readonly method: string;
  readonly length: string | undefined;
  readonly coding: string | undefined;
  readonly body: Buffer;
}

/** An HTTP upstream that keeps what it got whole, and answers as the test says. */
async function collecting(answer: (number: number, req: IncomingMessage, res: ServerResponse) => void) {
  const got: Got[] = [];
  const server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      got.push({
        method: req.method ?? '',
        length: req.headers['content-length'],
        coding: req.headers['transfer-encoding'],
        body: Buffer.concat(chunks),
      });
      answer(got.length, req, res);
    });
  });
  const port = await opened(server);
  return { got, authority: `127.0.0.1:${port}`, [Symbol.asyncDispose]: () => closed(server) };
}

function replyIn(outcome: Outcome): Reply {
  if (outcome.type === 'failure') throw new Error(outcome.detail);
  return outcome;
}

describe('a request that is sent again', () => {
  it('asks a resolver anew that failed its first attempt', async () => {
    await using upstream = await RawUpstream.start((socket) => socket.write(OK));
    const authority = upstream.authority.replace('127.0.0.1', 'api.test');
    let lookups = 0;
    const resolver = new Resolver(systemClock, {}, (_host, callback) => {
      if (++lookups > 1) return callback(undefined, [{ address: '127.0.0.1', family: 4 }]);
      callback(Object.assign(new Error('getaddrinfo EAI_AGAIN api.test'), { code: 'EAI_AGAIN' }), []);
    });
    await using from = chain(authority, { retry: FAST }, resolver);
    const exchange = request(authority);
    expect(await read(await from.service(exchange))).toBe('ok');
    expect([exchange.attempt, lookups]).toEqual([2, 2]);
  });

  it.each([0, 1, 1000, 200_000, 1024 * 1024])('carries its body of %i bytes again, byte for byte', async (size) => {
    const body = randomBytes(size);
    await using upstream = await collecting((number, _req, res) => void res.writeHead(number < 3 ? 500 : 200).end('ok'));
    await using api = chain(upstream.authority, { repeatable: true, retry: FAST });
    const exchange = request(upstream.authority, { method: 'POST' });
    exchange.body = { kind: 'bytes', bytes: body };
    expect(await read(await api.service(exchange))).toBe('ok');
    expect(upstream.got.map((one) => [one.length, one.body.equals(body)])).toEqual(Array.from({ length: 3 }, () => [String(size), true]));
  });

  it('is not, once a byte of a streamed body was taken: chunked and sized alike', async () => {
    await using upstream = await collecting((_number, _req, res) => void res.writeHead(500).end('own words'));
    await using api = chain(upstream.authority, { repeatable: true, retry: FAST });
    for (const length of [6, undefined]) {
      const exchange = request(upstream.authority, { method: 'PUT' });
      exchange.body = { kind: 'stream', stream: Readable.from([Buffer.from('abc'), Buffer.from('def')]), length, started: false };
      expect(await read(await api.service(exchange))).toBe('own words');
    }
    expect(upstream.got.map(({ length, coding, body }) => [length, coding, body.toString()])).toEqual([
      ['6', undefined, 'abcdef'],
      [undefined, 'chunked', 'abcdef'],
    ]);
    expect(api.observer.decisions.map(({ decision }) => decision)).toEqual(['body', 'body']);
  });

  it('is, with a streamed body too, while no connection could be had', async () => {
    const upstream = await RawUpstream.start((socket) => socket.write(OK));
    await upstream[Symbol.asyncDispose]();
    await using api = chain(upstream.authority, { retry: FAST });
    const exchange = request(upstream.authority, { method: 'POST' });
    exchange.body = { kind: 'stream', stream: Readable.from([Buffer.from('abc')]), length: 3, started: false };
    expect(replyIn(await api.service(exchange)).status).toBe(502);
    expect(exchange.attempts).toHaveLength(3);
  });

  it('ends with the upstream’s own last answer, unchanged', async () => {
    await using upstream = await RawUpstream.start((socket, number) => socket.write(json(`{"try":${number}}`, '503 Nope')));
    await using api = chain(upstream.authority, { retry: FAST });
    const outcome = replyIn(await api.service(request(upstream.authority)));
    expect([outcome.status, await read(outcome)]).toEqual([503, '{"try":3}']);
  });

  it('is told by phase, attempts and elapsed time in Proxy-Status, and by attempt in the record', async () => {
    await using upstream = await RawUpstream.start(() => undefined);
    await using api = chain(upstream.authority, { timeouts: { headers: '30ms', total: '5s' }, retry: { ...FAST, attempts: 2 } });
    const exchange = request(upstream.authority);
    const outcome = replyIn(await api.service(exchange));
    expect(outcome.status).toBe(504);
    expect(headerValue(outcome.headers, 'proxy-status')).toMatch(
      /^breakwater; error=http_response_timeout; next-hop="[^"]+"; details="phase=headers; attempts=2; elapsed=\d+ms; headers timeout after 30 ms"$/,
    );
    expect(exchange.attempts?.map(({ number, failure }) => [number, failure?.phase, failure?.limit])).toEqual([
      [1, 'headers', 'headers'],
      [2, 'headers', 'headers'],
    ]);
  });
});

describe('deadlines', () => {
  it('shrink for later attempts, and stop one that could not finish', async () => {
    await using upstream = await RawUpstream.start(() => undefined);
    await using api = chain(upstream.authority, {
      timeouts: { headers: '200ms', total: '380ms' },
      retry: { attempts: 9, backoff: { base: '1ms', max: '1ms' } },
    });
    const exchange = request(upstream.authority);
    expect(replyIn(await api.service(exchange)).status).toBe(504);
    expect(exchange.attempts?.map(({ failure }) => failure?.limit)).toEqual(['headers', 'total']);
  });

  it('are the client’s own where it says how long it waits', async () => {
    await using upstream = await RawUpstream.start(() => undefined);
    await using api = chain(upstream.authority, { timeouts: { total: '30s', deadlineHeader: 'X-Server-Timeout' } });
    const outcome = replyIn(await api.service(request(upstream.authority, { headers: ['x-server-timeout', '0.05'] })));
    expect(headerValue(outcome.headers, 'proxy-status')).toMatch(/deadlineHeader timeout after \d+ ms/);
  });

  it('leave the last attempt all their time, where the route is patient', async () => {
    await using upstream = await RawUpstream.start((socket, number) => number === 2 && setTimeout(() => socket.write(OK), 120));
    await using api = chain(upstream.authority, {
      timeouts: { headers: '40ms', total: '5s' },
      retry: { attempts: 2, backoff: { base: '1ms' }, patientLast: true },
    });
    expect(await read(await api.service(request(upstream.authority)))).toBe('ok');
  });
});

describe('places', () => {
  it('of a route are its own: its queue takes none of the upstream’s', async () => {
    let release: (() => void)[] = [];
    await using upstream = await RawUpstream.start((socket) => void release.push(() => socket.write(OK)));
    await using api = chain(upstream.authority, { bulkhead: { concurrent: 1, queue: 1 }, timeouts: { queue: '40ms' } });
    const first = api.service(request(upstream.authority));
    const second = replyIn(await api.service(request(upstream.authority)));
    expect([second.status, headerValue(second.headers, 'proxy-status')]).toEqual([503, expect.stringContaining('phase=queue; attempts=0')]);
    for (const one of release) one();
    release = [];
    expect(await read(await first)).toBe('ok');
    expect(api.places?.stats).toMatchObject({ active: 0, queued: 0 });
  });
});

describe('an open breaker', () => {
  it('lets nothing out, answers with Retry-After, and is half-opened by one request alone', async () => {
    let healthy = false;
    await using upstream = await RawUpstream.start((socket) => (healthy ? setTimeout(() => socket.write(OK), 30) : socket.resetAndDestroy()));
    await using api = chain(upstream.authority, { breaker: { consecutive: 2, openFor: '50ms' } });
    for (let i = 0; i < 2; i++) expect(replyIn(await api.service(request(upstream.authority))).status).toBe(502);
    const refused = replyIn(await api.service(request(upstream.authority)));
    expect([refused.status, headerValue(refused.headers, 'retry-after'), upstream.received.length]).toEqual([503, '1', 2]);
    healthy = true;
    await new Promise((resolve) => setTimeout(resolve, 60));
    const statuses = await Promise.all(Array.from({ length: 5 }, async () => replyIn(await api.service(request(upstream.authority))).status));
    expect(statuses.toSorted((a, b) => a - b)).toEqual([200, 503, 503, 503, 503]);
    expect(upstream.received).toHaveLength(3);
    expect(api.observer.transitions.map(({ cause }) => cause)).toEqual(['consecutive', 'elapsed', 'recovered']);
  });

  it('stays open for as long as Gemini’s RetryInfo says, and a 429 does not open it by itself', async () => {
    const info = '{"error":{"details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"77s"}]}}';
    await using upstream = await RawUpstream.start((socket, number) => socket.write(json(info, number < 4 ? '429 Slow' : '503 Down')));
    const pushback = [{ json: 'error.details[?@type~RetryInfo].retryDelay', format: 'duration' }];
    await using api = chain(upstream.authority, { breaker: { consecutive: 2 }, pushback });
    const states = [];
    for (let i = 0; i < 5; i++) {
      const outcome = replyIn(await api.service(request(upstream.authority)));
      expect(await read(outcome)).toBe(info);
      states.push(api.breakers.list[0]?.state);
    }
    expect(states).toEqual(['closed', 'closed', 'closed', 'closed', 'open']);
    expect(api.breakers.list[0]?.retryAfterMs).toBeGreaterThan(70_000);
  });

  it('counts a body that breaks off against the upstream', async () => {
    await using upstream = await RawUpstream.start((socket) => void socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf'));
    await using api = chain(upstream.authority, { breaker: { consecutive: 2 } });
    for (let i = 0; i < 2; i++) expect(await read(await api.service(request(upstream.authority)))).toContain('half|body/reset/cut');
    expect(api.observer.transitions.map(({ reason }) => reason)).toEqual(['2 failures in a row, last: http_response_incomplete in body']);
  });
});

describe('a client that retries itself', () => {
  it('is seen, and its requests are charged to the budget', async () => {
    await using upstream = await RawUpstream.start((socket) => socket.resetAndDestroy());
    await using api = chain(upstream.authority, { retry: { ...FAST, attempts: 2 } });
    for (let i = 0; i < 3; i++) await api.service(request(upstream.authority, { path: '/rest/v1/bots', headers: ['apikey', 'a'] }));
    expect(api.observer.decisions.filter(({ decision }) => decision === 'client_retries')).toHaveLength(2);
    expect(api.budget.stats).toMatchObject({ requests: 1, retries: 5 });
  });

  it('is left alone when it says so itself', async () => {
    await using upstream = await RawUpstream.start((socket) => socket.resetAndDestroy());
    await using api = chain(upstream.authority, { retry: FAST });
    await api.service(request(upstream.authority, { headers: ['x-retry-count', '1'] }));
    expect(upstream.received).toHaveLength(1);
  });
});

describe('an error body that trickles', () => {
  it('is passed on as it comes after a while, judged by its status', async () => {
    await using upstream = await RawUpstream.start((socket) =>
      socket.write('HTTP/1.1 400 Bad\r\nContent-Type: application/json\r\nContent-Length: 40\r\n\r\n{"error":'),
    );
    await using api = chain(upstream.authority, { classify: [{ json: 'error.code', in: [4], as: 'refused' }], timeouts: { idle: '10s' } });
    const startedAt = systemClock.now();
    const outcome = replyIn(await api.service(request(upstream.authority)));
    expect([outcome.status, systemClock.now() - startedAt < 5000]).toEqual([400, true]);
    outcome.body.abort();
  });
});

describe('a quota of the minute', () => {
  it('is waited for by who met it, and answered at once to who comes meanwhile', async () => {
    const body = '{"error":{"details":[{"violations":[{"quotaId":"PerMinute"}]},{"@type":"x/google.rpc.RetryInfo","retryDelay":"0.15s"}]}}';
    await using upstream = await RawUpstream.start((socket, number) => socket.write(number === 1 ? json(body, '429 Slow') : OK));
    await using api = chain(upstream.authority, {
      retry: { attempts: 2, refused: true, backoff: { base: '1ms', jitter: 'none' } },
      pushback: [{ json: 'error.details[?@type~RetryInfo].retryDelay' }],
      classify: [
        {
          status: 429,
          json: 'error.details[*].violations[*].quotaId',
          matches: 'PerMinute',
          as: 'refused',
          code: 'minute',
          quota: { until: 'retry-after' },
        },
      ],
    });
    const ask = (key: string) => request(upstream.authority, { method: 'POST', headers: ['x-goog-api-key', key], body: '{}' });
    const first = api.service(ask('a'));
    await vi.waitUntil(() => api.gates.size > 0);
    const meanwhile = replyIn(await api.service(ask('a')));
    expect([meanwhile.status, headerValue(meanwhile.headers, 'retry-after'), upstream.received.length]).toEqual([429, '1', 1]);
    expect(await read(await api.service(ask('b')))).toBe('ok');
    expect(await read(await first)).toBe('ok');
    expect(upstream.received).toHaveLength(3);
  });
});
