import type { Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/model/clock.ts';
import type { Failure } from '../../../src/model/failure.ts';
import type { Outcome } from '../../../src/model/outcome.ts';
import { Resolver } from '../../../src/upstream/dns.ts';
import { blackhole } from '../../simulators/blackhole.ts';
import { freePort } from '../../support/servers.ts';
import { client, get, OK, RawUpstream, read } from './fixtures.ts';

function failureIn(outcome: Outcome): Failure {
  if (outcome.type === 'reply') throw new Error(`an answer came: ${outcome.status}`);
  return outcome;
}

/** Starts the body of an answer whose bytes the test does not need, and gives how it broke. */
function breaks(outcome: Outcome): Promise<Failure> {
  return new Promise((resolve, reject) => {
    if (outcome.type === 'failure') return reject(new Error(outcome.detail));
    outcome.body.start({ onData: () => true, onEnd: () => reject(new Error('the body ended')), onError: resolve });
  });
}

describe('every phase has its own time limit, by its own name', () => {
  it('dns: a resolver that does not answer', async () => {
    await using upstream = await RawUpstream.start((socket) => socket.write(OK));
    const hanging = new Resolver(systemClock, {}, () => undefined);
    const port = upstream.authority.split(':')[1] ?? '';
    await using from = client(`silent.test:${port}`, { dns: 40, connect: 5000 }, 1, {}, hanging);
    const failed = failureIn(await from.service(get(`silent.test:${port}`, '/', 'POST')));
    expect(failed).toMatchObject({
      phase: 'dns',
      limit: 'dns',
      kind: 'timeout',
      code: 'dns_timeout',
      replay: 'unsent',
      detail: 'dns timeout after 40 ms',
    });
  });

  it('connect: a host that drops every SYN', async () => {
    const port = await freePort();
    await using hole = blackhole(port);
    await hole.listening;
    await hole.full();
    await using from = client(`127.0.0.1:${port}`, { connect: 60 });
    const failed = failureIn(await from.service(get(`127.0.0.1:${port}`, '/', 'POST')));
    expect(failed).toMatchObject({ phase: 'connect', limit: 'connect', code: 'connection_timeout', replay: 'unsent' });
  });

  it('tls: a host that accepts and says nothing', async () => {
    await using upstream = await RawUpstream.start(() => undefined);
    await using from = client(upstream.authority, { tls: 60 }, 1, { origin: `https://${upstream.authority}` });
    const failed = failureIn(await from.service(get(upstream.authority, '/', 'POST', 'https')));
    expect(failed).toMatchObject({ phase: 'tls', limit: 'tls', code: 'connection_timeout', replay: 'unsent' });
  });

  it('send: a host that does not read what is sent', async () => {
    await using upstream = await RawUpstream.start((socket) => socket.pause());
    await using from = client(upstream.authority, { send: 80, headers: 5000 });
    const exchange = get(upstream.authority, '/', 'POST');
    exchange.body = { kind: 'bytes', bytes: Buffer.alloc(32 * 1024 * 1024) };
    expect(failureIn(await from.service(exchange))).toMatchObject({
      phase: 'send',
      limit: 'send',
      code: 'connection_write_timeout',
      replay: 'ambiguous',
    });
  });

  it('send goes on while the host takes something of a request that we have whole', async () => {
    let wanted = 40 * 1024 * 1024;
    let nextPauseAt = wanted;
    await using upstream: RawUpstream = await RawUpstream.start((socket) => {
      wanted -= upstream.received.pop()?.length ?? 0;
      if (wanted <= 0) return void socket.write(OK);
      if (wanted > nextPauseAt) return;
      // slow, but twenty times as much within `send` as what the kernel lets go free before it tells of room
      nextPauseAt = wanted - 256 * 1024;
      socket.pause();
      setTimeout(() => socket.resume(), 20);
    });
    await using from = client(upstream.authority, { send: 2000, headers: 30_000 });
    const exchange = get(upstream.authority, '/', 'POST');
    exchange.body = { kind: 'bytes', bytes: Buffer.alloc(wanted) };
    expect(await read(await from.service(exchange))).toBe('ok');
  }, 40_000);

  it('idle goes on for an answer that began before its request was complete: the end of the request begins no wait for a head', async () => {
    await using upstream = await RawUpstream.start((socket, number) => {
      if (number === 1) return socket.write(OK.replace('Content-Length: 2', 'Content-Length: 3'));
      return setTimeout(() => socket.write('!'), 150);
    });
    await using from = client(upstream.authority, { headers: 50, idle: 5000 });
    const exchange = get(upstream.authority, '/', 'POST');
    const stream = new PassThrough();
    exchange.body = { kind: 'stream', stream, length: 6, started: false };
    stream.write('abc');
    const body = read(await from.service(exchange));
    stream.end('def');
    expect(await body).toBe('ok!');
    expect(from.observer.records).toMatchObject([{ status: 200, failure: undefined }]);
  });

  it('does not hold a client that sends slowly against the upstream', async () => {
    await using upstream = await RawUpstream.start((socket, number) => number === 3 && socket.write(OK));
    await using from = client(upstream.authority, { send: 40, headers: 5000 });
    const exchange = get(upstream.authority, '/', 'POST');
    const stream = new PassThrough();
    exchange.body = { kind: 'stream', stream, length: 6, started: false };
    const outcome = from.service(exchange);
    for (const piece of ['ab', 'cd', 'ef']) {
      await new Promise((resolve) => setTimeout(resolve, 60));
      stream.write(piece);
    }
    stream.end();
    expect(await read(await outcome)).toBe('ok');
  });

  it('waits for longer than a timer can be set', async () => {
    const warnings: string[] = [];
    const warned = (warning: Error): void => void warnings.push(warning.name);
    process.on('warning', warned);
    await using upstream = await RawUpstream.start((socket) => setTimeout(() => socket.write(OK), 20));
    const month = 30 * 86_400_000;
    await using from = client(upstream.authority, { queue: month, connect: month, send: month, headers: month, idle: month });
    expect(await read(await from.service(get(upstream.authority)))).toBe('ok');
    process.off('warning', warned);
    expect(warnings).toEqual([]);
  });

  it('headers: a host that takes the request and does not answer', async () => {
    await using upstream = await RawUpstream.start(() => undefined);
    await using from = client(upstream.authority, { headers: 50 });
    expect(failureIn(await from.service(get(upstream.authority)))).toMatchObject({ phase: 'headers', limit: 'headers', replay: 'ambiguous' });
  });

  it('idle: an answer that stalls', async () => {
    await using upstream = await RawUpstream.start((socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf'));
    await using from = client(upstream.authority, { idle: 50 });
    expect(await breaks(await from.service(get(upstream.authority)))).toMatchObject({
      phase: 'body',
      limit: 'idle',
      code: 'connection_read_timeout',
      replay: 'cut',
    });
  });

  it('attempt: an answer that drips past the time of one attempt', async () => {
    await using upstream = await dripping();
    await using from = client(upstream.authority, { idle: 1000, attempt: 90 });
    expect(await breaks(await from.service(get(upstream.authority)))).toMatchObject({
      phase: 'body',
      limit: 'attempt',
      detail: 'attempt timeout after 90 ms',
    });
  });

  it('total: an answer that drips past the deadline, however long one attempt may take', async () => {
    await using upstream = await dripping();
    await using from = client(upstream.authority, { idle: 1000, attempt: 500 });
    const exchange = get(upstream.authority);
    exchange.deadlineAt = systemClock.now() + 90;
    expect(await breaks(await from.service(exchange))).toMatchObject({ phase: 'body', limit: 'total', code: 'http_response_timeout' });
  });

  it('total: is no fault of the upstream where its client reads, or sends, too slowly', async () => {
    await using upstream = await RawUpstream.start((socket) =>
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 4000000\r\n\r\n${'x'.repeat(4_000_000)}`),
    );
    await using from = client(upstream.authority, { idle: 5000, send: 5000 });
    const reading = get(upstream.authority);
    reading.deadlineAt = systemClock.now() + 400;
    const found = await from.service(reading);
    if (found.type === 'failure') throw new Error(found.detail);
    const broken = new Promise((resolve) => {
      found.body.start({ onData: () => false, onEnd: () => resolve('complete'), onError: resolve });
    });
    expect(await broken).toMatchObject({ phase: 'body', limit: 'total', own: true });
    const sending = get(upstream.authority, '/', 'POST');
    sending.body = { kind: 'stream', stream: new PassThrough(), length: 6, started: false };
    sending.deadlineAt = systemClock.now() + 400;
    expect(failureIn(await from.service(sending))).toMatchObject({ phase: 'send', limit: 'total', own: true });
    expect(from.observer.records.map(({ failure }) => failure?.own)).toEqual([true, true]);
  });

  it('lets a streaming answer drip for as long as it is not idle', async () => {
    await using upstream = await dripping(25);
    await using from = client(upstream.authority, { idle: 1000, attempt: 40 });
    const exchange = get(upstream.authority);
    exchange.streaming = true;
    exchange.deadlineAt = systemClock.now() + 60;
    expect(await read(await from.service(exchange))).toBe('x'.repeat(25));
  });
});

/** Answers with one byte every 10 ms, `length` in all. */
function dripping(length = 900): Promise<RawUpstream> {
  return RawUpstream.start((socket: Socket) => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\n`);
    let left = length;
    const drip = setInterval(() => {
      if (left-- > 0) socket.write('x');
      else clearInterval(drip);
    }, 10);
    socket.on('close', () => clearInterval(drip));
  });
}
