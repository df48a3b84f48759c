import { ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { describe, expect, it, vi } from 'vitest';
import { loadAuthority } from '../../../src/tls/load-authority.ts';
import { intercepted } from '../../support/connect.ts';
import { scratchDirectory } from '../../support/scratch.ts';
import { chain } from '../policy/fixtures.ts';
import { OK } from '../upstream/fixtures.ts';
import { GET, HINTS, listen, PROCESSING, stand, statuses } from './standing.ts';

describe('an interim response', () => {
  it('reaches the client before the answer is there, field for field, without what concerns the connection alone', async () => {
    let answer: (() => void) | undefined;
    await using api = await stand((socket) => {
      const hints = 'Link: </a.css>; rel=preload\r\nLink: </b.js>\r\nX-Name: s\xfc\xdf\r\nConnection: x-hop\r\nX-Hop: 1\r\nContent-Length: 0\r\n';
      socket.write(`HTTP/1.1 103 Early Hints\r\n${hints}\r\n`, 'latin1');
      answer = () => socket.write(OK);
    });
    using client = await api.client();
    expect(await client.send(GET).until('\r\n\r\n')).toBe(
      'HTTP/1.1 103 Early Hints\r\nlink: </a.css>; rel=preload\r\nlink: </b.js>\r\nx-name: s\xfc\xdf\r\n\r\n',
    );
    answer?.();
    expect(statuses(await client.until('ok'))).toEqual([103, 200]);
  });

  it('of any number passes, those that nobody knows too', async () => {
    await using api = await stand((socket) => socket.write(`${PROCESSING}${HINTS}HTTP/1.1 110 Halfway\r\nX-Part: 1/2\r\n\r\n${HINTS}${OK}`));
    using client = await api.client();
    const received = await client.send(GET).until('ok');
    expect(statuses(received)).toEqual([102, 103, 110, 103, 200]);
    expect(received).toContain('x-part: 1/2\r\n');
  });

  it('needs nothing of Node that its version 24 may lack', async () => {
    const own = Object.getOwnPropertyDescriptor(ServerResponse.prototype, 'writeInformation');
    Reflect.deleteProperty(ServerResponse.prototype, 'writeInformation');
    try {
      await using api = await stand((socket) => socket.write(`${HINTS}${OK}`));
      using client = await api.client();
      expect(statuses(await client.send(GET).until('ok'))).toEqual([103, 200]);
    } finally {
      if (own !== undefined) Object.defineProperty(ServerResponse.prototype, 'writeInformation', own);
    }
  });

  it('comes as often as the upstream is still at it', async () => {
    const sockets: Socket[] = [];
    await using api = await stand((socket) => void sockets.push(socket));
    using client = await api.client();
    client.send(GET);
    await vi.waitUntil(() => sockets.length === 1);
    for (let count = 1; count <= 3; count++) {
      sockets[0]?.write(PROCESSING);
      await client.until(PROCESSING.repeat(count));
    }
    sockets[0]?.write(OK);
    expect(statuses(await client.until('ok'))).toEqual([102, 102, 102, 200]);
  });

  it('counts in no figure: status, attempts and bytes are those of the answer', async () => {
    await using api = await stand((socket) => socket.write(`${PROCESSING}${HINTS}${OK}`));
    using client = await api.client();
    await client.send(GET).until('ok');
    const { ended } = api.listener.notes;
    await vi.waitUntil(() => ended.length === 1);
    expect(ended[0]).toMatchObject({ status: 200, source: 'upstream', bytesIn: 2, bytesOut: 2, failure: undefined });
    expect(api.api.observer.records).toMatchObject([{ status: 200, failure: undefined, reused: false }]);
    await client.send(GET).until(/ok[^]*ok/);
    expect(api.upstream.sockets.size).toBe(1);
  });

  it('goes over TLS at both ends', async () => {
    await using scratch = await scratchDirectory();
    const authority = await loadAuthority(scratch.path);
    const secureContext = await authority.contextFor('api.example');
    const upstream = createTlsServer({ SNICallback: (_name, done) => done(null, secureContext) }, (socket) => {
      socket.on('error', () => undefined);
      socket.on('data', () => socket.write(`HTTP/1.1 100 Continue\r\n\r\n${HINTS}${OK}`));
    });
    await new Promise<void>((resolve) => {
      upstream.listen(0, '127.0.0.1', resolve);
    });
    const { port } = upstream.address() as AddressInfo;
    await using api = chain('', { origin: 'https://api.example', resolve: `127.0.0.1:${port}`, tls: { ca: join(scratch.path, 'ca.pem') } });
    const origin = { scheme: 'https', authority: 'api.example' } as const;
    await using listener = await listen(api.service, origin, { authority: () => Promise.resolve(authority) });
    const { client } = await intercepted('api.example', listener.port, authority.caPem);
    using _client = client;
    expect(statuses(await client.send('GET / HTTP/1.1\r\nHost: api.example\r\n\r\n').until('ok'))).toEqual([103, 200]);
    upstream.close();
  });

  it('is not sent to a client that speaks HTTP/1.0', async () => {
    await using api = await stand((socket) => socket.write(`${HINTS}${OK}`));
    using client = await api.client();
    expect(statuses(await client.send('GET /api/ HTTP/1.0\r\nHost: x\r\n\r\n').closed())).toEqual([200]);
  });

  it('follows our own 100 Continue, of which there is one', async () => {
    await using api = await stand((socket) => socket.write(`${HINTS}${OK}`));
    using client = await api.client();
    client.send('POST /api/ HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n');
    expect(await client.until('\r\n\r\n')).toBe('HTTP/1.1 100 Continue\r\n\r\n');
    expect(statuses(await client.send('hi').until('ok'))).toEqual([100, 103, 200]);
    expect(api.upstream.received.join('')).not.toMatch(/expect/i);
  });

  it('is for nobody where the client has gone', async () => {
    let hint: (() => void) | undefined;
    await using api = await stand((socket) => {
      hint = () => socket.write(HINTS);
    });
    using leaver = await api.client();
    leaver.send(GET);
    await vi.waitUntil(() => hint !== undefined);
    leaver.socket.destroy();
    hint?.();
    await vi.waitUntil(() => api.listener.notes.ended.length === 1 && api.api.pools.stats.busy === 0);
    expect(api.listener.notes.ended).toMatchObject([{ status: 499 }]);
    expect(api.listener.notes.errors).toEqual([]);
  });
});
