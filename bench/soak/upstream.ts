import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { seededRandom } from '../../test/simulators/random.ts';

/**
 * The upstream of the soak: answers fast, and one request in ten badly, by a seeded source. Counts how often each POST may have had its effect. Talks to its
 * parent: says its port, answers `report`. Usage: node upstream.ts EXCHANGES SHARE SEED
 */
const [, , exchanges = '0', share = '0.1', seed = '1'] = process.argv;
const random = seededRandom(Number(seed));
/** By id of the order: how often it may have been done. */
const effects = new Uint8Array(Number(exchanges) + 1);
const faults: Record<string, number> = {};
const sockets = new Set<Socket>();
let received = 0;

const SMALL = Buffer.from(JSON.stringify({ rows: Array.from({ length: 12 }, (_, id) => ({ id, name: `row ${id}` })) }));
const LARGE = Buffer.alloc(200_000, 'large enough to come in pieces ');
/** Longer than any limit of the proxy. */
const STALL_MS = 1500;

type Act = (request: IncomingMessage, response: ServerResponse, body: Buffer) => void;

function head(response: ServerResponse, body: Buffer, status = 200, more: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': body.length, etag: '"v1"', 'accept-ranges': 'bytes', ...more });
}

/** The right answer, or the part of it that is asked for. */
function right(request: IncomingMessage, response: ServerResponse, body: Buffer): void {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? Number.NaN);
  if (Number.isNaN(from)) return void (head(response, body), response.end(body));
  const rest = body.subarray(from);
  head(response, rest, 206, { 'content-range': `bytes ${from}-${body.length - 1}/${body.length}` });
  response.end(rest);
}

function reset({ socket }: IncomingMessage): void {
  socket.resetAndDestroy();
}

function half(act: (request: IncomingMessage, response: ServerResponse) => void): Act {
  return (request, response, body) => {
    head(response, body);
    response.write(body.subarray(0, body.length >> 1), () => act(request, response));
  };
}

function later(response: ServerResponse, ms: number, act: () => void): void {
  const timer = setTimeout(act, ms);
  response.once('close', () => clearTimeout(timer));
}

function status(code: number, more: Record<string, string> = {}): Act {
  const body = Buffer.from('{"error":"no"}');
  return (_request, response) => {
    head(response, body, code, more);
    response.end(body);
  };
}

/** What says that nothing was done. After everything else an order may have been. */
const REFUSALS: ReadonlySet<string> = new Set(['429', '503 with Retry-After']);

const FAULTS: readonly (readonly [name: string, act: Act])[] = [
  ['reset', reset],
  ['close', ({ socket }) => socket.destroy()],
  ['half a head', ({ socket }) => socket.end('HTTP/1.1 200 OK\r\ncontent-')],
  ['no HTTP', ({ socket }) => socket.end('nonsense\r\n\r\n')],
  ['500', status(500)],
  ['502', status(502)],
  ['503', status(503)],
  ['503 with Retry-After', status(503, { 'retry-after': '0' })],
  ['429', status(429, { 'retry-after': '0' })],
  ['reset mid body', half(reset)],
  ['close mid body', half(({ socket }) => socket.destroy())],
  ['stalled body', half((request, response) => later(response, STALL_MS, () => reset(request)))],
  ['stalled head', (request, response) => later(response, STALL_MS, () => reset(request))],
  ['late answer', (request, response, body) => later(response, 250, () => right(request, response, body))],
  ['slow answer', (request, response, body) => later(response, 20, () => right(request, response, body))],
  [
    'close after the answer',
    (request, response, body) => {
      right(request, response, body);
      response.once('finish', () => setImmediate(() => request.socket.destroy()));
    },
  ],
];

const server = createServer({ keepAliveTimeout: 20_000, requestTimeout: 0 }, (request, response) => {
  received++;
  response.on('error', () => undefined);
  const strikes = random() < Number(share);
  const [name, act] = FAULTS[Math.floor(random() * FAULTS.length)] ?? ['', right];
  if (strikes) faults[name] = (faults[name] ?? 0) + 1;
  const order = /^\/orders\/(\d+)/.exec(request.url ?? '')?.[1];
  const body = request.url?.startsWith('/large') === true ? LARGE : SMALL;
  // an upstream that breaks before it has read is in the dark no less for whoever asked
  if (order !== undefined && !(strikes && REFUSALS.has(name))) effects[Number(order)] = (effects[Number(order)] ?? 0) + 1;
  if (strikes && name === 'reset') return reset(request);
  request.on('error', () => undefined);
  request.resume();
  request.on('end', () => (strikes ? act : right)(request, response, body));
});
server.on('connection', (socket) => {
  sockets.add(socket);
  socket.on('error', () => undefined);
  socket.on('close', () => sockets.delete(socket));
});
server.on('clientError', (_error, socket) => socket.destroy());
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));

/** What the parent asks for at the end. */
export interface UpstreamReport {
  readonly received: number;
  readonly orders: number;
  readonly duplicates: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly connections: number;
}

process.on('message', () => {
  const orders = effects.reduce((sum, count) => sum + (count > 0 ? 1 : 0), 0);
  const duplicates = effects.reduce((sum, count) => sum + Math.max(0, count - 1), 0);
  process.send?.({ received, orders, duplicates, faults, connections: sockets.size } satisfies UpstreamReport);
});
process.on('disconnect', () => process.exit(0));
