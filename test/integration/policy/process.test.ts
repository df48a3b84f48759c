import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { RunningBreakwater } from '../../support/breakwater.ts';
import { closed, opened } from '../../support/servers.ts';

type Handler = (request: IncomingMessage, response: ServerResponse, number: number) => void;

/** Stands for Graph and Gemini: the test says what it does. */
let handler: Handler = (_request, response) => response.end();
let requests: string[] = [];
const origin: Server = createServer((request, response) => {
  let body = '';
  request.on('data', (chunk: Buffer) => (body += chunk.toString()));
  request.on('end', () => {
    requests.push(body);
    handler(request, response, requests.length);
  });
});

let app: RunningBreakwater;

beforeAll(async () => {
  const resolve = `127.0.0.1:${await opened(origin)}`;
  app = await RunningBreakwater.start(`
version: 1
listen: { port: 0 }
admin: { port: 0 }
upstreams:
  whatsapp: { preset: whatsapp-cloud, origin: "http://graph.example", resolve: "${resolve}" }
  gemini: { preset: gemini, origin: "http://gemini.example", resolve: "${resolve}" }
  rehearsal: { origin: "http://other.example", resolve: "${resolve}", faults: [{ name: outage, abort: 503, header: true }] }
`);
});
afterAll(async () => {
  await app[Symbol.asyncDispose]();
  await closed(origin);
});
beforeEach(() => {
  requests = [];
});

function messageOf(text: string): string {
  return JSON.stringify({ messaging_product: 'whatsapp', to: '48', type: 'text', text: { body: text } });
}

function send(text: string): Promise<Response> {
  const headers = { authorization: 'Bearer a', 'content-type': 'application/json' };
  return fetch(`${app.proxyUrl}/whatsapp/v23.0/1/messages`, { method: 'POST', headers, body: messageOf(text) });
}

/** The same over a connection of its own, for a client that will not wait. */
function leavingClient(text: string): Socket {
  const { hostname, port } = new URL(app.proxyUrl);
  const body = messageOf(text);
  const socket = connect(Number(port), hostname);
  socket.write(`POST /whatsapp/v23.0/1/messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer a\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  return socket;
}

async function metric(name: string): Promise<string[]> {
  const text = await (await fetch(`${app.adminUrl}/metrics`)).text();
  return text.split('\n').filter((line) => line.startsWith(name));
}

describe('a running process with the presets', () => {
  it('does not send a message again whose client has left, and counts that', async () => {
    let answer: (() => void) | undefined;
    handler = (_request, response, number) => {
      answer = () => response.setHeader('content-type', 'application/json').end(`{"messages":[{"id":"wamid.${number}"}]}`);
    };
    const client = leavingClient('ok');
    await vi.waitUntil(() => requests.length === 1);
    client.destroy();
    await vi.waitUntil(async () => (await metric('breakwater_connections{listener="proxy"')).some((line) => line.endsWith(' 0')));
    const second = send('ok');
    setTimeout(() => answer?.(), 50);
    const reply = await second;
    expect(await reply.json()).toEqual({ messages: [{ id: 'wamid.1' }] });
    expect(reply.headers.get('x-breakwater-duplicate')).toBe('joined');
    expect(requests).toHaveLength(1);
    expect(await metric('breakwater_duplicate_sends_prevented_total')).toEqual([expect.stringMatching(/upstream="whatsapp".* 1$/)]);

    const third = send('ok');
    await vi.waitUntil(() => requests.length === 2);
    answer?.();
    expect(await (await third).json(), 'the second client had its answer: this is another message').toEqual({ messages: [{ id: 'wamid.2' }] });
  });

  it('breaks the connection of a client whose Gemini stream has no end, and passes a whole one on', async () => {
    const part = 'data: {"candidates":[{"content":{"parts":[{"text":"hi"}]}}]}\r\n\r\n';
    const last = 'data: {"candidates":[{"finishReason":"STOP"}]}\r\n\r\n';
    const ask = () =>
      fetch(`${app.proxyUrl}/gemini/v1beta/models/m:streamGenerateContent?alt=sse`, {
        method: 'POST',
        headers: { 'x-goog-api-key': 'k' },
        body: '{}',
      });
    handler = (_request, response) => void response.setHeader('content-type', 'text/event-stream').end(part + last);
    expect(await (await ask()).text()).toBe(part + last);
    let end: (() => void) | undefined;
    handler = (_request, response) => {
      response.setHeader('content-type', 'text/event-stream').write(part);
      end = () => response.end();
    };
    const cut = await ask();
    end?.();
    await expect(cut.text()).rejects.toThrow('terminated');
  });

  it('asks Gemini again when its stream begins with an error', async () => {
    const last = 'data: {"candidates":[{"finishReason":"STOP"}]}\r\n\r\n';
    handler = (_request, response, number) =>
      void response.setHeader('content-type', 'text/event-stream').end(number === 1 ? '{"error":{"code":503,"status":"UNAVAILABLE"}}' : last);
    const reply = await fetch(`${app.proxyUrl}/gemini/v1beta/models/m2:streamGenerateContent?alt=sse`, { method: 'POST', body: '{}' });
    expect(await reply.text()).toBe(last);
    expect(requests).toHaveLength(2);
  });

  it('rehearses an outage for who asks for it, and says loudly that it can', async () => {
    handler = (_request, response) => response.end('fine');
    expect(await (await fetch(`${app.proxyUrl}/rehearsal/`)).text()).toBe('fine');
    expect((await fetch(`${app.proxyUrl}/rehearsal/`, { headers: { 'x-breakwater-fault': 'outage' } })).status).toBe(503);
    expect(requests).toHaveLength(1);
    expect(app.log.some((line) => JSON.stringify(line).includes('faults are injected on purpose'))).toBe(true);
  });
});
