import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { RunningBreakwater } from '../../support/breakwater.ts';
import { closed, opened, portOf } from '../../support/servers.ts';
import { type Answer, clientOfEach, metric, WorkerClient } from '../workers/fixtures.ts';

const GIVEN = 'breakwater; hit; detail=prefetch';

/** Messages and conversations by id; a conversation says how often anything was written. */
class Inbox implements AsyncDisposable {
  readonly asked: string[] = [];
  readonly #server = createServer((request, response) => this.#answer(request, response));
  #held: ServerResponse | undefined;
  #holds = false;
  #version = 0;

  static async start(): Promise<Inbox> {
    const inbox = new Inbox();
    await opened(inbox.#server);
    return inbox;
  }

  get url(): string {
    return `http://127.0.0.1:${portOf(this.#server)}`;
  }

  /** Settles once a path has been asked for. */
  async askedFor(path: string): Promise<void> {
    while (!this.asked.includes(path)) await once(this.#server, 'request');
  }

  /** Holds the next answer for a conversation back until `release`. */
  hold(): void {
    this.#holds = true;
  }

  release(): void {
    this.#held?.writeHead(200, { 'content-type': 'application/json' }).end('[{"held":true}]');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await closed(this.#server);
  }

  #answer({ method, url = '' }: IncomingMessage, response: ServerResponse): void {
    this.asked.push(url);
    if (method === 'POST') this.#version++;
    const id = Number(url.split('eq.')[1] ?? 0);
    const isConversation = url.startsWith('/conversations');
    if (isConversation && this.#holds) {
      this.#holds = false;
      this.#held = response;
      return;
    }
    const row = isConversation ? { id, version: this.#version } : { id, conversation_id: id + 1000 };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify([row]));
  }
}

function start(inbox: Inbox, more = ''): Promise<RunningBreakwater> {
  return RunningBreakwater.start(
    `version: 1\nlisten: { port: 0 }\nadmin: { port: 0 }\n${more}upstreams:\n  api: { origin: "${inbox.url}", prefetch: { within: 30s } }\n`,
  );
}

/** Reads a message, lets what follows be asked for ahead, then reads its conversation. */
async function walk(client: WorkerClient, inbox: Inbox, id: number, ahead: boolean): Promise<Answer> {
  await client.get(`/api/messages?id=eq.${id}`);
  if (ahead) await inbox.askedFor(`/conversations?id=eq.${id + 1000}`);
  return client.get(`/api/conversations?id=eq.${id + 1000}`);
}

describe('a sidecar that asks ahead', () => {
  it('learns a chain, gives each row once, tells of it, and knows it after a reload', async () => {
    await using inbox = await Inbox.start();
    await using app = await start(inbox);
    using client = new WorkerClient(app.proxyUrl);
    for (const id of [1, 2, 3]) expect((await walk(client, inbox, id, false)).headers['cache-status']).toBeUndefined();
    // how old it is depends on how busy the machine is: the unit tests hold the age to a clock of their own
    const given = await walk(client, inbox, 4, true);
    expect([given.status, given.body, given.headers['cache-status'], given.headers['age']]).toEqual([
      200,
      '[{"id":1004,"version":0}]',
      GIVEN,
      expect.stringMatching(/^\d+$/),
    ]);
    expect(inbox.asked.filter((path) => path.endsWith('1004'))).toHaveLength(1);
    expect((await client.get('/api/conversations?id=eq.1004')).headers['cache-status']).toBeUndefined();
    const series = 'breakwater_policy_actions_total{upstream="api",route="default",policy="prefetch",action=';
    expect([await metric(app, `${series}"asked"}`), await metric(app, `${series}"used"}`)]).toEqual([1, 1]);
    const listed = (await (await fetch(`${app.adminUrl}/api/prefetch`)).json()) as { chains: unknown };
    const chain = { upstream: 'api', after: '/messages?id=eq.*', ask: '/conversations?id=eq.{conversation_id}', written: false, came: 4, of: 4 };
    expect(listed.chains).toEqual([chain]);
    app.signal('SIGHUP');
    await app.said(({ msg }) => String(msg).includes('reloaded'));
    expect((await walk(client, inbox, 5, true)).headers['cache-status']).toBe(GIVEN);
  });

  it('lets a client wait for what is under way, and asks once', async () => {
    await using inbox = await Inbox.start();
    await using app = await start(inbox);
    using client = new WorkerClient(app.proxyUrl);
    for (const id of [1, 2, 3]) await walk(client, inbox, id, false);
    inbox.hold();
    await client.get('/api/messages?id=eq.4');
    await inbox.askedFor('/conversations?id=eq.1004');
    const waiting = client.get('/api/conversations?id=eq.1004');
    using other = new WorkerClient(app.proxyUrl);
    await other.get('/api/messages?id=eq.99');
    inbox.release();
    expect(await waiting).toMatchObject({ body: '[{"held":true}]', headers: { 'cache-status': GIVEN } });
    expect(inbox.asked.filter((path) => path.endsWith('1004'))).toHaveLength(1);
  });

  it('gives nothing from before a write, in whichever worker that was', async () => {
    await using inbox = await Inbox.start();
    await using app = await start(inbox, 'workers: 2\n');
    const [reader, writer] = (await clientOfEach(app, 2, '/api/ok')) as [WorkerClient, WorkerClient];
    using first = reader;
    using second = writer;
    for (const id of [1, 2, 3]) await walk(first, inbox, id, false);
    expect((await walk(first, inbox, 4, true)).body).toBe('[{"id":1004,"version":0}]');
    await first.get('/api/messages?id=eq.5');
    await inbox.askedFor('/conversations?id=eq.1005');
    await second.send('POST', '/api/messages', 'x');
    const after = await first.get('/api/conversations?id=eq.1005');
    expect([after.body, after.headers['cache-status']]).toEqual(['[{"id":1005,"version":1}]', undefined]);
    const { chains } = (await (await fetch(`${app.adminUrl}/api/prefetch`)).json()) as { chains: unknown[] };
    expect(chains).toHaveLength(1);
  });
});
