import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RunningBreakwater } from '../../support/breakwater.ts';
import { closed, opened } from '../../support/servers.ts';

interface Answer {
  readonly status: number;
  readonly body: { readonly detail?: string; readonly breakers?: readonly { readonly authority: string; readonly state: string }[] };
}

const origin: Server = createServer((_request, response) => response.end('fine'));
let port = 0;
const dependency = (more = ''): string => `
version: 1
listen: { port: 0 }
admin: { port: 0 }
upstreams:
  api:
    origin: "http://127.0.0.1:${port}"
    hosts: ["*.api.example"]
    breaker: { consecutive: 3 }
    routes:
      - { name: models, match: { path: "/models/{model}" }, breaker: { group: models, scope: [authority, model]${more} } }
`;

async function act(app: RunningBreakwater, what: string): Promise<Answer> {
  const answer = await fetch(`${app.adminUrl}/api/breakers/api/${what}`, { method: 'POST', headers: { 'x-breakwater-admin': '1' } });
  return { status: answer.status, body: (await answer.json()) as Answer['body'] };
}

async function healthOf(app: RunningBreakwater): Promise<string> {
  return ((await (await fetch(`${app.adminUrl}/health`)).json()) as { status: string }).status;
}

async function statusOf(app: RunningBreakwater, path: string): Promise<number> {
  const answer = await fetch(`${app.proxyUrl}/api${path}`);
  await answer.text();
  return answer.status;
}

beforeAll(async () => {
  port = await opened(origin);
});
afterAll(() => closed(origin));

describe('a breaker that is acted on by hand', () => {
  it('is not made for a host that the upstream does not have: the hosts that there are are named', async () => {
    await using app = await RunningBreakwater.start(dependency());
    const host = `127.0.0.1:${port}`;
    const mistyped = await act(app, 'default/isolate?authority=127.0.0.1');
    expect([mistyped.status, mistyped.body.detail]).toEqual([
      404,
      `The breaker default of the upstream api has no host "127.0.0.1"; there are: ${host}, *.api.example.`,
    ]);
    expect((await act(app, 'models/trip?authority=api.example%20pro')).status).toBe(404);
    expect(await healthOf(app)).toBe('ok');
    expect(await statusOf(app, '/anything')).toBe(200);
    for (const known of [host, 'eu.api.example'])
      expect((await act(app, `default/isolate?authority=${known}`)).body).toMatchObject({ breakers: [{ authority: known, state: 'isolated' }] });
    expect(await statusOf(app, '/anything')).toBe(503);
  });

  it('is held open until it is reset, whatever it has seen before, also where it is made after that or after a reload', async () => {
    await using app = await RunningBreakwater.start(dependency());
    const [pro, flash, lite] = ['/models/pro', '/models/flash', '/models/lite'] as const;
    expect((await act(app, 'models/isolate')).body).toMatchObject({ breakers: [{ authority: '*', state: 'isolated' }] });
    expect(await healthOf(app)).toBe('down');
    expect([await statusOf(app, pro), await statusOf(app, '/else')]).toEqual([503, 200]);
    app.configure(dependency(', openFor: 61s'));
    app.signal('SIGHUP');
    await app.said((line) => String(line['msg']).startsWith('configuration reloaded'));
    expect([await statusOf(app, pro), await statusOf(app, flash)]).toEqual([503, 503]);
    expect((await act(app, 'models/reset')).status).toBe(200);
    expect([await statusOf(app, pro), await statusOf(app, lite)]).toEqual([200, 200]);
  });
});
