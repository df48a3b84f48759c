import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { createServer } from '../model/node-http.ts';
import type { ListenLimits } from './context.ts';
import { LeanRequest } from './lean-request.ts';

/** What the HTTP server hands on. */
export interface HttpHandlers {
  request(request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void;
  /** `Expect` with anything but `100-continue`. */
  expectation(request: IncomingMessage, response: ServerResponse): void;
  connect(request: IncomingMessage, socket: Socket, head: Buffer): void;
  upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void;
  clientError(error: Error, socket: Socket): void;
}

/** How long an idle connection is kept, which each answer says. Longer than the idle time of common clients (httpx 5 s, Node 5 s, nginx 60 s), so that they close first and no request meets a closing connection. */
export const KEEP_ALIVE_MS = 65_000;
/** How often slow clients are looked for, at most, in milliseconds. */
const CHECK_MS = 5000;

/**
 * Node's HTTP/1.1 parser and framing, without a port of its own: sockets of every port and tunnel are given to it with `emit('connection')`. HTTP/2 finds its place
 * beside it: whoever hands sockets over looks at the first bytes or at ALPN.
 */
export function httpServer(limits: ListenLimits, handlers: HttpHandlers): Server {
  // Node takes whole milliseconds alone
  const headMs = Math.ceil(limits.requestTimeoutMs);
  const server = createServer({
    insecureHTTPParser: false,
    IncomingMessage: LeanRequest,
    // a request without content is no stream that has to be read to its end; an older Node does not know this and goes the longer way
    optimizeEmptyRequests: true,
    // asked for by us, so that the answer is readable
    requireHostHeader: false,
    maxHeaderSize: limits.headerBytes,
    // the time of the head alone: content has its own (RequestReader), since what the upstream does not take yet is not late
    requestTimeout: 0,
    headersTimeout: headMs,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionsCheckingInterval: Math.max(50, Math.min(CHECK_MS, Math.ceil(headMs / 4))),
    shouldUpgradeCallback: isUpgrade,
  });
  // fields beyond a count would be dropped in silence; their bytes are bounded
  server.maxHeadersCount = 0;
  server.on('request', (request, response) => handlers.request(request, response, false));
  server.on('checkContinue', (request, response) => handlers.request(request, response, true));
  server.on('checkExpectation', (request, response) => handlers.expectation(request, response));
  server.on('connect', (request, socket, head) => handlers.connect(request, socket as Socket, head));
  server.on('upgrade', (request, socket, head) => handlers.upgrade(request, socket as Socket, head));
  server.on('clientError', (error, socket) => handlers.clientError(error, socket as Socket));
  // Node starts its watch over slow clients when a server listens, which this one never does
  server.emit('listening');
  return server;
}

/** An upgrade that is passed on. One to HTTP/2 is ignored, as RFC 9110 section 7.8 allows, and so is one with content; one in HTTP/1.0 has to be. */
function isUpgrade(request: IncomingMessage): boolean {
  const { upgrade } = request.headers;
  if (upgrade === undefined || request.httpVersionMinor === 0 || /^\s*h2c?\s*$/i.test(upgrade)) return false;
  return !hasContent(request);
}

/** Content comes with the request, which may be empty where it comes in chunks. */
export function hasContent({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}
