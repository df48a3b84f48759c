import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type Dispatcher, Pool } from 'undici';
import { listening } from './programs/listening.ts';

/**
 * The bare forwarder, the floor of the comparison: `node:http` and undici's `Pool.dispatch`, raw header arrays both ways, backpressure, an abort when
 * the client leaves, and nothing else. Usage: node forwarder.ts ORIGIN [CONNECTIONS]
 */
const [, , origin = 'http://127.0.0.1:80', connections = '256'] = process.argv;
const pool = new Pool(origin, {
  connections: Number(connections),
  pipelining: 1,
  headersTimeout: 0,
  bodyTimeout: 0,
  connect: { rejectUnauthorized: false },
});

const NOT_FORWARDED = new Set(['host', 'connection', 'keep-alive', 'transfer-encoding', 'te', 'trailer', 'upgrade', 'proxy-connection', 'expect']);

/** Carries one answer. One object per request: handler of undici, listener of the response. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #response: ServerResponse;
  #controller: Dispatcher.DispatchController | undefined;
  #gone = false;

  constructor(response: ServerResponse) {
    this.#response = response;
    response.on('close', () => this.#left());
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#gone) controller.abort(new Error('client left'));
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    if (status < 200) return;
    this.#response.writeHead(status, rawHeaders(controller.rawHeaders as readonly Buffer[]));
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#response.write(chunk)) return;
    controller.pause();
    this.#response.once('drain', () => controller.resume());
  }

  onResponseEnd(): void {
    this.#response.end();
  }

  onResponseError(): void {
    if (this.#response.headersSent) this.#response.destroy();
    else this.#response.writeHead(502, ['content-length', '0']).end();
  }

  #left(): void {
    this.#gone = true;
    if (!this.#response.writableFinished) this.#controller?.abort(new Error('client left'));
  }
}

function rawHeaders(fields: readonly Buffer[]): string[] {
  const list: string[] = [];
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i]?.toString('latin1') ?? '';
    if (!NOT_FORWARDED.has(name.toLowerCase())) list.push(name, fields[i + 1]?.toString('latin1') ?? '');
  }
  return list;
}

function requestHeaders(fields: readonly string[]): string[] {
  const list: string[] = [];
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] ?? '';
    if (!NOT_FORWARDED.has(name.toLowerCase())) list.push(name, fields[i + 1] ?? '');
  }
  return list;
}

function forward(request: IncomingMessage, response: ServerResponse): void {
  const { headers } = request;
  const hasBody = headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
  const method = request.method as Dispatcher.HttpMethod;
  const options = { path: request.url ?? '/', method, headers: requestHeaders(request.rawHeaders), body: hasBody ? request : null };
  pool.dispatch(options, new Exchange(response));
}

await listening(createServer({ keepAliveTimeout: 60_000 }, forward));
