import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { once } from 'node:events';
import { type Answer, bytesAnswer, jsonAnswer } from './answer.ts';
import { deliver, deliverBroken, type Delivery, later } from './deliver.ts';
import { type Distribution, sample } from './distribution.ts';
import { Door } from './door.ts';
import { type Fault, hasEffect } from './faults.ts';
import { type Connection, Front } from './front.ts';
import type { Identity } from './identity.ts';
import { type Match, matcher } from './match.ts';
import { type FaultHandle, Plan, type Rule, type Strike } from './plan.ts';
import type { Random } from './random.ts';
import { Recorder, type SeenRequest } from './recorder.ts';
import { readRequest } from './read-request.ts';
import { relay } from './relay.ts';

/** What every simulator is made of. */
export interface SimulatorParts {
  readonly identity: Identity;
  readonly random: Random;
  /** 0: any free one. */
  readonly port: number;
  /** Round-trip time of the network in front; 0: none. */
  readonly rttMs: number;
}

/** What a simulated service does with a whole request: its effect and its right answer. */
export type Respond = (request: SeenRequest) => Answer | Promise<Answer>;

/** One simulated upstream: a TLS port that answers for its hosts, with knobs for everything that can go wrong, and a record of all that came. */
export class Simulator implements AsyncDisposable {
  readonly hosts: readonly string[];
  readonly #recorder = new Recorder();
  readonly #plan: Plan;
  readonly #random: Random;
  readonly #respond: Respond;
  readonly #front: Front;
  readonly #rttMs: number;
  #latencies: { matches: ReturnType<typeof matcher>; distribution: Distribution }[] = [];
  #door: Door | undefined;
  #inner: Server | undefined;

