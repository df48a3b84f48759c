import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RunningBreakwater } from '../../support/breakwater.ts';
import { closed, opened } from '../../support/servers.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const TRACED = { traceparent: `00-${TRACE}-00f067aa0ba902b7-01`, tracestate: 'congo=t61rcWkgMzE,rojo=00f067aa0ba902b7' };

/** What the upstream got, by path. Its first answer to each is a failure, as Graph tells one. */
const got = new Map<string, IncomingHttpHeaders[]>();
const TRANSIENT = { error: { code: 2, is_transient: true, fbtrace_id: 'Az8or2yh' } };
const origin: Server = createServer((request, response) => {
  const before = got.get(request.url ?? '') ?? [];
  got.set(request.url ?? '', [...before, request.headers]);
  if (before.length === 0) response.writeHead(503, { 'content-type': 'application/json' }).end(JSON.stringify(TRANSIENT));
  else response.writeHead(200, { 'X-FB-Trace-ID': 'EJplcsCHuLu' }).end('ok');
});
let app: RunningBreakwater;

beforeAll(async () => {
  const port = await opened(origin);
  app = await RunningBreakwater.start(`
version: 1
listen: { port: 0 }
admin: { port: 0 }
upstreams:
  graph: { preset: whatsapp-cloud, origin: "http://graph.example", resolve: "127.0.0.1:${port}" }
  api: { origin: "http://127.0.0.1:${port}", retry: { backoff: { base: 1ms, max: 2ms } } }
`);
});
afterAll(async () => {
  await app[Symbol.asyncDispose]();
  await closed(origin);
});

describe('a request of a trace', () => {
  it('passes its fields on unchanged with every attempt, and is found by its trace in log and journal', async () => {
    expect((await fetch(`${app.proxyUrl}/api/traced`, { headers: TRACED })).status).toBe(200);
    await fetch(`${app.proxyUrl}/api/other`);
    expect(got.get('/traced')).toMatchObject([TRACED, TRACED]);
    expect(got.get('/other')?.map(({ traceparent }) => traceparent)).toEqual([undefined, undefined]);

    const line = await app.said(({ path }) => path === '/traced');
    expect(line).toMatchObject({ traceId: TRACE, spanId: '00f067aa0ba902b7', status: 200 });
    const found = await fetch(`${app.adminUrl}/api/exchanges?trace=${TRACE}`);
    expect(await found.json()).toMatchObject({ exchanges: [{ path: '/traced', traceId: TRACE, attempts: [{ status: 503 }, { status: 200 }] }] });
  });
});

describe('an answer that its upstream has an id for', () => {
  it('is logged with it, each attempt with its own', async () => {
    expect((await fetch(`${app.proxyUrl}/graph/v23.0/1/messages`, { method: 'POST', body: '{}' })).status).toBe(200);
    const line = await app.said(({ path }) => path === '/v23.0/1/messages');
    expect(line['attempts']).toMatchObject([{ rule: 'transient', upstreamId: 'Az8or2yh' }, { upstreamId: 'EJplcsCHuLu' }]);
  });
});
