import { BytesBody } from '../model/body.ts';
import { Exchange } from '../model/exchange.ts';
import { failure, STATUS_OF } from '../model/failure.ts';
import { reply } from '../model/outcome.ts';
import type { RequestBody } from '../model/request-body.ts';
import type { Target } from '../route/gateway.ts';
import { AnsweringTurn } from './answering-turn.ts';
import { type Destination, destinationOf } from './destination.ts';
import { endsHere } from './last-hop.ts';
import { type Refusal, refusal, refusalFor } from './refusal.ts';
import type { RequestHead } from './request-head.ts';
import { RequestReader, tooLarge, tooLargeFailure } from './request-reader.ts';

const NO_TRACE = refusal(501, 'malformed', 'TRACE is not answered here, only passed on');

/** One request on a connection and its answer: reads the one, has it served, writes the other. */
export class Turn extends AnsweringTurn {
  #reader: RequestReader | undefined;
  #readEnded: ((body: RequestBody | undefined) => void) | undefined;

  /** Serves the request. Never throws: a bug is told to the observer and answered with 500. */
  run(): void {
    try {
      const startedAt = this.context.clock.now();
      const head = this.context.heads.read(this.request.rawHeaders, this.request.httpVersion);
      if (head.type === 'refusal') return this.refuse(head, true);
      this.id = head.id ?? this.context.ids.next();
      const hasBody = head.chunked || (head.length ?? 0) > 0;
      if (!hasBody && this.#isForUs()) return this.confirm();
      const destination = this.#destination(head);
      // a connection that cannot be read on is closed: the content is not wanted any more
      if (destination.type === 'refusal') return this.refuse(destination, destination.status === 400 || hasBody);
      const here = endsHere(this.request.method ?? '', destination.path, head.headers);
      // it hears nothing of what it said, which may be secret
      if (here && this.request.method === 'TRACE') return this.refuse(NO_TRACE, true);
      if ((head.length ?? 0) > this.context.limits.bodyBytes)
        return this.refuse(this.#spoken(tooLarge(this.context.limits.bodyBytes), head, destination, startedAt), true);
      if (hasBody) void this.#readAndServe(head, destination, startedAt, here);
      else this.#serve(this.#open(head, destination, startedAt), destination.target, here);
    } catch (error) {
      this.bug(error);
    }
  }

  /** The client has gone, or cannot be understood any more. `status`: what it would have been answered. */
  leave(status: number = STATUS_OF.client_closed): void {
    if (this.over) return;
    this.end();
    this.#reader?.stop(new Error('the client closed its connection'));
    if (this.exchange !== undefined) return this.abandon(this.exchange, status);
    this.context.observer.rejected('body_incomplete', 400, 'the client left before its request was complete');
    this.#readEnded?.(undefined);
  }

  /** What follows on the connection is not HTTP, or the request was not sent in time. True where the turn can still end as if nothing were. */
  canOutlive(): boolean {
    return this.request.complete && !this.over;
  }

  /** Gives up because of what the client did: nothing more is written. True if the head of the answer has not been sent yet. */
  giveUp(refused: Refusal): boolean {
    const unsent = !this.response.headersSent;
    if (this.exchange === undefined) {
      this.end();
      this.#reader?.stop(new Error('the request is malformed'));
      this.#readEnded?.(undefined);
    } else {
      // a client that is still there did not leave: we refused what it sends
      if (refused.error === 'request_too_large') this.failure = tooLargeFailure(refused.detail);
      this.leave(refused.status);
    }
    return unsent;
  }

  protected get sends(): boolean {
    return this.#reader !== undefined && !this.request.complete;
  }

  protected discardRest(): void {
    this.#reader?.discard();
  }

  // Parts

  /** OPTIONS * where it is for no upstream: it asks whether this server is there at all (RFC 9110 section 9.3.7). */
  #isForUs(): boolean {
    return this.request.url === '*' && this.request.method === 'OPTIONS' && this.connection.door.kind === 'main';
  }

  #destination(head: RequestHead): Destination | Refusal {
    const { door } = this.connection;
    return destinationOf(
      { door, method: this.request.method ?? '', url: this.request.url ?? '', host: head.host, isOwn: this.context.isOwn },
      this.context.gateway(),
    );
  }

  async #readAndServe(head: RequestHead, destination: Destination, startedAt: number, here: boolean): Promise<void> {
    try {
      const body = await this.#read(head, destination, startedAt);
      if (this.over) return;
      const exchange = this.#open(head, destination, startedAt);
      if (body !== undefined) exchange.body = body;
      this.#serve(exchange, destination.target, here);
    } catch (error) {
      this.bug(error);
    }
  }

  #read(head: RequestHead, destination: Destination, startedAt: number): Promise<RequestBody | undefined> {
    return new Promise((resolve) => {
      this.#readEnded = resolve;
      const { bodyBytes } = this.context.limits;
      const limits = { bufferBytes: Math.min(destination.target.bufferLimit, bodyBytes), bodyBytes };
      this.#reader = new RequestReader(this.request, limits, this.context, {
        result: (result) => {
          if ('kind' in result) return resolve(result);
          this.refuse(this.#spoken(result, head, destination, startedAt), true);
          resolve(undefined);
        },
        refused: (refused) => this.connection.refuse(this.#spoken(refused, head, destination, startedAt), this.id),
      });
      if (this.expectsContinue) this.response.writeContinue();
      this.#reader.begin(head, startedAt);
    });
  }

  /** A refusal in the words of the route that the request would have had. */
  #spoken(refused: Refusal, head: RequestHead, destination: Destination, startedAt: number): Refusal {
    const { error: code, reason, detail } = refused;
    const exchange = this.exchange ?? this.#exchangeOf(head, destination, startedAt);
    const kind = code === 'request_timeout' ? 'timeout' : 'refused';
    const spoken = refusalFor(destination.target, exchange, failure({ code, phase: 'send', kind, replay: 'answered', detail, own: true }), reason);
    return spoken.answer === undefined ? refused : { ...refused, status: spoken.status, answer: spoken.answer };
  }

  #exchangeOf(head: RequestHead, { entry, scheme, authority, path, target }: Destination, startedAt: number): Exchange {
    const method = this.request.method ?? '';
    const exchange = new Exchange({ id: this.id, entry, method, scheme, authority, path, headers: head.headers, startedAt });
    exchange.upstream = target.name;
    return exchange;
  }

  #open(head: RequestHead, destination: Destination, startedAt: number): Exchange {
    const exchange = this.#exchangeOf(head, destination, startedAt);
    // RFC 9110 section 15.2: never to HTTP/1.0
    if (this.request.httpVersionMinor !== 0) exchange.interim = this;
    this.exchange = exchange;
    this.target = destination.target;
    return exchange;
  }

  /** Answers at once where the outcome is known at once: a hit waits for no turn of the microtasks. `here`: the request goes no further, and finds us. */
  #serve(exchange: Exchange, target: Target, here: boolean): void {
    if (here) return this.answer(exchange, reply(204, [], 'proxy', new BytesBody()));
    const outcome = target.serve(exchange);
    if (!(outcome instanceof Promise)) return this.answer(exchange, outcome);
    outcome.then((late) => this.answer(exchange, late)).catch((error: unknown) => this.bug(error));
  }
}
