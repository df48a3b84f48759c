import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RunningBreakwater } from '../../support/breakwater.ts';
import { closed, opened, portOf } from '../../support/servers.ts';

const RECIPIENT = '48601234567';
const TENANT = 'acme-holding';
/** Stands in the query, where credentials do. */
const SESSION = 'sess-90210';

let status = 500;
const origin: Server = createServer((request, response) => {
  request.resume().on('end', () => {
    response.statusCode = status;
    response.end('{}');
  });
});

let app: RunningBreakwater;

beforeAll(async () => {
  await opened(origin);
  app = await RunningBreakwater.start(`
version: 1
listen: { port: 0 }
admin: { port: 0 }
upstreams:
  api:
    origin: "http://127.0.0.1:${portOf(origin)}"
    retry: { attempts: 1 }
    breaker: { consecutive: 1, scope: [authority, "json:to", "header:x-tenant", "path:session=(.*)"] }
    quota: { scope: [authority, "json:to"] }
    classify: [{ status: 429, as: answered, code: daily, quota: { until: duration, for: 1h } }]
`);
});
afterAll(async () => {
  await app[Symbol.asyncDispose]();
  await closed(origin);
});

function send(): Promise<Response> {
  const headers = { 'content-type': 'application/json', 'x-tenant': TENANT };
  return fetch(`${app.proxyUrl}/api/messages?session=${SESSION}`, { method: 'POST', headers, body: JSON.stringify({ to: RECIPIENT }) });
}

/** Everything that the admin listener and the log say. */
async function told(): Promise<string> {
  const pages = ['/health?verbose', '/metrics', '/api/status', '/api/breakers', '/api/exchanges'];
  const texts = await Promise.all(pages.map(async (page) => (await fetch(`${app.adminUrl}${page}`)).text()));
  return [...texts, JSON.stringify(app.log)].join('\n');
}

async function expectNothingTold(): Promise<void> {
  const text = await told();
  for (const value of [RECIPIENT, TENANT, SESSION]) expect(text).not.toContain(value);
}

describe('the values of a request that a scope names', () => {
  it('are shown nowhere, neither those of a quota nor those of a breaker', async () => {
    status = 429;
    expect((await send()).status).toBe(429);
    await app.said((line) => line['policy'] === 'quota');
    expect((await send()).headers.get('retry-after')).toBe('3600');
    await expectNothingTold();
  });

  it('can still be acted on by the name that they have', async () => {
    type Shown = { authority: string; state: string };
    const list = (await (await fetch(`${app.adminUrl}/api/breakers`)).json()) as { breakers: Shown[] };
    expect(list.breakers).toHaveLength(1);
    const name = list.breakers[0]?.authority ?? '';
    const path = `/api/breakers/api/default/trip?authority=${encodeURIComponent(name)}`;
    const answer = await fetch(`${app.adminUrl}${path}`, { method: 'POST', headers: { 'x-breakwater-admin': '1' } });
    expect(await answer.json()).toMatchObject({ breakers: [{ authority: name, state: 'open' }] });
    await app.said((line) => line['to'] === 'open');
    expect((await send()).status).toBe(429);
    await expectNothingTold();
  });
});
