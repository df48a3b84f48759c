import type { IncomingMessage, ServerResponse } from 'node:http';
import { BytesBody, TextBody } from '../model/body.ts';
import type { Exchange, InterimTaker } from '../model/exchange.ts';
import { clientClosed, type Failure, STATUS_OF } from '../model/failure.ts';
import { type HeaderList, headerValue } from '../model/headers.ts';
import { discard, type Outcome, type Reply, reply } from '../model/outcome.ts';
import type { Target } from '../route/gateway.ts';
import type { ReadyAnswer } from './answer-batch.ts';
import { AnswerBody } from './answer-body.ts';
import { endWith } from './answer-bytes.ts';
import { tellsLength, writeAnswerHead } from './answer-head.ts';
import type { ClientConnection } from './connection.ts';
import type { ListenContext } from './context.ts';
import { writeInterim } from './interim.ts';
import { ledThrough } from './locations.ts';
import { answerRefusal, FAULT, type Refusal, refusal } from './refusal.ts';
import { STALL_MS, tookNothing, watchTaking } from './unread.ts';

/** The part of a turn that writes its answer, whatever that is, and tells the end. */
export abstract class AnsweringTurn implements InterimTaker, ReadyAnswer {
  /** The answer that this turn writes to. */
  readonly response: ServerResponse;
  protected readonly connection: ClientConnection;
  protected readonly request: IncomingMessage;
  protected readonly context: ListenContext;
  /** The client waits to be told to send the content. */
  protected readonly expectsContinue: boolean;
  protected id = '';
  protected exchange: Exchange | undefined;
  /** Why it was given up, where the client did not leave. */
  protected failure: Failure | undefined;
  /** Whose answer is awaited. */
  protected target: Target | undefined;
  #reply: Reply | undefined;
  #body: AnswerBody | undefined;
  /** The body of an answer that is ready to be sent. */
  #whole: Uint8Array | string = '';
  #handed = false;
  #overAt: number | undefined;
  #told = false;

  constructor(connection: ClientConnection, request: IncomingMessage, response: ServerResponse, context: ListenContext, expectsContinue: boolean) {
    this.connection = connection;
    this.request = request;
    this.response = response;
    this.context = context;
    this.expectsContinue = expectsContinue;
  }

  /** True while content of the request has yet to come. */
  protected abstract get sends(): boolean;
  /** What of the request has not been read is read away. */
  protected abstract discardRest(): void;

  /** True once the turn is over: answered, refused, or its client gone. */
  protected get over(): boolean {
    return this.#overAt !== undefined;
  }

  /** It is, as of now, unless it was before. */
  protected end(): void {
    this.#overAt ??= this.context.clock.now();
  }

  /** The upstream says something before it answers: to a client that still waits. */
  informed(status: number, headers: HeaderList): void {
    if (!this.over && this.#reply === undefined) writeInterim(this.response, status, headers);
  }

  /** Writes what became of the exchange; nothing where the client has gone meanwhile. */
  protected answer(exchange: Exchange, outcome: Outcome): void {
    if (this.over) {
      discard(outcome);
      return this.#tellEnd(exchange);
    }
    if (outcome.type === 'failure' && outcome.reply === undefined) return this.#answerFailure(exchange, outcome);
    const made = outcome.type === 'reply' ? outcome : outcome.reply;
    if (made === undefined) return;
    const reply = this.#led(exchange, made);
    this.#reply = reply;
    exchange.status = reply.status;
    exchange.source = reply.source;
    this.#write(exchange, reply);
  }

  /** The reply as the client can follow it. What the proxy says by itself is written for the client. */
  #led(exchange: Exchange, reply: Reply): Reply {
    if (reply.source === 'proxy' || this.target === undefined) return reply;
    const headers = ledThrough(reply.headers, exchange, this.target);
    return headers === reply.headers ? reply : { ...reply, headers, memo: undefined };
  }

