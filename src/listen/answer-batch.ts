import type { Clock } from '../model/clock.ts';

/** Answers to two clients that are ready within this many milliseconds of each other tell that there is load: alone, an answer would wait for nothing. */
const BUSY_MS = 0.1;

/** An answer that is whole, its head written: only the bytes have yet to be handed to the kernel. */
export interface ReadyAnswer {
  /** Hands them over. */
  send(): void;
  /** They have been: counts it, and lets the connection go on. */
  sent(): void;
  /** Something went wrong in either. Never throws. */
  bug(error: unknown): void;
}

/**
 * Hands answers to the kernel together, where several are ready in one turn of the event loop. A write to a client that sleeps wakes it, and wakes it again for the next answer if it has dealt with
 * the first by then: written one right behind the other, they find it awake. An answer that comes alone goes out at once.
 */
export class AnswerBatch {
  readonly #clock: Clock;
  #ready: ReadyAnswer[] = [];
  #lastAt = -Infinity;
  #lastConnection: object | undefined;
  readonly #send = this.#sendAll.bind(this);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes an answer to what came on `connection`: it is sent before this returns, or at the end of this turn of the event loop. Answers to one connection keep their order. */
  add(answer: ReadyAnswer, connection: object): void {
    const now = this.#clock.now();
    const busy = now - this.#lastAt < BUSY_MS && connection !== this.#lastConnection;
    this.#lastAt = now;
    this.#lastConnection = connection;
    if (this.#ready.length > 0) {
      this.#ready.push(answer);
    } else if (busy) {
      this.#ready = [answer];
      setImmediate(this.#send);
    } else {
      answer.send();
      answer.sent();
    }
  }

  #sendAll(): void {
    const ready = this.#ready;
    this.#ready = [];
    for (const answer of ready) doStep(answer, 'send');
    for (const answer of ready) doStep(answer, 'sent');
  }
}

/** What goes wrong with one answer is no matter of the others. */
function doStep(answer: ReadyAnswer, step: 'send' | 'sent'): void {
  try {
    answer[step]();
  } catch (error) {
    answer.bug(error);
  }
}
