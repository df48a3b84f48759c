import { describe, expect, it } from 'vitest';
import type { Exchange } from '../../../src/model/exchange.ts';
import { echo, type Listener, startListener } from '../../support/listener.ts';
import { RawClient } from '../../support/raw-client.ts';

/** What reached the upstream of a listener with a port of its own for it, and that port. */
async function listening(): Promise<{ listener: Listener; seen: Exchange[]; ask: (text: string) => Promise<string> }> {
  const seen: Exchange[] = [];
  const listener = await startListener(
    (exchange) => {
      seen.push(exchange);
      return echo(exchange);
    },
    { ports: [{ upstream: 'api', host: '127.0.0.1', port: 0 }] },
  );
  const { port } = listener.plane.ports[0] ?? { port: 0 };
  const ask = async (text: string): Promise<string> => {
    using client = await RawClient.connect(port);
    return await client.send(text).closed();
  };
  return { listener, seen, ask };
}

const request = (method: string, path: string, ...fields: string[]): string =>
  `${method} ${path} HTTP/1.1\r\n${['Host: x', 'Connection: close', ...fields].join('\r\n')}\r\n\r\n`;

describe('Max-Forwards', () => {
  it('is counted down for OPTIONS and TRACE, and left alone elsewhere', async () => {
    const { listener, seen, ask } = await listening();
    await using _listener = listener;
    for (const method of ['OPTIONS', 'TRACE', 'GET']) expect(await ask(request(method, '/a', 'Max-Forwards: 3'))).toMatch(/ 200 OK/);
    expect(seen.map((exchange) => exchange.headers)).toEqual([
      ['max-forwards', '2'],
      ['max-forwards', '2'],
      ['max-forwards', '3'],
    ]);
  });

  it.each([
    ['OPTIONS', 204],
    ['TRACE', 501],
  ])('of 0 ends %s here with %i', async (method, status) => {
    const { listener, seen, ask } = await listening();
    await using _listener = listener;
    expect(await ask(request(method, '/a', 'Max-Forwards: 0'))).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(await ask(request('GET', '/a', 'Max-Forwards: 0'))).toMatch(/ 200 OK/);
    expect(seen.map((exchange) => exchange.method)).toEqual(['GET']);
  });

  it.each(['x', '-1', '1.5', ''])('of %j is no number, and passes', async (value) => {
    const { listener, seen, ask } = await listening();
    await using _listener = listener;
    expect(await ask(request('OPTIONS', '/a', `Max-Forwards: ${value}`))).toMatch(/ 200 OK/);
    expect(seen[0]?.headers).toEqual(['max-forwards', value]);
  });
});

describe('OPTIONS *', () => {
  it('asks whether a server is there at all, and is answered here', async () => {
    const { listener, seen, ask } = await listening();
    await using _listener = listener;
    const answer = await ask(request('OPTIONS', '*'));
    expect(answer).toMatch(/^HTTP\/1.1 204 No Content\r\n/);
    expect(answer).not.toMatch(/content-length/i);
    expect(seen).toEqual([]);
    expect(listener.notes.ended).toMatchObject([{ method: 'OPTIONS', status: 204, source: 'proxy' }]);
  });
});
