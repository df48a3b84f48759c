import type { Socket } from 'node:net';
import undiciClient from 'undici/lib/dispatcher/client.js';
import undiciErrors from 'undici/lib/core/errors.js';
import undiciSymbols from 'undici/lib/core/symbols.js';
import undiciUtil from 'undici/lib/core/util.js';

/** undici's client alone: the package's own entry loads `fetch`, WebSocket, mocks and more, which doubles the time it takes to start and costs 8 MB. */
export const Client = undiciClient;
/** undici's errors. */
export const errors = undiciErrors;

/** A field's name as undici reads it: lower-case, one and the same text each time where it is a usual one. */
export const fieldName: (bytes: Buffer) => string = undiciUtil.bufferToLowerCasedHeaderName;

/**
 * The fields of a head as they came: name, value, name, value. undici takes it for fields that have been read already and hands it on as it is, where it would make an object of a list: in that,
 * fields change their places, and it costs twice as much as to read them once.
 */
export class HeadFields {
  readonly raw: readonly Buffer[];
  /** The content ends where the connection does. */
  readonly openEnded: boolean;

  constructor(raw: readonly Buffer[], openEnded: boolean) {
    this.raw = raw;
    this.openEnded = openEnded;
  }

  /** What undici looks at: it is even. */
  get length(): number {
    return this.raw.length;
  }
}

/** The part of undici's parser of one connection that is told of a head, where 1 means that no content follows, and of the ends of a message and of the connection. */
interface Parser {
  statusCode: number;
  /** -1 where none was said. */
  readonly contentLength: number;
  headers: Buffer[] | HeadFields;
  timeoutValue: number;
  timeoutType: number;
  setTimeout(ms: number, type: number): void;
  onStatus(text: Buffer): number;
  onHeadersComplete(status: number, upgrade: boolean, keepAlive: boolean): number;
  onMessageComplete(): number;
  execute(chunk: Buffer): void;
  /** The connection is over: why that leaves a message incomplete, or null. */
  finish(): Error | null;
}

/** The type of undici's time limit on a connection that nobody uses; its others are off. */
const KEEP_ALIVE = 8;

/** Who is told of a connection. */
export interface ParserWatcher {
  /** A 100 that nobody had asked for. */
  continued(): void;
  /** Nobody uses it, and it is to be closed in so many milliseconds; Infinity: it is used. */
  idle(ms: number): void;
}

/**
 * Has the handlers of a connection get `HeadFields` for the fields of each head, and no time spent on a reason phrase that nobody reads.
 *
 * Lets it read past 100, which some servers send unasked and a client has to be able to read (RFC 9110 section 15.2): undici closes the connection on it.
 *
 * Has an answer whose end is that of its connection count as cut where that was reset (RFC 9112 section 8): undici takes it for complete.
 *
 * Leaves the time limit on a connection that nobody uses to the watcher: undici makes a timer for it with each answer.
 *
 * To be called when the connection has been opened.
 */
export function adaptParser(socket: Socket, watcher: ParserWatcher): void {
  const parser = (socket as unknown as Record<symbol, Parser>)[undiciSymbols.kParser];
  if (parser === undefined) return;
  const headersComplete = parser.onHeadersComplete.bind(parser);
  const finish = parser.finish.bind(parser);
  parser.onStatus = ignore;
  parser.finish = () => (socket.errored === null ? finish() : finishBroken(parser, finish, socket.errored));
  parser.setTimeout = (ms, type) => {
    parser.timeoutValue = ms;
    parser.timeoutType = type;
    watcher.idle((type & KEEP_ALIVE) === 0 ? Infinity : ms);
  };
  parser.onHeadersComplete = (status, upgrade, keepAlive) => {
    if (status === 100) {
      // what undici forgets a message by when that is complete
      parser.statusCode = status;
      watcher.continued();
      return 1;
    }
    const raw = parser.headers as Buffer[];
    parser.headers = new HeadFields(raw, !keepAlive && parser.contentLength === -1 && !isChunked(raw));
    return headersComplete(status, upgrade, keepAlive);
  };
}

function isChunked(raw: readonly Buffer[]): boolean {
  let coding = '';
  for (let i = 0; i < raw.length; i += 2)
    if (raw[i] !== undefined && fieldName(raw[i] as Buffer) === 'transfer-encoding') coding = String(raw[i + 1]);
  return /(?:^|,)[ \t]*chunked[ \t]*$/i.test(coding);
}

/** What has come is read on, and may complete a message; the end alone does not. */
function finishBroken(parser: Parser, finish: Parser['finish'], error: Error): Error | null {
  const execute = parser.execute.bind(parser);
  const messageComplete = parser.onMessageComplete.bind(parser);
  let reading = false;
  parser.execute = (chunk) => {
    reading = true;
    execute(chunk);
    reading = false;
  };
  parser.onMessageComplete = () => (reading ? messageComplete() : -1);
  return finish() === null ? null : error;
}

function ignore(): number {
  return 0;
}
