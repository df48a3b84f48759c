import { createServer, type ServerResponse } from 'node:http';
import { RunningBreakwater } from '../../support/breakwater.ts';
import { closed, opened, portOf } from '../../support/servers.ts';

/** A table of rows, and how often it was asked. */
export class Rows implements AsyncDisposable {
  readonly #server = createServer((request, response) => this.#answer(request.method ?? '', String(request.headers.authorization), response));
  reads = 0;
  version = 0;
  #held: { readonly asked: () => void; readonly released: Promise<void> } | undefined;

  /** Holds back the answer to the next read until it is released. `asked` settles when it has come: from then on it tells of a version that may be old. */
  holdNext(): { readonly asked: Promise<void>; readonly release: () => void } {
    const [asked, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    this.#held = { asked: asked.resolve, released: released.promise };
    return { asked: asked.promise, release: released.resolve };
  }

  async listen(): Promise<this> {
    await opened(this.#server);
    return this;
  }

  get url(): string {
    return `http://127.0.0.1:${portOf(this.#server)}`;
  }

  #answer(method: string, user: string, response: ServerResponse): void {
    if (method === 'GET') this.reads++;
    else this.version++;
    const said = `${user} sees version ${this.version}`;
    const held = this.#held;
    this.#held = undefined;
    held?.asked();
    void Promise.resolve(held?.released).then(() => response.end(said));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return closed(this.#server);
  }
}

/** The file of a sidecar in front of them, with this `cache`. */
export const yamlFor = (origin: string, cache: string): string =>
  `version: 1\nlisten: { port: 0 }\nadmin: { port: 0 }\ncache: ${cache}\nupstreams:\n  api:\n    origin: ${origin}\n    tables: { path: '/{table}' }\n    cache: { ttl: 5m }\n`;

/** Reads or writes the rows through a sidecar, as a user. */
export async function ask(app: RunningBreakwater, user: string, method = 'GET'): Promise<{ text: string; hit: boolean; status: number }> {
  const answer = await fetch(`${app.proxyUrl}/api/rows`, { method, headers: { authorization: user } });
  return { text: await answer.text(), hit: (answer.headers.get('cache-status') ?? '').includes('; hit'), status: answer.status };
}

/** Settles when so many answers are stored: a client has its answer before Redis has it, and another sidecar may be asked in between. */
export async function stored(app: RunningBreakwater, count: number): Promise<void> {
  for (;;) {
    const { entries } = (await (await fetch(`${app.adminUrl}/api/cache`)).json()) as { readonly entries: readonly unknown[] };
    if (entries.length === count) return;
  }
}

/** Sidecars with one configuration, started side by side: one by one they take a test's whole time on a busy machine. */
export class Fleet implements AsyncDisposable {
  readonly sidecars: readonly RunningBreakwater[];

  private constructor(sidecars: readonly RunningBreakwater[]) {
    this.sidecars = sidecars;
  }

  static async start(count: number, yaml: string, env: Readonly<Record<string, string>> = {}): Promise<Fleet> {
    return new Fleet(await Promise.all(Array.from({ length: count }, () => RunningBreakwater.start(yaml, env))));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.sidecars.map((sidecar) => sidecar[Symbol.asyncDispose]()));
  }
}
