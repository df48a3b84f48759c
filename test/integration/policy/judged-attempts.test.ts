import { createServer, type Server, type ServerResponse } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { RunningBreakwater } from '../../support/breakwater.ts';
import { closed, opened, portOf } from '../../support/servers.ts';

let answer: (response: ServerResponse) => void = (response) => response.end();
const origin: Server = createServer((request, response) => {
  request.resume().on('end', () => answer(response));
});

let app: RunningBreakwater;

beforeAll(() => opened(origin));
beforeEach(async () => {
  const to = `resolve: "127.0.0.1:${portOf(origin)}", retry: { attempts: 1 }`;
  app = await RunningBreakwater.start(`
version: 1
listen: { port: 0 }
admin: { port: 0 }
upstreams:
  whatsapp: { preset: whatsapp-cloud, origin: "http://graph.example", ${to}, routes: [{ name: send, retry: { attempts: 1 }, pace: [] }] }
  gemini: { preset: gemini, origin: "http://gemini.example", ${to} }
  plain: { origin: "http://plain.example", ${to}, classify: [{ status: [200], json: error, as: ambiguous, code: hidden }] }
`);
  return () => app[Symbol.asyncDispose]();
});
afterAll(() => closed(origin));

/** What the origin answers, in one piece or as a stream that comes bit by bit. */
function says(status: number, body: string, type = 'application/json'): void {
  answer = (response) => response.writeHead(status, { 'content-type': type }).end(body);
}

const graphError = (code: number): string => JSON.stringify({ error: { message: 'm', code } });

async function ask(path: string): Promise<string> {
  const response = await fetch(app.proxyUrl + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' });
  return response.text().catch(() => 'broken off');
}

interface Dependency {
  readonly errorRate: { readonly failed: number; readonly samples: number };
  readonly lastError: { readonly status: number; readonly detail: string; readonly kind: string } | null;
}

async function health(upstream: string): Promise<Dependency> {
  const { dependencies } = (await (await fetch(`${app.adminUrl}/health`)).json()) as { dependencies: Record<string, Dependency> };
  const found = dependencies[upstream];
  if (found === undefined) throw new Error(`no dependency ${upstream}`);
  return found;
}

/** The outcomes of the attempts at an upstream: `failed headers status`. */
async function outcomes(upstream: string): Promise<string[]> {
  const text = await (await fetch(`${app.adminUrl}/metrics`)).text();
  const found = text.matchAll(/^breakwater_attempts_total\{upstream="(.*?)",route=".*?",outcome="(.*?)",phase="(.*?)",kind="(.*?)"\} (\d+)/gm);
  return [...found].filter(([, name]) => name === upstream).map(([, , outcome, phase, kind, count]) => `${count} ${outcome} ${phase} ${kind}`.trim());
}

describe('an attempt is counted as the policies have judged it', () => {
  it('a rate limit that comes as 400 is a refusal, which counts, and its status is told', async () => {
    says(400, graphError(131056));
    await ask('/whatsapp/v23.0/1/messages');
    expect(await health('whatsapp')).toMatchObject({
      errorRate: { failed: 1, samples: 1 },
      lastError: { status: 400, kind: 'status', detail: 'the upstream answered 400 (pair_limit)' },
    });
    expect(await outcomes('whatsapp')).toEqual(['1 refused headers status']);
    const line = await app.said(({ msg }) => msg === 'exchange');
    expect(line['attempts']).toMatchObject([{ status: 400, rule: 'pair_limit' }]);
  });

  it('an outcome that nobody knows is a failure, whatever its status', async () => {
    says(400, graphError(131000));
    await ask('/whatsapp/v23.0/1/messages');
    expect([(await health('whatsapp')).errorRate.failed, await outcomes('whatsapp')]).toEqual([1, ['1 failed headers status']]);
  });

  it('what a rule tells the breaker to ignore is a 4xx like any other, and of a 5xx a refusal', async () => {
    says(400, graphError(190));
    await ask('/whatsapp/v23.0/1/messages');
    says(404, '{}');
    await ask('/whatsapp/v23.0/1/messages');
    says(500, graphError(3));
    await ask('/whatsapp/v23.0/1/messages');
    expect([(await health('whatsapp')).errorRate, await outcomes('whatsapp')]).toMatchObject([
      { failed: 1, samples: 3 },
      ['2 ok', '1 refused headers status'],
    ]);
  });

  it('an error in the body of a 200 is a failure, and a body without one is none', async () => {
    says(200, '{"error":"no"}');
    await ask('/plain/x');
    says(200, '{}');
    await ask('/plain/x');
    expect([(await health('plain')).errorRate, await outcomes('plain')]).toMatchObject([
      { failed: 1, samples: 2 },
      ['1 failed headers status', '1 ok'],
    ]);
  });

  it('a stream that begins with an error, or ends without its end, is a failure; a whole one is none', async () => {
    const stream = '/gemini/v1beta/models/m:streamGenerateContent?alt=sse';
    const event = (data: unknown): string => `data: ${JSON.stringify(data)}\r\n\r\n`;
    const part = event({ candidates: [{ content: { parts: [{ text: 'hi' }] } }] });
    says(200, event({ error: { code: 503, status: 'UNAVAILABLE' } }), 'text/event-stream');
    expect(JSON.parse(await ask(stream))).toMatchObject({ error: { code: 503 } });
    expect(await outcomes('gemini')).toEqual(['1 failed headers status']);
    says(200, part + event({ candidates: [{ finishReason: 'STOP' }] }), 'text/event-stream');
    await ask(stream);
    answer = (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(part);
      setImmediate(() => response.end());
    };
    await ask(stream);
    expect([(await health('gemini')).errorRate, (await outcomes('gemini')).toSorted()]).toMatchObject([
      { failed: 2, samples: 3 },
      ['1 failed body protocol', '1 failed headers status', '1 ok'],
    ]);
  });
});
