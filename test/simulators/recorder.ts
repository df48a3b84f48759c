import type { Matchable } from './match.ts';

/** A request that reached a simulator, at least its head. */
export interface SeenRequest extends Matchable {
  /** Counted from 1, per simulator. */
  readonly number: number;
  /** Milliseconds since the epoch, when its head had come. */
  readonly at: number;
  /** Which connection it came on, counted from 1. */
  readonly connection: number;
  /** Path with the query, as sent. */
  readonly url: string;
  /** Whether the whole request came. */
  complete: boolean;
  /** Whether it had its effect: was given to the service. */
  effect: boolean;
  /** Whether a whole answer went out. */
  answered: boolean;
  /** Status of the answer, if one was begun. */
  status: number | undefined;
  /** Name of the fault that struck it. */
  fault: string | undefined;
  body: Buffer;
}

/** What reached one simulator. */
export class Recorder {
  readonly requests: SeenRequest[] = [];
  /** Connections accepted, the struck ones included. */
  connections = 0;
  /** Connections whose handshake was done. */
  handshakes = 0;
  /** Connections open now. */
  open = 0;

  add(request: Matchable, parts: { connection: number; url: string }): SeenRequest {
    const seen: SeenRequest = {
      ...request,
      ...parts,
      number: this.requests.length + 1,
      at: Date.now(),
      complete: false,
      effect: false,
      answered: false,
      status: undefined,
      fault: undefined,
    };
    this.requests.push(seen);
    return seen;
  }

  /** Forgets what it saw; connections that are open stay counted in `open`. */
  clear(): void {
    this.requests.length = 0;
    this.connections = 0;
    this.handshakes = 0;
  }
}
