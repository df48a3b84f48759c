import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { text } from '../../unit/cache/fixtures.ts';
import { Origin, Sidecar } from './fixtures.ts';

const MINUTE = { 'cache-control': 'max-age=60' };

describe('HEAD over real sockets', () => {
  it('asks the origin once for a thousand clients, cold', async () => {
    await using origin = await Origin.start((request, response) => {
      response.writeHead(200, { ...MINUTE, 'content-length': '3' }).end(request.method === 'GET' ? 'row' : undefined);
    });
    await using sidecar = new Sidecar(origin.authority, { cache: {} });
    const answers = await Promise.all(Array.from({ length: 1000 }, () => sidecar.get({ method: 'HEAD' })));
    expect(new Set(answers.map((answer) => `${answer.status} ${answer.header('content-length')} ${answer.body}`))).toEqual(new Set(['200 3 ']));
    expect(origin.requests).toHaveLength(1);
    expect((await sidecar.get()).body).toBe('row');
    expect((await sidecar.get({ method: 'HEAD' })).said).toMatch(/^hit; ttl=/);
    expect(origin.requests.map(({ method }) => method)).toEqual(['HEAD', 'GET']);
  });

  it('gets the head of a GET that is under way, and does not end it', async () => {
    let answering: ServerResponse | undefined;
    await using origin = await Origin.start((_request, response) => {
      answering = response.writeHead(200, MINUTE);
      response.write('first ');
    });
    await using sidecar = new Sidecar(origin.authority, { cache: {} });
    const getting = sidecar.send(sidecar.exchange());
    const [first, head] = await Promise.all([getting, sidecar.get({ method: 'HEAD' })]);
    expect(head).toMatchObject({ status: 200, body: '' });
    if (first.type !== 'reply') throw new Error('no reply');
    const whole = text(first.body);
    answering?.end('second');
    expect(await whole).toBe('first second');
    expect(origin.requests.map(({ method }) => method)).toEqual(['GET']);
  });
});
