import type { ClientRequest, IncomingMessage, InformationEvent } from 'node:http';
import type { Socket } from 'node:net';
import type { Exchange } from '../model/exchange.ts';
import { clientClosed, type Failure, type Phase, STATUS_OF } from '../model/failure.ts';
import { endToEnd } from '../model/headers.ts';
import { request as httpRequest } from '../model/node-http.ts';
import { callAfter, LONGEST_MS } from '../model/timer.ts';
import type { Dialing, Target } from '../route/gateway.ts';
import { dial } from '../upstream/dial.ts';
import { failureOf, PhaseTimeout } from '../upstream/failures.ts';
import { interimBytes, interimFields, objectionTo } from '../upstream/interim.ts';
import { type AttemptLimits, nextLimit } from '../upstream/limits.ts';
import type { ClientConnection } from './connection.ts';
import type { Connections, OpenConnection } from './connections.ts';
import type { ListenContext } from './context.ts';
import { headText, identified } from './head-text.ts';
import { ledThrough } from './locations.ts';
import { closeWithRefusal, FAULT, linger, refusalFor } from './refusal.ts';
import { objectionToSwitch, switchedFields } from './switched.ts';
import { Tunnel } from './tunnel.ts';

/** How large the head of an answer may be, in bytes: as large as those of other requests. */
const MAX_HEAD_BYTES = 128 * 1024;

/** One request to change the protocol (RFC 9110 section 7.8), and the client that made it. */
export interface UpgradeParts {
  readonly exchange: Exchange;
  /** The protocol that is asked for, as the client wrote it. */
  readonly protocol: string;
  readonly client: Socket;
  /** What HTTP was spoken on until now: it knows how to break off, inside TLS too. */
  readonly connection: ClientConnection;
  /** What the client has sent after its request. */
  readonly head: Buffer;
  readonly dialing: Dialing;
  /** Whose answer it is: failures are answered for as its routes do. */
  readonly target: Target;
  readonly limits: AttemptLimits;
}

/**
 * Carries an upgrade to the upstream over a connection of its own, dialled as its pools dial (`resolve:`, roots, phases), and joins the two sockets when the upstream
 * agrees; else passes its answer on. Never repeated. Node's client parses the answer; http-proxy-3 was not used because it dials by itself and cannot tell the phase of a failure.
 */
export class Upgrade implements OpenConnection {
  readonly #parts: UpgradeParts;
  readonly #context: ListenContext;
  readonly #connections: Connections<OpenConnection>;
  readonly #startedAt: number;
  #upstream: Socket | undefined;
  /** The proxy that the connection is made through. */
  #parent: string | undefined;
  #request: ClientRequest | undefined;
  /** The answer that is passed on, where the upstream did not agree. */
  #answer: IncomingMessage | undefined;
  /** What ended it before its time. */
  #broken = new Error('the answer broke off');
  #timer: NodeJS.Timeout | undefined;
  #phase: Phase = 'dns';
  #connectedAt = 0;
  #interimBytes = 0;
  #over = false;

  constructor(parts: UpgradeParts, context: ListenContext, connections: Connections<OpenConnection>) {
    this.#parts = parts;
    this.#context = context;
    this.#connections = connections;
    this.#startedAt = context.clock.now();
  }

  /** Begins to dial. Never throws: a bug is told to the observer and ends this exchange alone. */
  begin(): void {
    this.#parts.client.once('end', this.#left);
    this.#dial();
  }

