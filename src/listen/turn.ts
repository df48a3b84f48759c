import type { IncomingMessage, ServerResponse } from 'node:http';
import { BytesBody } from '../model/body.ts';
import { Exchange, type InterimTaker } from '../model/exchange.ts';
import { clientClosed, type Failure, STATUS_OF } from '../model/failure.ts';
import type { HeaderList } from '../model/headers.ts';
import { discard, type Outcome, reply, type Reply } from '../model/outcome.ts';
import type { RequestBody } from '../model/request-body.ts';
import type { Target } from '../route/gateway.ts';
import { AnswerBody } from './answer-body.ts';
import { endWith } from './answer-bytes.ts';
import { writeAnswerHead } from './answer-head.ts';
import type { ClientConnection } from './connection.ts';
import type { ListenContext } from './context.ts';
import { type Destination, destinationOf } from './destination.ts';
import { writeInterim } from './interim.ts';
import { endsHere } from './last-hop.ts';
import { answerRefusal, type Refusal, refusal } from './refusal.ts';
import type { RequestHead } from './request-head.ts';
import { RequestReader, tooLarge } from './request-reader.ts';

/** One request on a connection and its answer: reads the one, has it served, writes the other. */
export class Turn implements InterimTaker {
  readonly #connection: ClientConnection;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #context: ListenContext;
  readonly #expectsContinue: boolean;

  #id = '';
  #exchange: Exchange | undefined;
  #reader: RequestReader | undefined;
  #readEnded: ((body: RequestBody | undefined) => void) | undefined;
  #reply: Reply | undefined;
  #body: AnswerBody | undefined;
  /** Set when the turn is over: answered, refused, or its client gone. */
  #overAt: number | undefined;
  #told = false;

  constructor(connection: ClientConnection, request: IncomingMessage, response: ServerResponse, context: ListenContext, expectsContinue: boolean) {
    this.#connection = connection;
    this.#request = request;
    this.#response = response;
    this.#context = context;
    this.#expectsContinue = expectsContinue;
  }

  /** The answer that this turn writes to. */
  get response(): ServerResponse {
    return this.#response;
  }

