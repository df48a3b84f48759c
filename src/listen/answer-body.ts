import type { ServerResponse } from 'node:http';
import type { BodySink, BodySource } from '../model/body.ts';
import type { Exchange } from '../model/exchange.ts';
import { type Failure, failure } from '../model/failure.ts';
import { STALL_MS, tookNothing } from './unread.ts';

const WRONG_LENGTH = failure({
  code: 'http_response_incomplete',
  phase: 'body',
  kind: 'protocol',
  replay: 'cut',
  detail: 'the body is not as long as its head says',
});

/** How a body is written. */
export interface AnswerBodyOptions {
  /** The answer may have no content (HEAD). */
  readonly bodyless: boolean;
  /** What its head says of its length. Whoever reads the connection goes by that (RFC 9112 section 6.3), so that a body of another one breaks off. */
  readonly length: string | undefined;
  /** How long the client may take nothing, in milliseconds; five minutes unless said. */
  readonly stallMs: number | undefined;
  /** Told of the length of each piece. */
  readonly passed: (bytes: number) => void;
}

/** Writes a streamed body to the client: as it comes, as fast as the client takes it. Made only for bodies that are not whole when their head is written. */
export class AnswerBody implements BodySink {
  readonly #response: ServerResponse;
  readonly #exchange: Exchange;
  readonly #source: BodySource;
  readonly #bodyless: boolean;
  readonly #ended: (failure: Failure | undefined) => void;
  /** Bytes that are to come yet; NaN where that is not known. */
  #left: number;
  #wrote = false;
  /** True while the client has not taken what was written. */
  #waits = false;
  #over = false;
  readonly #stallMs: number;
  readonly #passed: (bytes: number) => void;
  #stalled: NodeJS.Timeout | undefined = undefined;

  /** `ended` is told once: undefined where all was written, or what broke the body. */
  constructor(
    response: ServerResponse,
    exchange: Exchange,
    source: BodySource,
    { bodyless, length, stallMs, passed }: AnswerBodyOptions,
    ended: (failure: Failure | undefined) => void,
  ) {
    this.#response = response;
    this.#exchange = exchange;
    this.#source = source;
    this.#bodyless = bodyless;
    this.#left = bodyless ? NaN : Number(length ?? NaN);
    this.#stallMs = stallMs ?? STALL_MS;
    this.#passed = passed;
    this.#ended = ended;
  }

  /** Begins. The head, written already, is sent with the first piece, or now where none is here yet. */
  begin(): void {
    this.#source.start(this);
    if (!this.#wrote && !this.#over) this.#response.flushHeaders();
  }

  /** The client has gone: takes nothing more and lets the source know. */
  abort(): void {
    this.#finish();
    this.#source.abort();
  }

  onData(chunk: Uint8Array): boolean {
    if (this.#over || this.#bodyless) return true;
    this.#left -= chunk.length;
    if (this.#left < 0) return this.#tooLong();
    this.#wrote = true;
    this.#exchange.bytesOut += chunk.length;
    this.#passed(chunk.length);
    if (this.#response.write(chunk)) return true;
    this.#awaitDrain();
    return false;
  }

  onEnd(): void {
    if (this.#over) return;
    if (this.#left > 0) return this.onError(WRONG_LENGTH);
    this.#finish();
    this.#response.end();
    this.#ended(undefined);
  }

  onError(failure: Failure): void {
    if (this.#over) return;
    this.#finish();
    this.#ended(failure);
  }

  #tooLong(): boolean {
    this.#source.abort();
    this.onError(WRONG_LENGTH);
    return true;
  }

  /** A client that reads slowly is waited for; one that does not read at all must not hold its upstream for ever. One timer and one listener for all the waits of a body. */
  #awaitDrain(): void {
    if (this.#waits) return;
    this.#waits = true;
    if (this.#stalled !== undefined) {
      this.#stalled.refresh();
      return;
    }
    this.#stalled = setTimeout(() => this.#giveUp(), this.#stallMs);
    this.#response.on('drain', () => this.#drained());
  }

  #drained(): void {
    this.#waits = false;
    if (!this.#over) this.#source.resume();
  }

  #giveUp(): void {
    if (this.#over || !this.#waits) return;
    this.#finish();
    this.#exchange.abort();
    this.#source.abort();
    this.#ended(tookNothing(this.#stallMs));
  }

  #finish(): void {
    this.#over = true;
    clearTimeout(this.#stalled);
  }
}
