import { describe, expect, it } from 'vitest';
import { reply } from '../../../src/model/outcome.ts';
import { echo, startListener } from '../../support/listener.ts';
import { PushBody } from '../../support/push-body.ts';

const GET = 'GET /api/ HTTP/1.1\r\nHost: x\r\n\r\n';
const NEXT = 'GET /api/next HTTP/1.1\r\nHost: x\r\n\r\n';

/** A listener whose first answer says that it has five bytes, and the body of that answer. */
async function sized() {
  const body = new PushBody();
  const listener = await startListener((exchange) =>
    exchange.path === '/next' ? echo(exchange) : Promise.resolve(reply(200, ['content-length', '5'], 'upstream', body)),
  );
  return { body, listener, [Symbol.asyncDispose]: () => listener[Symbol.asyncDispose]() };
}

describe('a body that has not the length that its head says', () => {
  it.each([
    ['longer', '45HTTP/1.1 200 OK', 'content-length: 5'],
    ['shorter', '4', 'content-length: 5'],
  ])('breaks the connection where it is %s: no other answer is read from what follows', async (_what, rest, head) => {
    await using at = await sized();
    using client = await at.listener.client();
    client.send(GET + NEXT);
    await at.body.started;
    at.body.push('123');
    await client.until('123');
    at.body.push(rest);
    at.body.end();
    const received = await client.closed();
    expect(received).toContain(head);
    expect(received.match(/HTTP\/1\.1 200/g)).toHaveLength(1);
    expect(at.listener.notes.ended[0]?.failure).toMatchObject({ code: 'http_response_incomplete', replay: 'cut' });
  });

  it('passes where it has', async () => {
    await using at = await sized();
    using client = await at.listener.client();
    client.send(GET + NEXT);
    await at.body.started;
    at.body.push('123');
    at.body.push('45');
    at.body.end();
    expect(await client.until('GET /next')).toMatch(/\r\n\r\n12345HTTP\/1\.1 200/);
  });
});
