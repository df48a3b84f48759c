import { describe, expect, it, vi } from 'vitest';
import { standUpgrading, UPGRADE } from './standing.ts';

const AGREED = 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n';

describe('an upgrade that the upstream agrees to', () => {
  it('carries what the client says after the upstream has said its last', async () => {
    await using standing = await standUpgrading((socket, number) => {
      if (number === 1) socket.end(`${AGREED}\r\nlast words`);
    });
    using client = await standing.client();
    client.socket.allowHalfOpen = true;
    const ended = new Promise((resolve) => client.socket.once('end', resolve));
    await client.send(UPGRADE).until('last words');
    await ended;
    client.send('still here');
    await vi.waitUntil(() => standing.upstream.received.join('').endsWith('still here'));
    client.socket.end();
    await vi.waitUntil(() => standing.listener.plane.connections === 0);
    expect(standing.listener.notes.ended).toMatchObject([{ status: 101, failure: undefined }]);
  });
});
