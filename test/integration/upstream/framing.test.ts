import { describe, expect, it, vi } from 'vitest';
import { client, get, RawUpstream, read } from './fixtures.ts';

describe('the framing of an answer', () => {
  it.each([
    ['gzip, chunked', '2\r\nok\r\n0\r\n\r\n'],
    ['gzip', 'ok'],
    ['Deflate, identity', 'ok'],
  ])('takes no answer in the transfer coding %s, which nobody would undo', async (coding, bytes) => {
    await using upstream = await RawUpstream.start((socket) => socket.end(`HTTP/1.1 200 OK\r\nTransfer-Encoding: ${coding}\r\n\r\n${bytes}`));
    await using from = client(upstream.authority);
    expect(await from.service(get(upstream.authority))).toMatchObject({
      type: 'failure',
      phase: 'headers',
      code: 'http_protocol_error',
      replay: 'ambiguous',
      detail: `the answer is in the transfer coding ${coding}, which was not asked for`,
    });
  });

  it.each(['chunked', 'Chunked', 'identity', 'NOTHING-THAT-IS'])('reads an answer in the transfer coding %s', async (coding) => {
    const bytes = /^chunked$/i.test(coding) ? '2\r\nok\r\n0\r\n\r\n' : 'ok';
    await using upstream = await RawUpstream.start((socket) => socket.end(`HTTP/1.1 200 OK\r\nTransfer-Encoding: ${coding}\r\n\r\n${bytes}`));
    await using from = client(upstream.authority);
    expect(await read(await from.service(get(upstream.authority)))).toBe('ok');
  });

  it('gives a 204 no length, whatever the upstream says', async () => {
    await using upstream = await RawUpstream.start((socket) => socket.write('HTTP/1.1 204 No Content\r\nContent-Length: 2\r\nX-A: 1\r\n\r\n'));
    await using from = client(upstream.authority);
    expect(await from.service(get(upstream.authority))).toMatchObject({ status: 204, headers: ['x-a', '1'] });
  });

  it.each(['', 'Transfer-Encoding: identity\r\n'])(
    'takes an answer that ends with its connection (%j) for whole where that is closed',
    async (coding) => {
      await using upstream = await RawUpstream.start((socket) => socket.end(`HTTP/1.1 200 OK\r\n${coding}Connection: close\r\n\r\nall`));
      await using from = client(upstream.authority);
      expect(await read(await from.service(get(upstream.authority)))).toBe('all');
    },
  );

  it.each(['', 'Transfer-Encoding: identity\r\n'])('takes it for cut (%j) where that is reset (RFC 9112 section 8)', async (coding) => {
    await using upstream = await RawUpstream.start((socket) => socket.write(`HTTP/1.1 200 OK\r\n${coding}Connection: close\r\n\r\nhalf`));
    await using from = client(upstream.authority);
    const outcome = await from.service(get(upstream.authority));
    for (const socket of upstream.sockets) socket.resetAndDestroy();
    expect(await read(outcome)).toBe('half|body/reset/cut/http_response_incomplete');
  });

  it('takes it for cut where that is reset while its reader pauses', async () => {
    await using upstream = await RawUpstream.start((socket) => socket.write('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhalf'));
    await using from = client(upstream.authority);
    const outcome = await from.service(get(upstream.authority));
    if (outcome.type === 'failure') throw new Error(outcome.detail);
    outcome.body.pause();
    for (const socket of upstream.sockets) socket.resetAndDestroy();
    await vi.waitUntil(() => from.observer.records.length > 0);
    expect(await read(outcome)).toBe('half|body/reset/cut/http_response_incomplete');
  });

  it('reads an answer of known length whole although its connection is reset behind it', async () => {
    await using upstream = await RawUpstream.start((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\nall', () => socket.resetAndDestroy());
    });
    await using from = client(upstream.authority);
    expect(await read(await from.service(get(upstream.authority)))).toBe('all');
  });

  it.each(['000', '099'])('takes no answer of the status %s: its status line would be malformed (RFC 9112 section 4)', async (status) => {
    await using upstream = await RawUpstream.start((socket) => socket.write(`HTTP/1.1 ${status} X\r\nContent-Length: 2\r\n\r\nok`));
    await using from = client(upstream.authority);
    expect(await from.service(get(upstream.authority))).toMatchObject({
      type: 'failure',
      phase: 'headers',
      code: 'http_protocol_error',
      detail: `the upstream answered with the status ${Number(status)}, which is none`,
    });
    await vi.waitUntil(() => from.pools.stats.busy === 0);
  });
});
