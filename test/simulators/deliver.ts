import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Answer } from './answer.ts';
import type { AnswerFault, Malformation } from './faults.ts';

/** Where an answer goes: the response, and the socket below TLS for what HTTP does not allow. */
export interface Delivery {
  readonly res: ServerResponse;
  readonly raw: Socket;
  /** A HEAD request: the head only. */
  readonly headOnly: boolean;
}

/** Lets what was written reach the client before the connection is broken. */
const FLUSH_MS = 15;

/** Sends the answer as it is meant to be. */
export function deliver(answer: Answer, to: Delivery): void {
  const { res } = to;
  begin(answer, to);
  if (answer.pieces === undefined || to.headOnly) return void res.end(to.headOnly || isBodiless(answer.status) ? undefined : answer.body);
  const [...pieces] = answer.pieces;
  const next = (): void => {
    const piece = pieces.shift();
    if (piece === undefined) return void res.end();
    later(res, piece.afterMs, () => {
      res.write(piece.bytes);
      next();
    });
  };
  next();
}

/** Sends the answer in the way that the fault says. */
export function deliverBroken(answer: Answer, fault: AnswerFault, to: Delivery): void {
  const { res, raw } = to;
  switch (fault.kind) {
    case 'reset-before-headers':
      return void raw.resetAndDestroy();
    case 'close-before-headers':
      return void raw.destroy();
    case 'stall-headers':
      return fault.forMs === undefined ? undefined : later(res, fault.forMs, () => deliver(answer, to));
    case 'stall-body':
      return part(answer, fault.afterBytes, to, (rest) => fault.forMs !== undefined && later(res, fault.forMs, () => res.end(rest)));
    case 'reset-body':
      return part(answer, fault.afterBytes, to, () => later(res, FLUSH_MS, () => raw.resetAndDestroy()));
    case 'truncate-body':
      return part(answer, fault.afterBytes, to, () => later(res, FLUSH_MS, () => raw.destroySoon()));
    case 'drip':
      begin(answer, to);
      return drip(bodyOf(answer), fault, res);
    case 'close-idle':
      res.once('finish', () => setTimeout(() => raw.destroySoon(), fault.afterMs ?? 0));
      return deliver(answer, to);
    case 'overlong':
      return rawly(res, `${headOf(answer)}\r\n`, bodyOf(answer), Buffer.from('more than was promised'));
    case 'malformed':
      return rawly(res, malformed(fault.how, answer));
    case 'raw':
      return rawly(res, fault.bytes);
  }
}

/** Runs `act` later, unless the client has left by then. */
export function later(res: ServerResponse, ms: number, act: () => void): void {
  const timer = setTimeout(act, ms);
  res.once('close', () => clearTimeout(timer));
}

function begin(answer: Answer, { res }: Delivery): void {
  const sized = answer.pieces === undefined && !isBodiless(answer.status) && !('content-length' in answer.headers);
  res.writeHead(answer.status, { ...answer.headers, ...(sized && { 'content-length': String(answer.body.length) }) });
  if (answer.pieces !== undefined) res.flushHeaders();
}

/** Head and the first bytes; `then` gets the rest once they are written. */
function part(answer: Answer, afterBytes: number | undefined, to: Delivery, then: (rest: Buffer) => unknown): void {
  const body = bodyOf(answer);
  const cut = Math.min(afterBytes ?? Math.floor(body.length / 2), body.length);
  begin(answer, to);
  if (cut === 0) to.res.flushHeaders();
  if (cut === 0) return void then(body);
  to.res.write(body.subarray(0, cut), () => then(body.subarray(cut)));
}

function drip(body: Buffer, pace: { bytes: number; everyMs: number }, res: ServerResponse): void {
  if (body.length === 0) return void res.end();
  res.write(body.subarray(0, pace.bytes));
  later(res, pace.everyMs, () => drip(body.subarray(pace.bytes), pace, res));
}

function bodyOf(answer: Answer): Buffer {
  return answer.pieces === undefined ? answer.body : Buffer.concat(answer.pieces.map((piece) => piece.bytes));
}

function isBodiless(status: number): boolean {
  return status === 204 || status === 304;
}

/** Bytes on the TLS stream, past Node's HTTP; the connection is of no use to HTTP afterwards. */
function rawly(res: ServerResponse, ...bytes: (string | Buffer)[]): void {
  for (const piece of bytes) res.socket?.write(piece);
}

function headOf(answer: Answer): string {
  const fields = Object.entries({ ...answer.headers, 'content-length': String(bodyOf(answer).length) });
  return `HTTP/1.1 ${answer.status} Simulated\r\n${fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')}`;
}

function malformed(how: Malformation, answer: Answer): string {
  switch (how) {
    case 'status-line':
      return 'HTTP/1.1 two hundred\r\n\r\n';
    case 'header':
      return `HTTP/1.1 200 OK\r\nno colon here\r\n\r\n`;
    case 'content-length':
      return `HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n`;
    case 'chunk':
      return `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nnot hexadecimal\r\n`;
    case 'huge-header':
      return `${headOf(answer)}x-huge: ${'x'.repeat(300_000)}\r\n\r\n${bodyOf(answer).toString('latin1')}`;
  }
}
