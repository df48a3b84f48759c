import type { ServerResponse } from 'node:http';
import type { BodySink, BodySource } from '../model/body.ts';
import type { Exchange } from '../model/exchange.ts';
import type { Failure } from '../model/failure.ts';

/** Writes a streamed body to the client: as it comes, as fast as the client takes it. Made only for bodies that are not whole when their head is written. */
export class AnswerBody implements BodySink {
  readonly #response: ServerResponse;
  readonly #exchange: Exchange;
  readonly #source: BodySource;
  readonly #bodyless: boolean;
  readonly #ended: (failure: Failure | undefined) => void;
  #wrote = false;
  #over = false;
  #awaitsDrain = false;

  /** `ended` is told once: undefined where all was written, or what broke the body. `bodyless`: the answer may have no content (HEAD). */
  constructor(response: ServerResponse, exchange: Exchange, source: BodySource, bodyless: boolean, ended: (failure: Failure | undefined) => void) {
    this.#response = response;
    this.#exchange = exchange;
    this.#source = source;
    this.#bodyless = bodyless;
    this.#ended = ended;
  }

  /** Begins. The head, written already, is sent with the first piece, or now where none is here yet. */
  begin(): void {
    this.#source.start(this);
    if (!this.#wrote && !this.#over) this.#response.flushHeaders();
  }

  /** The client has gone: takes nothing more and lets the source know. */
  abort(): void {
    this.#over = true;
    this.#source.abort();
  }

  onData(chunk: Uint8Array): boolean {
    if (this.#over || this.#bodyless) return true;
    this.#wrote = true;
    this.#exchange.bytesOut += chunk.length;
    if (this.#response.write(chunk)) return true;
    if (!this.#awaitsDrain) {
      this.#awaitsDrain = true;
      this.#response.once('drain', () => {
        this.#awaitsDrain = false;
        if (!this.#over) this.#source.resume();
      });
    }
    return false;
  }

  onEnd(): void {
    if (this.#over) return;
    this.#over = true;
    this.#response.end();
    this.#ended(undefined);
  }

  onError(failure: Failure): void {
    if (this.#over) return;
    this.#over = true;
    this.#ended(failure);
  }
}