  readonly #dial = this.#guard((): void => {
    const { exchange, dialing } = this.#parts;
    exchange.attempt = 1;
    const settings = dialing.dialFor(exchange.authority, exchange.scheme);
    this.#parent = settings.parent?.name;
    const http1 = settings.tls === undefined ? settings : { ...settings, tls: { ...settings.tls, alpn: ['http/1.1'] } };
    const watcher = { entered: (phase: Phase) => this.#enter(phase) };
    this.#upstream = dial(http1, dialing.resolver, { session: undefined }, watcher, undefined, this.#dialled);
  });

  readonly #dialled = this.#guard((error: Error | null, socket: Socket | null): void => {
    if (socket === null) this.#fail(error ?? new Error('no connection'));
    else if (this.#over) socket.destroy();
    else this.#send((this.#upstream = socket));
  });

  close(): void {
    this.destroy();
  }

  destroy(): void {
    this.#parts.client.destroy();
    this.#upstream?.destroy();
  }

  gone(): void {
    this.#upstream?.destroy();
    this.#parts.exchange.abort();
    if (this.#over) return;
    this.#parts.exchange.failure ??= clientClosed(this.#phase);
    this.#end(STATUS_OF.client_closed);
  }

  /** The socket may be open by half: that the client has said its last word must not go unheard. */
  readonly #left = (): void => {
    this.#parts.client.destroy();
  };

  #unwatch(): void {
    clearTimeout(this.#timer);
    this.#parts.client.off('end', this.#left);
  }

  #send(socket: Socket): void {
    const { exchange, protocol } = this.#parts;
    this.#connectedAt = this.#context.clock.now();
    this.#enter('headers');
    const headers = ['host', exchange.authority, 'connection', 'Upgrade', 'upgrade', protocol, ...exchange.headers];
    const { method, path } = exchange;
    const asked = httpRequest({ createConnection: () => socket, method, path, headers, setHost: false, maxHeaderSize: MAX_HEAD_BYTES });
    this.#request = asked;
    asked.on('information', this.#inform);
    asked.once('upgrade', this.#join);
    asked.once('response', this.#passOn);
    asked.on('error', this.#fail);
    asked.end();
  }

  /** Passes on what the upstream says before it answers (RFC 9110 section 15.2). 100 is for who sends content, and there is none. */
  readonly #inform = this.#guard(({ statusCode, rawHeaders }: InformationEvent): void => {
    if (this.#over || statusCode === 100) return;
    this.#interimBytes += interimBytes(rawHeaders);
    const objection = objectionTo(statusCode, this.#interimBytes);
    if (objection !== undefined) this.#fail(objection);
    else this.#parts.client.write(headText(statusCode, interimFields(rawHeaders)), 'latin1');
  });

  readonly #join = this.#guard((answer: IncomingMessage, upstream: Socket, head: Buffer): void => {
    if (this.#over) return void upstream.destroy();
    const { exchange, client, limits, protocol } = this.#parts;
    const objection = objectionToSwitch(protocol, answer.headers.upgrade);
    if (objection !== undefined) {
      upstream.destroy();
      return this.#fail(objection);
    }
    this.#unwatch();
    this.#record(101, undefined);
    exchange.source = 'upstream';
    const tunnel = new Tunnel(client, upstream, false, (fromUpstream) => {
      exchange.bytesIn = exchange.bytesOut = fromUpstream;
      this.#end(101);
    });
    client.write(headText(101, identified(switchedFields(answer.rawHeaders), exchange.id)), 'latin1');
    this.#connections.become(client, tunnel);
    tunnel.bound(limits.idleMs, () => {
      exchange.failure = failureOf(new PhaseTimeout('body', 'idle', limits.idleMs), 'body', 'head');
    });
    tunnel.join(this.#parts.head, head);
  });

  /** The upstream does not change the protocol: its answer goes to the client as it is, and closes the connection. */
  readonly #passOn = this.#guard((answer: IncomingMessage): void => {
    if (this.#over) return void answer.destroy();
    const { exchange, client, protocol, target } = this.#parts;
    const status = answer.statusCode ?? 502;
    // Node takes a switch that names no protocol for any other answer
    const objection = status === 101 ? objectionToSwitch(protocol, undefined) : objectionTo(status, 0);
    if (objection !== undefined) return this.#fail(objection);
    this.#unwatch();
    this.#answer = answer;
    this.#record(status, undefined);
    exchange.source = 'upstream';
    const fields = ledThrough(endToEnd(answer.rawHeaders), exchange, target);
    client.write(headText(status, identified([...fields, 'connection', 'close'], exchange.id)), 'latin1');
    answer.on('data', (chunk: Buffer) => {
      exchange.bytesOut += chunk.length;
      exchange.bytesIn += chunk.length;
    });
    answer.once('end', () => {
      // what ends with its connection is cut where that is reset, whatever Node makes of it
      if (this.#wasReset) return void answer.destroy();
      this.#end(status);
      client.end();
      linger(client);
    });
    const { idleMs } = this.#parts.limits;
    if (idleMs !== Infinity) this.#upstream?.setTimeout(Math.min(LONGEST_MS, idleMs), () => this.#fail(new PhaseTimeout('body', 'idle', idleMs)));
    answer.once('close', this.#answerClosed);
    answer.pipe(client, { end: false });
  });

  readonly #answerClosed = this.#guard((): void => {
    if (this.#over || (this.#answer?.complete === true && !this.#wasReset)) return;
    const { exchange, connection } = this.#parts;
    exchange.failure = failureOf(this.#broken, 'body', 'head');
    this.#end(this.#answer?.statusCode ?? 502);
    // its end is told by the connection's alone
    connection.breakOff(true);
  });

  #enter(phase: Phase): void {
    this.#phase = phase;
    clearTimeout(this.#timer);
    const now = this.#context.clock.now();
    const limit = nextLimit(this.#parts.limits, this.#parts.exchange, { phase, phaseAt: now, startedAt: this.#startedAt, held: false });
    this.#timer = callAfter(limit.at - now, () => this.#fail(new PhaseTimeout(phase, limit.name, limit.afterMs, false, this.#parent)));
  }

  readonly #fail = this.#guard((error: Error): void => {
    if (this.#over) return;
    if (this.#answer !== undefined) return this.#cut(this.#answer, error);
    const { exchange, client } = this.#parts;
    this.#unwatch();
    const failure = failureOf(error, this.#phase, this.#phase === 'headers' ? 'request' : 'nothing');
    exchange.failure = failure;
    this.#record(undefined, failure);
    const refused = refusalFor(this.#parts.target, exchange, failure, 'malformed');
    this.#end(refused.status);
    this.#request?.destroy();
    this.#upstream?.destroy();
    closeWithRefusal(client, refused, exchange.id);
  });

  /** What has begun cannot be answered anew: it is cut, unless it is all here and only has to be taken by the client. */
  #cut(answer: IncomingMessage, error: Error): void {
    if (answer.complete && !this.#wasReset) return;
    this.#broken = error;
    answer.destroy();
  }

  /** An answer with a length, or in chunks, is all here or not whatever becomes of its connection. */
  get #wasReset(): boolean {
    const { headers = {} } = this.#answer ?? {};
    const framed = headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
    return !framed && this.#upstream?.errored != null;
  }

  /** A step that a socket or a timer takes: what goes wrong there is no matter of any other exchange. */
  #guard<Args extends unknown[]>(step: (...args: Args) => void): (...args: Args) => void {
    return (...args) => {
      try {
        step(...args);
      } catch (error) {
        this.#bug(error);
      }
    };
  }

  #bug(error: unknown): void {
    this.#context.observer.internalError(error);
    this.#unwatch();
    this.#request?.destroy();
    this.#upstream?.destroy();
    const answered = this.#over || this.#answer !== undefined;
    this.#end(FAULT.status);
    if (answered) this.destroy();
    else closeWithRefusal(this.#parts.client, FAULT, this.#parts.exchange.id);
  }

  #record(status: number | undefined, failure: Failure | undefined): void {
    const { exchange } = this.#parts;
    const now = this.#context.clock.now();
    const connectMs = (this.#connectedAt === 0 ? now : this.#connectedAt) - this.#startedAt;
    const firstByteMs = status === undefined ? 0 : now - this.#connectedAt;
    const record = { number: 1, status, failure, elapsedMs: now - this.#startedAt, connectMs, firstByteMs, reused: false };
    exchange.attempts = [record];
    this.#context.observer.attemptEnded(exchange, record);
  }

  #end(status: number): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    const { exchange } = this.#parts;
    exchange.status = status;
    this.#context.observer.exchangeEnded(exchange, this.#context.clock.now() - exchange.startedAt);
  }
}
