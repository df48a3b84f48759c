import type { ProbeConfig } from '../config/schema.ts';
import type { Clock } from '../model/clock.ts';
import { Exchange } from '../model/exchange.ts';
import { isUpstreamFault } from '../model/failure.ts';
import { headerValue, type HeaderList } from '../model/headers.ts';
import { parseJson } from '../model/json.ts';
import { parseJsonPath } from '../model/json-path.ts';
import { discard, type Reply } from '../model/outcome.ts';
import { peek } from '../model/peek.ts';
import type { Service } from '../model/service.ts';
import { callAfter } from '../model/timer.ts';

/** Where a probe goes. */
export interface ProbeTarget {
  readonly upstream: string;
  readonly scheme: 'http' | 'https';
  readonly authority: string;
}

/** What one probe found. */
export interface ProbeResult {
  readonly ok: boolean;
  /** What was wrong, in a few words; empty where nothing was. */
  readonly what: string;
  readonly latencyMs: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** How often an upstream is asked where the configuration does not say, and how long an answer may take, in milliseconds. */
const EVERY_MS = 10_000;
const TIMEOUT_MS = 3000;
/** Probes of many sidecars should not come together: each wait is up to this part longer or shorter. */
const SPREAD = 0.1;
/** An answer is read up to this to find the value that is expected in it. */
const BODY_BYTES = 64 * 1024;

/**
 * Asks an upstream at intervals how it is, by requests of our own over its ordinary connections, and tells what it found. It is no exchange: it counts in no
 * metric of requests, passes no policy, and costs a retry or a breaker nothing. Owned by whoever calls `start`; `stop` ends it at once.
 */
export class Probe {
  readonly #target: ProbeTarget;
  readonly #config: ProbeConfig;
  readonly #transport: Service;
  readonly #clock: Clock;
  readonly #told: (result: ProbeResult) => void;
  readonly #wanted: () => boolean;
  readonly #bug: (error: unknown) => void;
  readonly #headers: HeaderList;
  readonly #isGood: (reply: Reply, document: () => Promise<unknown>) => Promise<string>;
  #timer: NodeJS.Timeout | undefined;
  #running: Exchange | undefined;
  #stopped = true;
  #last: ProbeResult | undefined;

  /** `wanted` is asked before each probe: false leaves it out. `bug` hears of exceptions, which do not end the probing. */
  constructor(
    target: ProbeTarget,
    config: ProbeConfig,
    transport: Service,
    clock: Clock,
    told: (result: ProbeResult) => void,
    wanted: () => boolean = () => true,
    bug: (error: unknown) => void = rethrow,
  ) {
    this.#bug = bug;
    this.#target = target;
    this.#config = config;
    this.#transport = transport;
    this.#clock = clock;
    this.#told = told;
    this.#wanted = wanted;
    const own = Object.entries(config.headers ?? {}).flatMap(([name, value]) => [name.toLowerCase(), value]);
    this.#headers = ['user-agent', 'breakwater-probe', 'accept', '*/*', ...own];
    this.#isGood = judge(config);
  }

  /** The last result; undefined before the first, and while no probe is wanted: what one found before that says nothing of now. */
  get last(): ProbeResult | undefined {
    return this.#wanted() ? this.#last : undefined;
  }

  /** For how long a failed result holds where no other follows, in milliseconds: two intervals, and the time of a probe. */
  get leaseMs(): number {
    return 2 * (this.#config.every ?? EVERY_MS) + (this.#config.timeout ?? TIMEOUT_MS);
  }

  /** Begins, with a first probe at once if one is wanted. */
  start(): void {
    if (!this.#stopped) return;
    this.#stopped = false;
    void this.#loop();
  }

  /** Ends, and gives up a probe that is under way. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#running?.abort();
  }

  async #loop(): Promise<void> {
    try {
      if (this.#wanted()) await this.#ask();
      else this.#last = undefined;
    } catch (error) {
      this.#bug(error);
    }
    if (this.#stopped) return;
    const everyMs = this.#config.every ?? EVERY_MS;
    this.#timer = callAfter(everyMs * (1 - SPREAD + 2 * SPREAD * this.#clock.random()), () => void this.#loop())?.unref();
  }

  async #ask(): Promise<void> {
    const result = await this.#once();
    if (this.#stopped || result === undefined) return;
    this.#last = result;
    this.#told(result);
  }

  /** Undefined where the upstream was not asked: every connection to it was in use, say. */
  async #once(): Promise<ProbeResult | undefined> {
    const startedAt = this.#clock.now();
    const { upstream, scheme, authority } = this.#target;
    const { method = 'GET', path } = this.#config;
    const exchange = new Exchange({ id: 'probe', entry: 'prefix', method, scheme, authority, path, headers: this.#headers, startedAt });
    exchange.upstream = upstream;
    exchange.deadlineAt = startedAt + (this.#config.timeout ?? TIMEOUT_MS);
    this.#running = exchange;
    const outcome = await this.#transport(exchange);
    const latencyMs = this.#clock.now() - startedAt;
    const isVoid = outcome.type === 'failure' && !isUpstreamFault(outcome);
    const what = outcome.type === 'failure' ? outcome.code : await this.#look(outcome);
    discard(outcome);
    this.#running = undefined;
    if (isVoid) return undefined;
    return { ok: what === '', what, latencyMs, at: this.#clock.wallNow() };
  }

  #look(reply: Reply): Promise<string> {
    return this.#isGood(reply, async () => {
      const { bytes, complete } = await peek(reply.body, BODY_BYTES);
      return complete ? parseJson(bytes) : undefined;
    });
  }
}

function rethrow(error: unknown): never {
  throw error;
}

/** What is wrong with an answer; empty where it is as expected. */
function judge({ expect = {} }: ProbeConfig): (reply: Reply, document: () => Promise<unknown>) => Promise<string> {
  const header = expect.header?.toLowerCase();
  const find = expect.json === undefined ? undefined : parseJsonPath(expect.json);
  return async (reply, document) => {
    if (expect.status === undefined ? reply.status >= 500 : !expect.status.includes(reply.status)) return `status ${reply.status}`;
    if (header !== undefined && headerValue(reply.headers, header) === undefined) return `no header ${header}`;
    if (find !== undefined && find(await document()).length === 0) return `no ${expect.json ?? ''} in the body`;
    return '';
  };
}