  /** Serves the request. Never rejects: a bug is told to the observer and answered with 500. */
  run(): void {
    try {
      const startedAt = this.#context.clock.now();
      const head = this.#context.heads.read(this.#request.rawHeaders, this.#request.httpVersion);
      if (head.type === 'refusal') return this.#refuse(head, true);
      this.#id = head.id ?? this.#context.ids.next();
      const destination = this.#destination(head);
      const hasBody = head.chunked || (head.length ?? 0) > 0;
      // a connection that cannot be read on is closed: the content is not wanted any more
      if (destination.type === 'refusal') return this.#refuse(destination, destination.status === 400 || hasBody);
      if (endsHere(this.#request.method ?? '', destination.path, head.headers)) return this.#endHere(head, destination, startedAt);
      if ((head.length ?? 0) > this.#context.limits.bodyBytes) return this.#refuse(tooLarge(this.#context.limits.bodyBytes), true);
      if (hasBody) void this.#readAndServe(head, destination, startedAt);
      else this.#serve(this.#open(head, destination, startedAt), destination.target);
    } catch (error) {
      this.#bug(error);
    }
  }

  /** The upstream says something before it answers: to a client that still waits. */
  informed(status: number, headers: HeaderList): void {
    if (this.#overAt === undefined && this.#reply === undefined) writeInterim(this.#response, status, headers);
  }

  /** The client has gone, or cannot be understood any more. */
  leave(): void {
    if (this.#overAt !== undefined) return;
    this.#overAt = this.#context.clock.now();
    this.#reader?.stop(new Error('the client closed its connection'));
    const exchange = this.#exchange;
    if (exchange === undefined) {
      this.#context.observer.rejected('body_incomplete', 400, 'the client left before its request was complete');
      this.#readEnded?.(undefined);
      return;
    }
    exchange.failure ??= clientClosed(this.#reply === undefined ? 'headers' : 'body');
    if (this.#reply === undefined) exchange.status = STATUS_OF.client_closed;
    exchange.abort();
    // while it waits for its outcome, the end is told when that has settled: only then is it known what became of the attempts
    if (this.#reply === undefined) return;
    this.#body?.abort();
    this.#tellEnd(exchange);
  }

  /** What follows on the connection is not HTTP, or the request was not sent in time. True where the turn can still end as if nothing were. */
  canOutlive(): boolean {
    return this.#exchange !== undefined && this.#request.complete;
  }

  /** Gives up because of what the client did: nothing more is written. True if the head of the answer has not been sent yet. */
  giveUp(refused: Refusal): boolean {
    const unsent = !this.#response.headersSent;
    if (this.#exchange === undefined) {
      this.#overAt ??= this.#context.clock.now();
      this.#reader?.stop(new Error('the request is malformed'));
      this.#readEnded?.(undefined);
    } else {
      this.leave();
      if (this.#reply === undefined) this.#exchange.status = refused.status;
    }
    return unsent;
  }

  // Parts

  async #readAndServe(head: RequestHead, destination: Destination, startedAt: number): Promise<void> {
    try {
      const body = await this.#read(head, destination);
      if (this.#overAt !== undefined) return;
      const exchange = this.#open(head, destination, startedAt);
      if (body !== undefined) exchange.body = body;
      this.#serve(exchange, destination.target);
    } catch (error) {
      this.#bug(error);
    }
  }

  /** Answers at once where the outcome is known at once: a hit waits for no turn of the microtasks. */
  #serve(exchange: Exchange, target: Target): void {
    const outcome = target.serve(exchange);
    if (!(outcome instanceof Promise)) return this.#answer(exchange, outcome);
    outcome.then((late) => this.#answer(exchange, late)).catch((error: unknown) => this.#bug(error));
  }

  #destination(head: RequestHead): Destination | Refusal {
    const { door } = this.#connection;
    return destinationOf(
      { door, method: this.#request.method ?? '', url: this.#request.url ?? '', host: head.host, isOwn: this.#context.isOwn },
      this.#context.gateway(),
    );
  }

  /** The request goes no further: OPTIONS finds us here, TRACE hears nothing of what it said, which may be secret. */
  #endHere(head: RequestHead, destination: Destination, startedAt: number): void {
    if (this.#request.method === 'TRACE') return this.#refuse(refusal(501, 'malformed', 'TRACE is not answered here, only passed on'), true);
    this.#answer(this.#open(head, destination, startedAt), reply(204, [], 'proxy', new BytesBody()));
    this.#request.resume();
  }

  #read(head: RequestHead, { target }: Destination): Promise<RequestBody | undefined> {
    return new Promise((resolve) => {
      this.#readEnded = resolve;
      const { bodyBytes } = this.#context.limits;
      const got = (result: RequestBody | Refusal): void => {
        if ('kind' in result) return resolve(result);
        this.#refuse(result, true);
        resolve(undefined);
      };
      const limits = { bufferBytes: Math.min(target.bufferLimit, bodyBytes), bodyBytes };
      this.#reader = new RequestReader(this.#request, limits, got, (refused) => this.#connection.refuse(refused));
      if (this.#expectsContinue) this.#response.writeContinue();
      this.#reader.begin(head);
    });
  }

  #open(head: RequestHead, destination: Destination, startedAt: number): Exchange {
    const { entry, scheme, authority, path, target } = destination;
    const exchange = new Exchange({
      id: this.#id,
      entry,
      method: this.#request.method ?? '',
      scheme,
      authority,
      path,
      headers: head.headers,
      startedAt,
    });
    exchange.upstream = target.name;
    // RFC 9110 section 15.2: never to HTTP/1.0
    if (this.#request.httpVersionMinor !== 0) exchange.interim = this;
    this.#exchange = exchange;
    return exchange;
  }

  #answer(exchange: Exchange, outcome: Outcome): void {
    if (this.#overAt !== undefined) {
      discard(outcome);
      return this.#tellEnd(exchange);
    }
    if (outcome.type === 'failure' && outcome.reply === undefined) return this.#answerFailure(exchange, outcome);
    const reply = outcome.type === 'reply' ? outcome : outcome.reply;
    if (reply === undefined) return;
    this.#reply = reply;
    exchange.status = reply.status;
    exchange.source = reply.source;
    this.#write(exchange, reply);
  }

  #write(exchange: Exchange, { status, headers, source, body }: Reply): void {
    const bytes = body.whole();
    const bodyless = exchange.method === 'HEAD' || status === 204 || status === 304;
    const length = bodyless ? undefined : bytes?.length;
    // what is not from the upstream or the store is no answer of the cache's (RFC 9211 section 2)
    const cacheStatus = source === 'proxy' ? '' : exchange.cacheStatus;
    writeAnswerHead(this.#response, status, headers, { length, close: this.#context.draining(), id: this.#id, cacheStatus });
    if (bytes === undefined) {
      this.#body = new AnswerBody(this.#response, exchange, body, bodyless, this.#context.limits.stallMs, (failure) =>
        this.#bodyEnded(exchange, failure),
      );
      this.#body.begin();
      return;
    }
    if (bodyless) {
      this.#response.end();
    } else {
      exchange.bytesOut = bytes.length;
      endWith(this.#response, bytes);
    }
    this.#finish();
  }

  #bodyEnded(exchange: Exchange, failure: Failure | undefined): void {
    if (failure === undefined) return this.#finish();
    this.#overAt = this.#context.clock.now();
    exchange.failure ??= failure;
    this.#tellEnd(exchange);
    // without a length or chunks only a reset tells the client that the end is not the end
    this.#connection.breakOff(this.#request.httpVersionMinor === 0);
  }

  #answerFailure(exchange: Exchange, failed: Failure): void {
    exchange.failure = failed;
    exchange.status = STATUS_OF[failed.code];
    answerRefusal(
      this.#response,
      refusal(exchange.status, 'malformed', failed.detail, { error: failed.code, code: failed.code }),
      this.#id,
      this.#context.draining(),
    );
    this.#finish();
  }

  #refuse(refused: Refusal, close: boolean): void {
    this.#overAt = this.#context.clock.now();
    if (close) {
      this.#connection.refuse(refused, this.#id);
      return;
    }
    this.#context.observer.rejected(refused.reason, refused.status, refused.detail);
    answerRefusal(this.#response, refused, this.#id, this.#context.draining());
    this.#connection.turnEnded(this);
  }

  #finish(): void {
    this.#overAt = this.#context.clock.now();
    if (this.#exchange !== undefined) this.#tellEnd(this.#exchange);
    // closing now would reset a client that still sends, and its answer would be lost
    if (!this.#request.complete) this.#reader?.discard();
    this.#connection.turnEnded(this);
  }

  #tellEnd(exchange: Exchange): void {
    if (this.#told) return;
    this.#told = true;
    this.#context.observer.exchangeEnded(exchange, (this.#overAt ?? this.#context.clock.now()) - exchange.startedAt);
  }

  #bug(error: unknown): void {
    this.#context.observer.internalError(error);
    const exchange = this.#exchange;
    const isOver = this.#overAt !== undefined;
    this.#overAt ??= this.#context.clock.now();
    if (exchange !== undefined) {
      exchange.status = 500;
      if (this.#body === undefined) this.#reply?.body.abort();
      else this.#body.abort();
      this.#tellEnd(exchange);
    }
    if (isOver) return;
    if (this.#response.headersSent) return this.#connection.breakOff(true);
    const refused = refusal(500, 'malformed', 'the proxy has a fault: its log says which', {
      error: 'proxy_internal_error',
      code: 'proxy_internal_error',
    });
    answerRefusal(this.#response, refused, this.#id, true);
    this.#connection.turnEnded(this);
  }
}
