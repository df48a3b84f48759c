import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RunningBreakwater } from '../../support/breakwater.ts';
import { closed, opened } from '../../support/servers.ts';

const ACCOUNT = '102290129340398';
const TEMPLATES = `/v23.0/${ACCOUNT}/message_templates`;

/** Stands for Graph: the templates of one account are throttled for 19 minutes. */
let requests: string[] = [];
const graph: Server = createServer((request, response) => {
  const url = request.url ?? '';
  requests.push(url);
  const throttled = url.startsWith(TEMPLATES);
  const used = {
    type: 'whatsapp',
    call_count: throttled ? 101 : 85,
    total_cputime: 1,
    total_time: 2,
    estimated_time_to_regain_access: throttled ? 19 : 0,
  };
  response.writeHead(throttled ? 429 : 200, {
    'content-type': 'application/json',
    'x-app-usage': '{"call_count":12,"total_cputime":3,"total_time":4}',
    'x-business-use-case-usage': JSON.stringify({ [ACCOUNT]: [used] }),
  });
  response.end(throttled ? '{"error":{"code":80007,"is_transient":true,"message":"too many calls"}}' : '{"data":[]}');
});
let app: RunningBreakwater;

beforeAll(async () => {
  const resolve = `127.0.0.1:${await opened(graph)}`;
  app = await RunningBreakwater.start(`
version: 1
listen: { port: 0 }
admin: { port: 0 }
upstreams:
  whatsapp: { preset: whatsapp-cloud, origin: "http://graph.example", resolve: "${resolve}" }
`);
});
afterAll(async () => {
  await app[Symbol.asyncDispose]();
  await closed(graph);
});

function ask(path: string, token = 'a', method = 'GET'): Promise<Response> {
  return fetch(`${app.proxyUrl}/whatsapp${path}`, {
    method,
    headers: { authorization: `Bearer ${token}` },
    ...(method === 'GET' ? {} : { body: '{}' }),
  });
}

describe('what Graph says of its limits', () => {
  it('is a metric without the names of accounts, and a word in /health near a limit, which is no failure', async () => {
    await ask('/v23.0/9/message_templates');
    const metrics = await (await fetch(`${app.adminUrl}/metrics`)).text();
    expect(metrics).toContain('breakwater_upstream_usage_ratio{upstream="whatsapp",kind="app_call_count"} 0.12\n');
    const levels = metrics.split('\n').filter((line) => line.startsWith('breakwater_upstream_usage_ratio'));
    expect(levels).toHaveLength(6);
    expect(levels.join()).not.toContain(ACCOUNT);
    const { dependencies } = (await (await fetch(`${app.adminUrl}/health`)).json()) as { dependencies: { whatsapp: Record<string, unknown> } };
    const { status, evidence, usage } = dependencies.whatsapp;
    expect(status).toBe('ok');
    expect(evidence).toMatch(/; 85 % of account_call_count is used up$/);
    expect(usage).toContainEqual({ kind: 'app_time', ratio: 0.04, at: expect.any(String) });
  });
});

describe('an account that Graph has throttled', () => {
  it('is left alone for as long as its usage header says, while messages, other accounts and other tokens go on', async () => {
    expect(await (await ask(TEMPLATES)).json()).toMatchObject({ error: { code: 80007 } });
    requests = [];
    const held = await ask(`${TEMPLATES}?after=x`);
    expect([held.status, await held.json()]).toMatchObject([429, { error: { type: 'OAuthException' } }]);
    expect(Number(held.headers.get('retry-after'))).toBeGreaterThan(18 * 60);
    expect(requests).toEqual([]);
    for (const path of [`/v23.0/${ACCOUNT}/messages`, `/v23.0/${ACCOUNT}/messages?a=b`, '/v23.0/7/messages'])
      expect((await ask(path, 'a', 'POST')).status).toBe(200);
    expect((await ask('/v23.0/7/message_templates')).status).toBe(200);
    expect((await ask(TEMPLATES, 'b')).status).toBe(429);
    expect(requests).toHaveLength(5);
    expect((await ask(`/v23.0/${ACCOUNT}?fields=id`)).status).toBe(429);
    const { quotas } = (await (await fetch(`${app.adminUrl}/api/quotas`)).json()) as { quotas: { rule: string; scope: string }[] };
    expect(quotas.map(({ rule }) => rule)).toEqual(['hourly_limit', 'hourly_limit']);
    expect(quotas.map(({ scope }) => scope.split(' ').at(-1))).toEqual([ACCOUNT, ACCOUNT]);
  });
});
