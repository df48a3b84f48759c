import { Cache } from '../../../../src/cache/cache.ts';
import { routesOf } from '../../../../src/config/effective.ts';
import { upstream } from '../../../../src/config/schema/upstream.ts';
import type { UpstreamConfig } from '../../../../src/config/schema.ts';
import type { Exchange } from '../../../../src/model/exchange.ts';
import type { HeaderList } from '../../../../src/model/headers.ts';
import type { Outcome } from '../../../../src/model/outcome.ts';
import type { Service } from '../../../../src/model/service.ts';
import { exchangeOf, FakeClock, Notes } from '../../policy/fixtures.ts';
import { type Answered, ok, read } from '../fixtures.ts';

/** What an upstream that a test plays answers to a path. */
export type Play = (exchange: Exchange) => Outcome | Promise<Outcome>;

/** An upstream that asks ahead, its answers played by a test. */
export class Stage {
  readonly clock = new FakeClock();
  readonly notes = new Notes();
  /** What reached the upstream, in order. */
  readonly sent: { readonly path: string; readonly chained: number; readonly headers: HeaderList }[] = [];
  readonly cache = new Cache({ maxBytes: 8 * 1024 * 1024, clock: this.clock, observer: this.notes });
  play: Play;
  #service: Service;

  constructor(written: Record<string, unknown>, play: Play) {
    this.play = play;
    this.#service = this.#assemble(written);
  }

  /** Takes another configuration up. */
  reload(written: Record<string, unknown>): void {
    this.#service = this.#assemble(written);
    this.settle(written);
  }

  /** Puts a configuration together that is then refused. */
  refuse(written: Record<string, unknown>): void {
    this.#assemble(written);
  }

  /** This configuration is at work, and no other. */
  settle(written: Record<string, unknown>): void {
    this.cache.settle({ db: configOf(written) });
  }

  #assemble(written: Record<string, unknown>): Service {
    const config = configOf(written);
    const settings = routesOf('db', config)[0];
    if (settings === undefined) throw new Error('no route');
    const transport: Service = (exchange) => {
      const { path, chained, headers } = exchange;
      this.sent.push({ path, chained, headers });
      return this.play(exchange);
    };
    const cached = this.cache.layerFor(settings, config)?.(transport) ?? transport;
    const ask: Service = (exchange) => this.#service(exchange);
    return this.cache.prefetchFor(settings, config, ask)?.(cached) ?? cached;
  }

  /** Paths that reached the upstream. */
  get paths(): string[] {
    return this.sent.map(({ path }) => path);
  }

  /** Requests of the prefetcher's own that reached the upstream. */
  get ahead(): string[] {
    return this.sent.filter(({ chained }) => chained > 0).map(({ path }) => path);
  }

  /** Sends and reads the answer, then lets what follows begin. */
  async get(path: string, headers: string[] = USER, method = 'GET'): Promise<Answered> {
    const exchange = exchangeOf({ method, path, headers });
    const answered = await read(await this.#service(exchange), exchange);
    await settled();
    return answered;
  }

  /** Sends, without waiting. */
  send(exchange: Exchange): ReturnType<Service> {
    return this.#service(exchange);
  }
}

function configOf(written: Record<string, unknown>): UpstreamConfig {
  return upstream.parse({ origin: 'https://db.test', ...written });
}

/** Credentials of a user. */
export const USER = ['authorization', 'Bearer one', 'accept', 'application/json'];

/** What follows an answer begins after it, in turns of the event loop of its own. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** An answer of JSON. */
export function json(value: unknown, ...headers: string[]): Outcome {
  return ok(JSON.stringify(value), 'content-type', 'application/json', ...headers);
}

/** An upstream of rows: `/messages`, `/conversations` and `/accounts`, by `id=eq.N`; each row names the next table's. */
export function rows(exchange: Exchange): Outcome {
  const url = new URL(exchange.path, 'https://db.test');
  const id = Number(url.searchParams.get('id')?.slice('eq.'.length));
  switch (url.pathname) {
    case '/messages':
      return json([{ id, conversation_id: id + 1000, text: `message ${id}` }]);
    case '/conversations':
      return json([{ id, account_id: id + 1000 }]);
    default:
      return json([{ id, name: `account ${id}` }]);
  }
}

/** What `Cache-Status` says of an answer that was asked for ahead. */
export const GIVEN = 'hit; detail=prefetch';

/** Walks from message to conversation, as an inbox does. */
export async function walk(stage: Stage, ...ids: number[]): Promise<void> {
  for (const id of ids) {
    await stage.get(`/messages?id=eq.${id}`);
    await stage.get(`/conversations?id=eq.${id + 1000}`);
  }
}

/** A stage that has learned that a conversation follows a message. */
export async function learned(written: Record<string, unknown> = {}): Promise<Stage> {
  const stage = new Stage({ prefetch: written }, rows);
  await walk(stage, 1, 2, 3);
  return stage;
}

/** A stage where a conversation is known to follow a message. */
export function known(written: Record<string, unknown> = {}): Stage {
  const chains = [{ after: '/messages', ask: '/conversations?id=eq.{conversation_id}' }];
  return new Stage({ prefetch: { learn: false, chains, ...written } }, rows);
}
