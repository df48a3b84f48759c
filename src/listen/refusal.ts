import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Rejection } from '../model/events.ts';
import type { Exchange } from '../model/exchange.ts';
import { errorTypeOf, type Failure, type FailureCode, STATUS_OF } from '../model/failure.ts';
import { STATUS_CODES } from '../model/node-http.ts';
import type { Reply } from '../model/outcome.ts';
import { callAfter } from '../model/timer.ts';
import type { Target } from '../route/gateway.ts';

/** Why the listener does not hand a request on, and what the client is told. A value: nothing is thrown for what a client does. */
export interface Refusal {
  readonly type: 'refusal';
  readonly status: number;
  readonly reason: Rejection;
  /** For people: what is wrong and what to do about it. Without secrets: it goes to logs. */
  readonly detail: string;
  /** What `Proxy-Status` names, as an error type of RFC 9209. */
  readonly error: FailureCode;
  /** Stable name of the case in the answer; the reason unless said. */
  readonly code: string;
  /** Milliseconds until asking again may help; told as `Retry-After`. */
  readonly retryAfterMs?: number | undefined;
  /** The whole answer as the upstream's own errors look; a problem document is made where it is absent. */
  readonly answer?: Reply | undefined;
  /** Further members of the problem document. */
  readonly members?: Readonly<Record<string, unknown>> | undefined;
}

/** Builds a refusal; the error type is `http_request_error` unless said. */
export function refusal(
  status: number,
  reason: Rejection,
  detail: string,
  more: { error?: FailureCode; code?: string; retryAfterMs?: number | undefined; members?: Readonly<Record<string, unknown>> } = {},
): Refusal {
  const { error = 'http_request_error', code = reason, retryAfterMs, members } = more;
  return { type: 'refusal', status, reason, detail, error, code, retryAfterMs, members };
}

/** What a client is told of a fault of ours. The log has the rest. */
export const FAULT = refusal(500, 'malformed', 'the proxy has a fault: its log says which', {
  error: 'proxy_internal_error',
  code: 'proxy_internal_error',
});

/** How long the rest of a refused request is read away, so that the answer is not lost to a reset, in milliseconds. */
const LINGER_MS = 1000;

/** A refusal for a failure that came about in the listener, its route being known: as that route answers for its failures. */
export function refusalFor({ answer }: Pick<Target, 'answer'>, exchange: Exchange, failed: Failure, reason: Rejection): Refusal {
  const spoken = answer?.(exchange, failed);
  const { code, retryAfterMs, detail } = failed;
  const plain = refusal(STATUS_OF[code], reason, `${exchange.upstream}: ${detail}`, { error: code, code, retryAfterMs });
  return spoken === undefined ? plain : { ...plain, status: spoken.status, answer: spoken };
}

/** Body and fields of a refusal. */
function written(refused: Refusal, id: string): { body: Uint8Array; headers: string[] } {
  const { answer } = refused;
  if (answer === undefined) return problem(refused, id);
  const headers = [...answer.headers];
  if (id !== '') headers.push('x-request-id', id);
  return { body: answer.body.whole() ?? new Uint8Array(), headers };
}

/** The refusal as an RFC 9457 problem: body and fields. */
function problem(refused: Refusal, id: string): { body: Uint8Array; headers: string[] } {
  const { status, code, detail, members } = refused;
  const title = STATUS_CODES[status] ?? 'Error';
  const document = { type: `urn:breakwater:error:${code}`, title, status, detail, code, ...(id !== '' && { instance: id }), ...members };
  const body = Buffer.from(`${JSON.stringify(document)}\n`);
  const headers = [
    'content-type',
    'application/problem+json',
    'content-length',
    String(body.length),
    'cache-control',
    'no-store',
    'x-proxy-error',
    code,
  ];
  headers.push('proxy-status', `breakwater; error=${errorTypeOf(refused.error)}; details="${quotable(detail)}"`);
  if (refused.retryAfterMs !== undefined) headers.push('retry-after', String(Math.ceil(refused.retryAfterMs / 1000)));
  if (id !== '') headers.push('x-request-id', id);
  return { body, headers };
}

function quotable(text: string): string {
  return text.replace(/["\\]|[^\x20-\x7e]/g, "'");
}

/** Answers with a refusal on a connection whose framing is sound: it stays open unless `close` says otherwise. */
export function answerRefusal(response: ServerResponse, refused: Refusal, id: string, close: boolean): void {
  const { body, headers } = written(refused, id);
  if (close) {
    headers.push('connection', 'close');
    response.shouldKeepAlive = false;
  }
  response.writeHead(refused.status, headers);
  response.end(body);
}

/** Answers with a refusal on the bare socket and closes it: for requests that could not be parsed, or whose end is not known (RFC 9112 section 9.6). */
export function closeWithRefusal(socket: Socket, refused: Refusal, id: string): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const { body, headers } = written(refused, id);
  let head = `HTTP/1.1 ${refused.status} ${STATUS_CODES[refused.status] ?? 'Error'}\r\ndate: ${new Date().toUTCString()}\r\nconnection: close\r\n`;
  for (let i = 0; i < headers.length; i += 2) head += `${headers[i] ?? ''}: ${headers[i + 1] ?? ''}\r\n`;
  socket.end(Buffer.concat([Buffer.from(`${head}\r\n`, 'latin1'), body]));
  linger(socket);
}

/** Reads away what a client still sends after our last word, for a while, then closes. */
export function linger(socket: Socket, ms = LINGER_MS): void {
  if (socket.destroyed) return;
  socket.resume();
  const timer = callAfter(ms, () => socket.destroy());
  socket.once('close', () => clearTimeout(timer));
}
