import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Cache } from '../../../src/cache/cache.ts';
import { routesOf } from '../../../src/config/effective.ts';
import { upstream } from '../../../src/config/schema/upstream.ts';
import { type Clock, systemClock } from '../../../src/model/clock.ts';
import { Exchange } from '../../../src/model/exchange.ts';
import { headerValue } from '../../../src/model/headers.ts';
import type { Outcome } from '../../../src/model/outcome.ts';
import type { Service } from '../../../src/model/service.ts';
import { Notices } from '../../../src/policy/notices.ts';
import { pseudonyms } from '../../../src/policy/pseudonym.ts';
import { pipeline } from '../../../src/policy/pipeline.ts';
import { UpstreamState } from '../../../src/policy/upstream-state.ts';
import { Resolver } from '../../../src/upstream/dns.ts';
import { attemptLimits, UpstreamPools } from '../../../src/upstream/pools.ts';
import { transport } from '../../../src/upstream/transport.ts';
import { Looks, text } from '../../unit/cache/fixtures.ts';
import { closed, opened, portOf } from '../../support/servers.ts';

/** What an origin does with a request. */
export type Script = (request: IncomingMessage, response: ServerResponse, number: number) => void;

/** An origin that a test plays, over HTTP. */
export class Origin implements AsyncDisposable {
  readonly requests: IncomingMessage[] = [];
  readonly authority: string;
  script: Script;
  readonly #server: Server;

  private constructor(server: Server, script: Script) {
    this.#server = server;
    this.script = script;
    this.authority = `127.0.0.1:${portOf(server)}`;
    server.on('request', (request, response) => {
      this.requests.push(request);
      this.script(request, response, this.requests.length);
    });
  }

  static async start(script: Script): Promise<Origin> {
    const server = createServer();
    await opened(server);
    return new Origin(server, script);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await closed(this.#server);
  }
}

/** The clock of a cache, moved by the test; everything else runs in real time. */
export class MovedClock implements Clock {
  #movedMs = 0;
  now(): number {
    return systemClock.now() + this.#movedMs;
  }
  wallNow(): number {
    return systemClock.wallNow() + this.#movedMs;
  }
  random(): number {
    return 0.5;
  }
  advance(ms: number): void {
    this.#movedMs += ms;
  }
}

/** An answer, read to its end. */
export interface Got {
  readonly status: number;
  readonly body: string;
  readonly said: string;
  header(name: string): string | undefined;
}

/** The pipeline of an upstream's own settings with a cache, over real sockets. */
export class Sidecar implements AsyncDisposable {
  readonly clock = new MovedClock();
  readonly looks = new Looks();
  readonly cache: Cache;
  readonly #authority: string;
  readonly #pools: UpstreamPools;
  readonly #service: Service;

  constructor(authority: string, written: Record<string, unknown>) {
    const config = upstream.parse({ origin: `http://${authority}`, ...written });
    this.#authority = authority;
    this.cache = new Cache({ maxBytes: 8 * 1024 * 1024, clock: this.clock, observer: this.looks });
    this.#pools = new UpstreamPools(config, new Resolver(systemClock), systemClock);
    const [settings] = routesOf('api', config);
    if (settings === undefined) throw new Error('an upstream without routes');
    const { breakers, budget, gates, clientRetries, places } = new UpstreamState('api', config, systemClock, this.looks);
    const { leastMs } = this.#pools;
    const cache = this.cache.layerFor(settings, config);
    const shared = {
      breakers,
      budget,
      gates,
      clientRetries,
      places,
      leastMs,
      pseudonymOf: pseudonyms(Buffer.from('secret')),
      clock: systemClock,
      observer: this.looks,
      notices: new Notices(),
      cache,
    };
    const context = { limits: attemptLimits(settings.timeouts), clock: systemClock, observer: this.looks };
    this.#service = pipeline(settings, shared, transport(this.#pools.poolFor, context));
  }

  exchange(parts: { method?: string; path?: string; headers?: string[] } = {}): Exchange {
    const { method = 'GET', path = '/', headers = [] } = parts;
    const exchange = new Exchange({
      id: '1',
      entry: 'port',
      method,
      scheme: 'http',
      authority: this.#authority,
      path,
      headers,
      startedAt: systemClock.now(),
    });
    exchange.upstream = 'api';
    exchange.route = 'default';
    return exchange;
  }

  async send(exchange: Exchange): Promise<Outcome> {
    return this.#service(exchange);
  }

  async get(parts: Parameters<Sidecar['exchange']>[0] = {}): Promise<Got> {
    const exchange = this.exchange(parts);
    const outcome = await this.send(exchange);
    const answer = outcome.type === 'reply' ? outcome : outcome.reply;
    if (answer === undefined) return { status: 0, body: '', said: exchange.cacheStatus, header: () => undefined };
    return {
      status: answer.status,
      body: await text(answer.body),
      said: exchange.cacheStatus,
      header: (name) => (name === 'age' ? answer.age : undefined) ?? headerValue(answer.headers, name),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pools.destroy();
    await this.cache.close();
  }
}
