import { type ClientRequest, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import { secured, tunnelTo } from '../../support/connect.ts';
import type { Sending } from './routes.ts';

/** What a client got: an answer whole, or broken off (`broken`) after some bytes, or nothing (status 0). */
export interface Got {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly broken: boolean;
}

/** How to reach the proxy. */
export interface Way {
  readonly port: number;
  /** Prefix of the path: by base URL. Absent: by CONNECT, trusting `ca`. */
  readonly prefix?: string;
  readonly ca?: string;
}

/** Sends one request over a connection of its own. */
export async function ask(way: Way, host: string, method: string, { path, headers, body }: Sending): Promise<Got> {
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  const options = { method, headers: { ...headers, ...length } };
  if (way.prefix !== undefined)
    return result(request({ ...options, agent: false, host: '127.0.0.1', port: way.port, path: `/${way.prefix}${path}` }), body);
  const socket = await secured(await tunnelTo(`${host}:443`, way.port), { ca: way.ca ?? '', servername: host });
  return result(request({ ...options, headers: { host, ...options.headers }, path, createConnection: () => socket }), body).finally(() =>
    socket.destroy(),
  );
}

function result(call: ClientRequest, body: string | undefined): Promise<Got> {
  return new Promise((resolve) => {
    call.on('error', () => resolve({ status: 0, headers: {}, body: Buffer.alloc(0), broken: true }));
    call.on('response', (answer) => collect(answer, resolve));
    call.end(body);
  });
}

function collect(answer: IncomingMessage, resolve: (got: Got) => void): void {
  const pieces: Buffer[] = [];
  const end = (broken: boolean): void => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(pieces), broken });
  answer.on('data', (piece: Buffer) => pieces.push(piece));
  answer.on('end', () => end(false));
  answer.on('error', () => end(true));
}
