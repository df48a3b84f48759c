import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { listening } from './programs/listening.ts';
import { jsonOf, SIZES } from './programs/payloads.ts';
import { echoUpgrade } from './programs/websocket.ts';

/**
 * The origin for what nginx cannot play (events, WebSocket echo), and for everything where nginx is not installed.
 * Paths end in 1k, 100k, 10m, upload, events?n=COUNT&ms=INTERVAL. Usage: node origin.ts [CERT KEY]
 */
const [, , cert, key] = process.argv;
const bodies = new Map(Object.entries(SIZES).map(([name, size]) => [name, jsonOf(size)]));

function answer(request: IncomingMessage, response: ServerResponse): void {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://origin');
  const name = pathname.slice(pathname.lastIndexOf('/') + 1);
  if (name === 'events') {
    sendEvents(response, Number(searchParams.get('n') ?? 10), Number(searchParams.get('ms') ?? 10));
    return;
  }
  const body = bodies.get(name);
  request.resume();
  request.on('end', () => {
    if (body === undefined) response.writeHead(name === 'upload' ? 200 : 404, ['content-length', '0']).end();
    else response.writeHead(200, headOf(body)).end(body);
  });
}

function headOf(body: Buffer): string[] {
  return ['content-type', 'application/json', 'content-length', String(body.length), 'cache-control', 'max-age=3600', 'etag', '"bench"'];
}

/** Server-sent events that carry the monotonic time of their sending, in nanoseconds. */
function sendEvents(response: ServerResponse, count: number, intervalMs: number): void {
  response.writeHead(200, ['content-type', 'text/event-stream', 'cache-control', 'no-store']);
  let sent = 0;
  const timer = setInterval(() => {
    response.write(`data: ${process.hrtime.bigint()}\n\n`);
    if (++sent < count) return;
    clearInterval(timer);
    response.end();
  }, intervalMs);
  response.on('close', () => clearInterval(timer));
}

const options = { keepAliveTimeout: 600_000 };
const server =
  cert === undefined || key === undefined
    ? createServer(options, answer)
    : createSecureServer({ ...options, cert: readFileSync(cert), key: readFileSync(key) }, answer);
server.on('upgrade', echoUpgrade);
await listening(server);
