import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { AnsweringTurn } from './answering-turn.ts';
import type { OpenConnection } from './connections.ts';
import type { ListenContext } from './context.ts';
import type { Door } from './door.ts';
import { closeWithRefusal, linger, type Refusal } from './refusal.ts';
import type { Turn } from './turn.ts';

/** Requests that a client may send ahead of their answers. */
const MAX_PIPELINED = 100;

/** How long a client may take to read what it is still sent before its connection is broken off, in milliseconds. */
const FLUSH_MS = 1000;

/** Node's own place for whether the connection ends with an answer. */
interface Last {
  _last: boolean;
}

/** One client connection that speaks HTTP/1.1. Its requests take turns: one is answered before the next is begun, so that order and effects are the client's (RFC 9112 section 9.3.2). */
export class ClientConnection implements OpenConnection {
  /** What HTTP is spoken on: the TCP socket, or the TLS socket in a tunnel. */
  readonly socket: Socket;
  /** The TCP socket beneath. */
  readonly raw: Socket;
  readonly door: Door;
  readonly #context: ListenContext;
  readonly #waiting: Turn[] = [];
  #turn: Turn | undefined;
  /** The last answer that was given; Node may still wait to send it, behind those before it. */
  #answered: ServerResponse | undefined;
  /** What HTTP ends with here. */
  #last: (() => void) | undefined;
  #refusal: Refusal | undefined;
  #closing = false;

  constructor(socket: Socket, raw: Socket, door: Door, context: ListenContext) {
    this.socket = socket;
    this.raw = raw;
    this.door = door;
    this.#context = context;
  }

  /** Takes a request: begins at once, or when those before it are answered. */
  take(turn: Turn): void {
    if (this.#closing) return;
    if (this.#turn === undefined) this.#begin(turn);
    else if (this.#waiting.length < MAX_PIPELINED) this.#waiting.push(turn);
    else this.socket.destroy();
  }

  /** Takes what ends HTTP here (CONNECT, Upgrade): begins when all before it is answered, and not at all behind an answer that says close. Node has let go of the socket already. */
  takeLast(begin: () => void): void {
    const { socket } = this;
    socket.on('error', () => socket.destroy());
    if (this.#closing) return void socket.resume();
    if (this.#turn === undefined && this.#answered?.writableFinished !== false) return begin();
    const drained = (): void => {
      if (this.#turn?.response.socket === socket) this.#turn.response.emit('drain');
    };
    socket.on('drain', drained);
    // read by nobody, but kept: content of a request that is still read away would have the socket flow
    socket.on('readable', ignore);
    this.#last = () => {
      socket.off('drain', drained).off('readable', ignore).setTimeout(0);
      // what it is from then on is known to the socket a tick later
      setImmediate(() => {
        if (!this.#closing) begin();
      });
    };
    if (this.#turn === undefined) this.#onceSent(this.#last);
  }

  /** A turn was answered: the next may begin. */
  turnEnded(turn: AnsweringTurn): void {
    if (turn !== this.#turn) return;
    this.#turn = undefined;
    this.#answered = turn.response;
    if (!turn.response.shouldKeepAlive) {
      this.#closing = true;
      return;
    }
    const next = this.#waiting.shift();
    if (next !== undefined) this.#begin(next);
    else if (this.#last !== undefined) this.#onceSent(this.#last);
    else if (this.#refusal !== undefined) this.#closeWith(this.#refusal, '');
    else if (this.#context.draining()) this.close();
  }

  /** Tells the client what is wrong and closes: what follows on the connection cannot be trusted. Requests that were whole before it are still answered. */
  refuse(refused: Refusal, id = ''): void {
    if (this.#closing) return;
    const turn = this.#turn;
    const waits = turn?.canOutlive() ?? false;
    if (waits && this.#refusal !== undefined) return;
    this.#refusal = refused;
    this.#context.observer.rejected(refused.reason, refused.status, refused.detail);
    if (waits) return;
    this.#turn = undefined;
    if (turn === undefined || turn.giveUp(refused)) this.#closeWith(refused, id);
    else this.socket.destroy();
  }

  /** Ends the connection so that the client cannot take what it has for complete. What was written before goes out first, to a client that reads it. */
  breakOff(hard: boolean): void {
    this.#closing = true;
    this.#turn = undefined;
    const { socket, raw } = this;
    const end = (): void => {
      if (hard) raw.resetAndDestroy();
      socket.destroy();
    };
    if (!socket.writable) return end();
    const timer = setTimeout(end, FLUSH_MS);
    socket.once('close', () => clearTimeout(timer));
    // nothing, behind all that is still to be sent
    socket.write('', end);
  }

  /** Closes behind an answer that says so before its request is complete: our side ends, theirs has the time of a request for the rest (RFC 9112 section 9.6). */
  closeBehind(response: ServerResponse, request: IncomingMessage): void {
    // Node would close both
    (response as unknown as Last)._last = false;
    response.once('finish', () => {
      this.socket.end();
      if (request.complete) return linger(this.socket);
      linger(this.socket, this.#context.limits.requestTimeoutMs || Infinity);
      request.once('end', () => linger(this.socket));
    });
  }

  /** Closes an idle connection once all that was answered has been sent. A busy one closes after its turn. */
  close(): void {
    if (this.#turn !== undefined || this.#closing) return;
    this.#closing = true;
    this.#onceSent(() => {
      this.socket.end();
      // a client that does not look at its socket, or keeps its side open, is not waited for
      linger(this.socket);
    });
  }

  /** Closes at once, whatever runs. */
  destroy(): void {
    this.socket.destroy();
    this.raw.destroy();
  }

  /** The socket has closed: whoever works for this client stops. */
  gone(): void {
    this.#closing = true;
    this.#waiting.length = 0;
    const turn = this.#turn;
    this.#turn = undefined;
    turn?.leave();
  }

  #begin(turn: Turn): void {
    this.#turn = turn;
    turn.run();
  }

  #closeWith(refused: Refusal, id: string): void {
    this.#closing = true;
    this.#onceSent(() => closeWithRefusal(this.socket, refused, id));
    linger(this.socket);
  }

  /** Does what passes Node by, once all answers that it has are sent. */
  #onceSent(act: () => void): void {
    if (this.#answered?.writableFinished === false) this.#answered.once('finish', act);
    else act();
  }
}

function ignore(): void {}
