import type { BoundSocket } from '../../listen/ports.ts';
import { callAfter } from '../../model/timer.ts';
import { Handed } from './protocol.ts';

/** A channel between two processes, as Node has it. */
export interface Wire {
  send(message: unknown, socket: BoundSocket | undefined, options: { readonly keepOpen?: boolean }, sent: (error: Error | null) => void): boolean;
  on(event: 'message', heard: (message: unknown, socket?: BoundSocket) => void): unknown;
}

type Calls<C> = { readonly [K in keyof C]: (value: never, socket?: BoundSocket) => unknown };
type Takes<C, K extends keyof C> = C[K] extends (value: infer V, socket?: BoundSocket) => unknown ? V : undefined;
type Gives<C, K extends keyof C> = C[K] extends (...values: never) => infer R ? R : never;

/** Answers to the calls of the other side; each may take its time. A rejection goes back to the caller. */
export type Handlers<C> = {
  readonly [K in keyof C]: (value: Takes<C, K>, socket: BoundSocket | undefined) => Gives<C, K> | Promise<Gives<C, K>>;
};

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout | undefined;
}

type Message =
  | { readonly call: string; readonly id: number; readonly value: unknown }
  | { readonly answer: number; readonly value: unknown; readonly error?: { readonly message: string; readonly code: string | undefined } };

/** Calls between two processes, both ways: `Theirs` is what the other side answers, `Ours` what it may ask. In the order in which they were made. */
export class Link<Theirs extends Calls<Theirs>, Ours extends Calls<Ours>> {
  readonly #wire: Wire;
  readonly #handlers: Handlers<Ours>;
  readonly #bug: (error: unknown) => void;
  readonly #waiting = new Map<number, Waiting>();
  #next = 1;
  #closed = false;

  /** `bug` hears of exceptions in what needs no answer. */
  constructor(wire: Wire, handlers: Handlers<Ours>, bug: (error: unknown) => void) {
    this.#bug = bug;
    this.#wire = wire;
    this.#handlers = handlers;
    wire.on('message', (message, socket) => this.#heard(message as Message, socket));
  }

  /** Asks, and waits for `ms` milliseconds at most; Infinity: as long as the other side lives. Rejects where it died, failed or took too long. */
  ask<K extends keyof Theirs & string>(call: K, value: Takes<Theirs, K>, ms: number, socket?: BoundSocket): Promise<Awaited<Gives<Theirs, K>>> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(new Error('the process has ended'));
      const id = this.#next++;
      const timer = callAfter(ms, () => this.#settle(id)?.reject(new Error(`no answer to ${call} within ${ms} ms`)));
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject, timer });
      this.#send({ call, id, value }, socket);
    });
  }

  /** Says something that needs no answer. */
  tell<K extends keyof Theirs & string>(call: K, value: Takes<Theirs, K>): void {
    if (!this.#closed) this.#send({ call, id: 0, value });
  }

  /** The other side is gone: nobody waits for it any more. */
  close(): void {
    this.#closed = true;
    for (const id of this.#waiting.keys()) this.#settle(id)?.reject(new Error('the process has ended'));
  }

  #heard(message: Message, socket: BoundSocket | undefined): void {
    if ('call' in message) return void this.#serve(message, socket);
    const waiting = this.#settle(message.answer);
    if (message.error !== undefined) waiting?.reject(Object.assign(new Error(message.error.message), { code: message.error.code }));
    else waiting?.resolve(socket === undefined ? message.value : new Handed(socket));
  }

  async #serve({ call, id, value }: Extract<Message, { call: string }>, socket: BoundSocket | undefined): Promise<void> {
    try {
      const given = await this.#handlers[call as keyof Ours](value as never, socket);
      if (id === 0) return;
      if (given instanceof Handed) this.#send({ answer: id, value: undefined }, given.socket);
      else this.#send({ answer: id, value: given });
    } catch (error) {
      if (id === 0) return this.#bug(error);
      const { message, code } = error as NodeJS.ErrnoException;
      this.#send({
        answer: id,
        value: undefined,
        error: { message, code: code ?? ((error as Error).cause as NodeJS.ErrnoException | undefined)?.code },
      });
    }
  }

  #send(message: Message, socket?: BoundSocket): void {
    if (this.#closed) return;
    // a process that has just died says so by its exit: whoever waits is told there
    this.#wire.send(message, socket, { keepOpen: true }, () => undefined);
  }

  #settle(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    clearTimeout(waiting?.timer);
    this.#waiting.delete(id);
    return waiting;
  }
}
