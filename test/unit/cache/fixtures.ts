import { Cache } from '../../../src/cache/cache.ts';
import type { CacheStore } from '../../../src/cache/store.ts';
import { type RouteSettings, routesOf } from '../../../src/config/effective.ts';
import type { CacheConfig, UpstreamConfig } from '../../../src/config/schema.ts';
import type { BodySink, BodySource } from '../../../src/model/body.ts';
import type { CacheResult } from '../../../src/model/events.ts';
import type { Exchange } from '../../../src/model/exchange.ts';
import type { Failure } from '../../../src/model/failure.ts';
import { headerValue } from '../../../src/model/headers.ts';
import { type Outcome, reply, type Reply } from '../../../src/model/outcome.ts';
import type { Service } from '../../../src/model/service.ts';
import { answered, exchangeOf, FakeClock, Notes } from '../policy/fixtures.ts';

/** Notes what the cache looked up. */
export class Looks extends Notes {
  readonly results: CacheResult[] = [];
  override cacheLooked(_exchange?: Exchange, result?: CacheResult): void {
    if (result !== undefined) this.results.push(result);
  }
}

type Answer = (exchange: Exchange, number: number) => Outcome | Promise<Outcome>;
type Request = Parameters<typeof exchangeOf>[0];

/** A cache around an upstream that a test plays. */
export class Bench {
  readonly clock = new FakeClock();
  readonly looks = new Looks();
  /** What reached the upstream, in order. */
  readonly sent: Exchange[] = [];
  readonly cache: Cache;
  answer: Answer;
  readonly #services: readonly Service[];

  constructor(config: CacheConfig, answer: Answer, upstream: Partial<UpstreamConfig> = {}, store?: CacheStore) {
    this.answer = answer;
    this.cache = new Cache({ maxBytes: 64 * 1024 * 1024, clock: this.clock, observer: this.looks, ...(store === undefined ? {} : { store }) });
    const whole = { cache: config, ...upstream } as UpstreamConfig;
    this.#services = routesOf('api', whole).map((settings: RouteSettings) => this.#service(settings, whole));
  }

  /** Sends a request along a route, by its place in the configuration; the last one is the upstream's own. */
  async send(request: Request | Exchange = {}, route = this.#services.length - 1): Promise<Outcome> {
    const exchange = 'startedAt' in (request ?? {}) ? (request as Exchange) : exchangeOf(request as Request);
    const service = this.#services[route];
    if (service === undefined) throw new Error('no such route');
    return service(exchange);
  }

  /** Sends and reads the answer. */
  async get(request: Request = {}, route?: number): Promise<Answered> {
    const exchange = exchangeOf(request);
    return read(await (route === undefined ? this.send(exchange) : this.send(exchange, route)), exchange);
  }

  #service(settings: RouteSettings, upstream: UpstreamConfig): Service {
    const next: Service = async (exchange) => {
      this.sent.push(exchange);
      return this.answer(exchange, this.sent.length);
    };
    return this.cache.layerFor(settings, upstream)?.(next) ?? next;
  }
}

/** An answer as a client has it. */
export interface Answered {
  readonly status: number;
  readonly body: string;
  readonly source: string;
  readonly failure: Failure | undefined;
  /** What `Cache-Status` will say. */
  readonly said: string;
  header(name: string): string | undefined;
}

/** Reads an outcome to its end. */
export async function read(outcome: Outcome, exchange: Exchange): Promise<Answered> {
  const failure = outcome.type === 'failure' ? outcome : undefined;
  const answer = outcome.type === 'reply' ? outcome : outcome.reply;
  const body = answer === undefined ? '' : await text(answer.body);
  return {
    status: answer?.status ?? 0,
    body,
    source: answer?.source ?? '',
    failure,
    said: exchange.cacheStatus,
    header: (name) => (name === 'age' ? answer?.age : undefined) ?? headerValue(answer?.headers ?? [], name),
  };
}

/** Reads a body to its end; ` (cut)` is added where it broke off. */
export function text(body: BodySource): Promise<string> {
  return new Promise((resolve) => {
    let all = '';
    body.start({
      onData: (chunk) => {
        all += Buffer.from(chunk).toString();
        return true;
      },
      onEnd: () => resolve(all),
      onError: () => resolve(`${all} (cut)`),
    });
  });
}

/** An answer of 200 with these fields. */
export function ok(body: string, ...headers: string[]): Reply {
  return answered(200, body, headers);
}

/** A body that a test lets flow chunk by chunk. */
export class HandBody implements BodySource {
  aborted = false;
  paused = false;
  #sink: BodySink | undefined;
  whole(): undefined {
    return undefined;
  }
  start(sink: BodySink): void {
    this.#sink = sink;
  }
  pause(): void {
    this.paused = true;
  }
  resume(): void {
    this.paused = false;
  }
  abort(): void {
    this.aborted = true;
  }
  push(chunk: string): boolean {
    return this.#sink?.onData(Buffer.from(chunk)) ?? true;
  }
  end(): void {
    this.#sink?.onEnd();
  }
  break(failure: Failure): void {
    this.#sink?.onError(failure);
  }
  /** An answer with this body. */
  reply(...headers: string[]): Reply {
    return reply(200, headers, 'upstream', this);
  }
}
