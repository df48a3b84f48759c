import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { BytesBody } from '../../../src/model/body.ts';
import type { Exchange } from '../../../src/model/exchange.ts';
import { type Outcome, reply } from '../../../src/model/outcome.ts';
import { startListener } from '../../support/listener.ts';

const CLIENTS = 6;
const GET = 'GET /api/ HTTP/1.1\r\nHost: x\r\n\r\n';

/** A service that answers all that wait at once, when it is told to. */
function held() {
  const waiting: ((outcome: Outcome) => void)[] = [];
  const serve = (_exchange: Exchange): Promise<Outcome> => new Promise((resolve) => void waiting.push(resolve));
  const answerAll = (): void => {
    for (const resolve of waiting.splice(0)) resolve(reply(200, ['content-type', 'a/b'], 'upstream', new BytesBody(Buffer.from('answered'))));
  };
  return { waiting, serve, answerAll };
}

describe('answers to several clients that are ready at once', () => {
  it.each([
    ['one after the other', GET, 'answered', 1],
    ['to pipelined requests, in their order', GET.repeat(3), 'answered', 3],
    ['on connections that close with them', 'GET /api/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', 'answered', 1],
    ['to HTTP/1.0', 'GET /api/ HTTP/1.0\r\nHost: x\r\n\r\n', 'answered', 1],
    ['before what is wrong behind the request is told', `${GET}GARBAGE\r\n\r\n`, 'HTTP/1.1 400 Bad Request', 1],
  ])('reach each of them %s', async (_how, request, last, requests) => {
    const { waiting, serve, answerAll } = held();
    await using listener = await startListener(serve);
    const clients = await Promise.all(Array.from({ length: CLIENTS }, () => listener.client()));
    for (const client of clients) client.send(request);
    for (let i = 0; i < requests; i++) {
      await vi.waitFor(() => expect(waiting).toHaveLength(CLIENTS));
      answerAll();
    }
    for (const client of clients) {
      await vi.waitFor(() => expect(client.received.split('answered')).toHaveLength(requests + 1));
      await client.until(last);
      client[Symbol.dispose]();
    }
    await vi.waitFor(() => expect(listener.notes.ended).toHaveLength(CLIENTS * requests));
    expect(listener.notes.ended.filter(({ failure }) => failure !== undefined)).toEqual([]);
    expect(listener.notes.errors).toEqual([]);
  });

  it('count as not given to a client that has gone before they are written', async () => {
    const { waiting, serve, answerAll } = held();
    await using listener = await startListener(serve);
    const clients = await Promise.all(Array.from({ length: CLIENTS }, () => listener.client()));
    for (const client of clients) client.send(GET);
    await vi.waitFor(() => expect(waiting).toHaveLength(CLIENTS));
    // the answers wait for the end of this turn, before which the listener closes
    answerAll();
    process.nextTick(() => void listener.plane.close());
    await vi.waitFor(() => expect(listener.notes.ended).toHaveLength(CLIENTS));
    await nextTurn();
    const given = clients.filter((client) => client.received.includes('answered')).length;
    expect(listener.notes.ended.filter(({ failure }) => failure === undefined)).toHaveLength(given);
    expect(given).toBeLessThan(CLIENTS);
    for (const client of clients) client[Symbol.dispose]();
  });
});
