import { describe, expect, it, vi } from 'vitest';
import { standUpgrading, statuses, UPGRADE } from './standing.ts';

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

/** What a client gets that asks for `websocket, chat/2`, from an upstream that says `answer`. */
async function asked(answer: string) {
  await using standing = await standUpgrading((socket) => socket.write(answer));
  using client = await standing.client();
  client.send(UPGRADE.replace('websocket', 'websocket, chat/2'));
  const received = await client.until(/hello$|details=/);
  return { received, statuses: statuses(received), ended: standing.listener.notes.ended };
}

describe('a 101', () => {
  const switched = (...fields: string[]): string => `HTTP/1.1 101 Switching Protocols\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\nhello`;

  it.each([
    ['without a protocol', switched()],
    ['to a protocol that nobody asked for', switched('Connection: upgrade', 'Upgrade: h2c')],
    ['to one that was asked for and one that was not', switched('Connection: upgrade', 'Upgrade: websocket, h2c')],
    ['to another version of what was asked for', switched('Connection: upgrade', 'Upgrade: chat/3')],
    ['to nothing', switched('Connection: upgrade', 'Upgrade: ')],
  ])('%s is no agreement (RFC 9110 section 7.8)', async (_name, answer) => {
    const { received, statuses: came, ended } = await asked(answer);
    expect(came).toEqual([502]);
    expect(received).toContain('error=http_protocol_error');
    expect(ended).toMatchObject([{ status: 502, failure: { phase: 'headers', kind: 'protocol' }, attempts: [{ status: undefined }] }]);
  });

  it.each(['WebSocket', 'chat/2', 'chat/2, websocket'])('to %s, which was asked for, passes', async (protocol) => {
    expect((await asked(switched('Connection: upgrade', `Upgrade: ${protocol}`))).statuses).toEqual([101]);
  });

  it('passes without what tells of content, which it cannot have (RFC 9110 sections 6.1 and 8.6)', async () => {
    const { received } = await asked(switched('Connection: upgrade', 'Upgrade: websocket', 'Content-Length: 5', 'X-A: 1'));
    expect(received).toMatch(/^HTTP\/1.1 101 [^]*\r\nX-A: 1\r\n[^]*\r\n\r\nhello$/);
    expect(received).not.toMatch(/content-length/i);
  });
});

describe('the head of an answer to an upgrade', () => {
  const large = `X-A: ${'a'.repeat(100_000)}\r\n`;

  it.each([
    ['101', `${AGREED}${large}\r\nhello`, 101],
    ['another status', `HTTP/1.1 200 OK\r\n${large}Content-Length: 5\r\n\r\nhello`, 200],
  ])('may be as large as any other: of %s', async (_name, answer, status) => {
    expect((await asked(answer)).statuses).toEqual([status]);
  });
});