  constructor(hosts: readonly string[], parts: Omit<SimulatorParts, 'port'>, respond: Respond) {
    this.hosts = hosts;
    this.#respond = respond;
    this.#random = parts.random;
    this.#rttMs = parts.rttMs;
    this.#plan = new Plan(parts.random);
    this.#front = new Front(parts.identity, this.#recorder, {
      strike: () => this.#plan.forConnection(),
      request: (req, res, connection) => void this.#serve(req, res, connection),
    });
  }

  /** Opens the port. Called once, by `startSimulators`. */
  async start(port: number): Promise<void> {
    if (this.#rttMs === 0) {
      this.#door = await Door.open(port, false, (socket) => this.#front.accept(socket));
      return;
    }
    const inner = createServer({ noDelay: true }, (socket) => this.#front.accept(socket));
    inner.listen(0, '127.0.0.1');
    await once(inner, 'listening');
    this.#inner = inner;
    const { port: innerPort } = inner.address() as AddressInfo;
    this.#door = await Door.open(port, true, (socket) => relay(socket, innerPort, this.#rttMs));
  }

  get port(): number {
    return this.#opened.port;
  }

  /** What to dial in place of the hosts: `127.0.0.1:PORT`, as `resolve:` takes it. */
  get resolve(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Every request that reached it, in order. */
  get requests(): readonly SeenRequest[] {
    return this.#recorder.requests;
  }

  /** Connections accepted, handshakes done, and connections open now. */
  get connections(): { readonly accepted: number; readonly handshakes: number; readonly open: number } {
    const { connections: accepted, handshakes, open } = this.#recorder;
    return { accepted, handshakes, open };
  }

  /** How long an idle connection is kept (65 s). */
  set keepAliveMs(ms: number) {
    this.#front.keepAliveMs = ms;
  }

  /** Adds a fault. Without a rule it strikes always, everything. */
  fault(fault: Fault, rule: Rule = {}): FaultHandle {
    return this.#plan.add(fault, rule);
  }

  /** Takes all faults away. */
  heal(): void {
    this.#plan.clear();
  }

  /** How long answers take; of several that match, the one added last holds. */
  latency(distribution: Distribution, on: Match = {}): void {
    this.#latencies.unshift({ matches: matcher(on), distribution });
  }

  /**
   * Refuses connections until disposed. Those that are open are reset, as when a process dies; with `drain` they end once their answer is
   * out, as in a restart with manners; with `keep` they stay.
   */
  async refuse(open: 'reset' | 'drain' | 'keep' = 'reset'): Promise<AsyncDisposable> {
    await this.#opened.refuse();
    if (open === 'reset') this.#opened.cut();
    if (open === 'drain') this.#front.drain();
    return { [Symbol.asyncDispose]: () => this.#opened.reopen() };
  }

  /** Lets connection attempts hang (SYN unanswered) until disposed; those that are open are reset, or stay with `keep`. */
  async blackhole(open: 'reset' | 'keep' = 'reset'): Promise<AsyncDisposable> {
    if (open === 'reset') this.#opened.cut();
    await this.#opened.swallow();
    return { [Symbol.asyncDispose]: () => this.#opened.reopen() };
  }

  /** Resets every open connection. */
  cut(): void {
    this.#opened.cut();
  }

  /** Forgets the requests and counts so far. */
  forget(): void {
    this.#recorder.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#door?.[Symbol.asyncDispose]();
    this.#inner?.close();
    this.#front.close();
  }

  get #opened(): Door {
    if (this.#door === undefined) throw new Error('the simulator was not started');
    return this.#door;
  }

  async #serve(req: IncomingMessage, res: ServerResponse, connection: Connection): Promise<void> {
    const { head, body } = readRequest(req);
    const seen = this.#recorder.add(head, { connection: connection.number, url: req.url ?? '/' });
    const early = this.#plan.forRequest(seen, 'head');
    if (early !== undefined) {
      seen.fault = early.fault.kind;
      if (early.fault.kind === 'reset-at-head') connection.raw.resetAndDestroy();
      return;
    }
    const bytes = await body();
    if (bytes === undefined) return;
    seen.body = bytes;
    seen.complete = true;
    const strike = this.#plan.forRequest(seen, 'complete');
    seen.fault = strike?.fault.kind;
    const answer = await this.#answer(seen, strike);
    later(res, this.#delay(seen, strike), () => this.#send(answer, seen, strike, { res, raw: connection.raw, headOnly: seen.method === 'HEAD' }));
  }

  /** The effect, and the answer that follows from it. */
  async #answer(seen: SeenRequest, strike: Strike | undefined): Promise<Answer> {
    seen.effect = strike === undefined || (strike.effect ?? hasEffect(strike.fault));
    const right = seen.effect ? await this.#respond(seen) : jsonAnswer(200, {});
    const fault = strike?.fault;
    if (fault?.kind === 'status') return statusAnswer(fault.status, fault.body, fault.headers);
    if (fault?.kind === 'answer') return typeof fault.answer === 'function' ? fault.answer(seen) : fault.answer;
    return right;
  }

  #delay(seen: SeenRequest, strike: Strike | undefined): number {
    const own = this.#latencies.find(({ matches }) => matches(seen))?.distribution;
    const base = own === undefined ? 0 : sample(own, this.#random);
    return strike?.fault.kind === 'slow' ? base + sample(strike.fault.latency, this.#random) : base;
  }

  #send(answer: Answer, seen: SeenRequest, strike: Strike | undefined, to: Delivery): void {
    const fault = strike?.fault;
    const { res } = to;
    res.once('finish', () => {
      seen.answered = true;
    });
    if (fault?.kind === 'reset-at-head' || fault?.kind === 'stall-reading') return;
    if (fault !== undefined && fault.kind !== 'status' && fault.kind !== 'answer' && fault.kind !== 'slow') {
      deliverBroken(answer, fault, to);
      if (res.headersSent) seen.status = answer.status;
      return;
    }
    // Said before the bytes go, so that whoever has the answer finds it recorded.
    seen.status = answer.status;
    seen.answered = answer.pieces === undefined;
    deliver(answer, to);
  }
}

function statusAnswer(status: number, body: string | object = '', headers: Record<string, string> = {}): Answer {
  if (typeof body !== 'string') return jsonAnswer(status, body, headers);
  return bytesAnswer(status, Buffer.from(body), { 'content-type': body.startsWith('<') ? 'text/html; charset=UTF-8' : 'text/plain', ...headers });
}