  #write(exchange: Exchange, reply: Reply): void {
    const { status, source, body } = reply;
    const whole = body instanceof TextBody ? body.text : body.whole();
    const bodyless = exchange.method === 'HEAD' || status === 204 || status === 304;
    const length = bodyless ? undefined : whole?.length;
    // what is not from the upstream or the store is no answer of the cache's (RFC 9211 section 2)
    const cacheStatus = source === 'proxy' ? '' : exchange.cacheStatus;
    const isHttp10 = this.request.httpVersionMinor === 0;
    const close = this.context.draining() || (isHttp10 && length === undefined && !tellsLength(reply));
    const plain = !bodyless && !this.expectsContinue && !isHttp10;
    writeAnswerHead(this.response, reply, { length, close, id: this.id, cacheStatus, plain });
    if (whole === undefined) {
      this.#body = new AnswerBody(
        this.response,
        exchange,
        body,
        { bodyless, length: headerValue(reply.headers, 'content-length'), stallMs: this.context.limits.stallMs, passed: this.context.passed },
        (failure) => this.#bodyEnded(exchange, failure),
      );
      this.#body.begin();
      return;
    }
    if (bodyless) {
      this.response.end();
      return this.#finish();
    }
    exchange.bytesOut = whole.length;
    this.context.passed(whole.length);
    this.#whole = whole;
    // while the client still sends, all that comes of it would find an answer that was not given yet
    if (!this.sends) return this.context.batch.add(this, this.connection);
    this.send();
    this.sent();
  }

  /** Hands the answer that is ready to the kernel, unless the client has ended its side meanwhile: then its connection closes, and the turn ends with that. */
  send(): void {
    if (!this.connection.socket.writable) return;
    this.#handed = true;
    endWith(this.response, this.#whole);
  }

  /** It has been: the turn is over. */
  sent(): void {
    if (this.#handed) this.#finish();
  }

  #bodyEnded(exchange: Exchange, failure: Failure | undefined): void {
    if (failure === undefined) return this.#finish();
    this.end();
    exchange.failure ??= failure;
    this.#tellEnd(exchange);
    // who has read nothing for so long is not waited for once more
    if (failure.code === 'client_closed') return this.connection.destroy();
    // without a length or chunks only a reset tells the client that the end is not the end
    this.connection.breakOff(this.request.httpVersionMinor === 0);
  }

  #answerFailure(exchange: Exchange, failed: Failure): void {
    exchange.failure = failed;
    exchange.status = STATUS_OF[failed.code];
    answerRefusal(
      this.response,
      refusal(exchange.status, 'malformed', failed.detail, { error: failed.code, code: failed.code }),
      this.id,
      this.context.draining(),
    );
    this.#finish();
  }

  /** Answers a request that goes nowhere. `close`: what follows on the connection cannot be read. */
  protected refuse(refused: Refusal, close: boolean): void {
    this.end();
    if (close) {
      this.connection.refuse(refused, this.id);
      return;
    }
    this.context.observer.rejected(refused.reason, refused.status, refused.detail);
    answerRefusal(this.response, refused, this.id, this.context.draining());
    this.connection.turnEnded(this);
  }

  /** Answers a request that is for this server itself: no exchange, since it has no upstream. */
  protected confirm(): void {
    this.end();
    const framing = { length: undefined, close: this.context.draining(), id: this.id, cacheStatus: '', plain: false };
    writeAnswerHead(this.response, reply(204, [], 'proxy', new BytesBody()), framing);
    this.response.end();
    this.connection.turnEnded(this);
  }

  /** The client has gone, or is given up, while its exchange was served. `status`: what would have been answered. */
  protected abandon(exchange: Exchange, status: number): void {
    const unanswered = this.#reply === undefined;
    exchange.failure ??= clientClosed(unanswered ? 'headers' : 'body');
    if (unanswered) exchange.status = status;
    exchange.abort();
    // while it waits for its outcome, the end is told when that has settled: only then is it known what became of the attempts
    if (unanswered) return;
    this.#body?.abort();
    this.#tellEnd(exchange);
  }

  /** All is written. What the kernel has not taken of a large answer is the client's to read: its turn goes on until it has. */
  #finish(): void {
    if (this.sends) this.#hearOut();
    const { socket } = this.connection;
    if (socket.writableNeedDrain && socket.writableLength > 0) this.#awaitTaken();
    else this.#close();
  }

  /** What the client still sends is read away behind its answer: closing now would reset it, and the answer would be lost. */
  #hearOut(): void {
    this.discardRest();
    if (!this.response.shouldKeepAlive) this.connection.closeBehind(this.response, this.request);
  }

  /** Waits for as long as the client takes something of it. */
  #awaitTaken(): void {
    const { stallMs = STALL_MS } = this.context.limits;
    this.#body = undefined;
    const stop = watchTaking(this.connection.raw, stallMs, () => {
      if (this.exchange !== undefined) this.exchange.failure ??= tookNothing(stallMs);
      this.connection.destroy();
    });
    this.response.once('finish', () => this.#close());
    this.response.once('close', stop);
  }

  #close(): void {
    if (this.over) return;
    this.end();
    if (this.exchange !== undefined) this.#tellEnd(this.exchange);
    this.connection.turnEnded(this);
  }

  #tellEnd(exchange: Exchange): void {
    if (this.#told) return;
    this.#told = true;
    // what its layers made of the end of the request is that it ended
    exchange.failure = this.failure ?? exchange.failure;
    this.context.observer.exchangeEnded(exchange, (this.#overAt ?? this.context.clock.now()) - exchange.startedAt);
  }

  /** Something here went wrong that never should: it is told, and the client gets 500 where it still can. */
  bug(error: unknown): void {
    this.context.observer.internalError(error);
    const exchange = this.exchange;
    const wasOver = this.over;
    this.end();
    if (exchange !== undefined) {
      exchange.status = 500;
      if (this.#body === undefined) this.#reply?.body.abort();
      else this.#body.abort();
      this.#tellEnd(exchange);
    }
    if (wasOver) return;
    if (this.response.headersSent) return this.connection.breakOff(true);
    answerRefusal(this.response, FAULT, this.id, true);
    if (this.sends) this.#hearOut();
    this.connection.turnEnded(this);
  }
}
