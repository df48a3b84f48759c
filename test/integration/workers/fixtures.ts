import { Agent, createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { RunningBreakwater } from '../../support/breakwater.ts';
import { closed, opened, portOf } from '../../support/servers.ts';

/** What came back to a client of one worker. */
export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: IncomingMessage['headers'];
}

/** A client on one connection: all that it asks goes to one worker. */
export class WorkerClient implements Disposable {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #url: string;
  /** Tells the worker's process from others: the part of its request ids that it made at its start. */
  process = '';

  constructor(url: string) {
    this.#url = url;
  }

  get(path: string): Promise<Answer> {
    return this.send('GET', path);
  }

  send(method: string, path: string, body?: string, signal?: AbortSignal): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const sent = request(`${this.#url}${path}`, { method, agent: this.#agent, ...(signal === undefined ? undefined : { signal }) }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text, headers: response.headers }));
        response.on('error', reject);
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}

/** A client for each of `count` workers. The kernel spreads connections, so some are opened in vain. */
export async function clientOfEach(app: RunningBreakwater, count = 2, path = '/api/ok'): Promise<WorkerClient[]> {
  const found = new Map<string, WorkerClient>();
  while (found.size < count) {
    const client = new WorkerClient(app.proxyUrl);
    const { headers } = await client.get(path);
    client.process = String(headers['x-request-id']).split('-')[0] ?? '';
    if (found.has(client.process)) client[Symbol.dispose]();
    else found.set(client.process, client);
  }
  return [...found.values()];
}

/** Waits until every worker has heard what the others had to tell: each tells what it has before it is looked at, and is looked at again after that. */
export async function allHeard(app: RunningBreakwater): Promise<void> {
  await (await fetch(`${app.adminUrl}/health`)).text();
  await (await fetch(`${app.adminUrl}/health`)).text();
}

/** The value of one series of the metrics; 0 where it is not there. */
export async function metric(app: RunningBreakwater, series: string): Promise<number> {
  const text = await (await fetch(`${app.adminUrl}/metrics`)).text();
  const line = text.split('\n').find((one) => one.startsWith(`${series} `));
  return Number(line?.slice(series.length + 1) ?? 0);
}

/** Process ids of the workers that became ready, the latest last. */
export function pidsOf(app: RunningBreakwater): number[] {
  return app.log.filter((line) => line['msg'] === 'worker ready').map((line) => Number(line['pid']));
}

/** An upstream whose answers the test writes. `/ok` says ok, `/fail` 500. */
export class Origin implements AsyncDisposable {
  readonly requests: string[] = [];
  readonly #server: Server;
  readonly #held: ServerResponse[] = [];
  readonly #waiting: (() => void)[] = [];
  /** Counts up with each write. */
  version = 1;

  private constructor() {
    this.#server = createServer((incoming, response) => this.#answer(incoming, response));
  }

  static async start(): Promise<Origin> {
    const origin = new Origin();
    await opened(origin.#server);
    return origin;
  }

  get url(): string {
    return `http://127.0.0.1:${portOf(this.#server)}`;
  }

  /** How often a path was asked for. */
  count(path: string): number {
    return this.requests.filter((one) => one.endsWith(path)).length;
  }

  /** Settles with the next request for `/held`, which waits for `release`. */
  held(): Promise<void> {
    return this.#held.length > 0 ? Promise.resolve() : new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Answers what waits. */
  release(status = 200, body = 'released'): void {
    for (const response of this.#held.splice(0)) response.writeHead(status).end(body);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await closed(this.#server);
  }

  #answer(incoming: IncomingMessage, response: ServerResponse): void {
    const { method = '', url = '' } = incoming;
    this.requests.push(`${method} ${url}`);
    incoming.resume();
    if (url === '/held') {
      this.#held.push(response);
      for (const tell of this.#waiting.splice(0)) tell();
    } else if (url === '/fail') response.writeHead(500).end('failed');
    else if (method === 'POST') response.writeHead(201).end(`version ${++this.version}`);
    else response.writeHead(200, url === '/thing' ? { 'cache-control': 'max-age=60' } : {}).end(url === '/thing' ? `version ${this.version}` : 'ok');
  }
}

/** A Breakwater of two workers before an origin. */
export function startWorkers(origin: Origin, upstream: string, more = ''): Promise<RunningBreakwater> {
  return RunningBreakwater.start(
    `version: 1\nworkers: 2\nlisten: { port: 0 }\nadmin: { port: 0 }\n${more}upstreams:\n  api: { origin: "${origin.url}", ${upstream} }\n`,
  );
}
