import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer as createHttpsServer, type Server } from 'node:https';
import type { Socket } from 'node:net';
import type { ConnectionFault } from './faults.ts';
import type { Identity } from './identity.ts';
import type { Recorder } from './recorder.ts';

/** A connection below TLS, which is where a real reset comes from. */
export interface Connection {
  readonly raw: Socket;
  /** Counted from 1. */
  readonly number: number;
}

/** What the front asks and tells. */
export interface FrontHandlers {
  strike(): ConnectionFault | undefined;
  request(req: IncomingMessage, res: ServerResponse, connection: Connection): void;
}

/** TLS and HTTP/1.1 over sockets that are handed in, so that the caller can do to them what a network does. */
export class Front {
  readonly #server: Server;
  /** By the client's port, which is the same above and below TLS. */
  readonly #connections = new Map<number, Connection & { doomed: boolean }>();
  readonly #answering = new Set<ServerResponse>();
  readonly #recorder: Recorder;
  readonly #handlers: FrontHandlers;

  constructor(identity: Identity, recorder: Recorder, handlers: FrontHandlers) {
    this.#recorder = recorder;
    this.#handlers = handlers;
    this.#server = createHttpsServer({
      key: identity.key,
      cert: identity.cert,
      ALPNProtocols: ['http/1.1'],
      keepAliveTimeout: 65_000,
      requestTimeout: 0,
    });
    this.#server.prependListener('secureConnection', (secure) => this.#handshakeDone(secure));
    this.#server.on('tlsClientError', (_error, secure) => secure.destroy());
    this.#server.on('request', (req, res) => {
      const connection = this.#connections.get(req.socket.remotePort ?? 0);
      this.#answering.add(res);
      res.once('close', () => this.#answering.delete(res));
      if (connection !== undefined && !connection.doomed) handlers.request(req, res, connection);
    });
  }

  /** How long an idle connection is kept; said in `Keep-Alive` too. */
  set keepAliveMs(ms: number) {
    this.#server.keepAliveTimeout = ms;
  }

  /** Takes over an accepted socket. */
  accept(raw: Socket): void {
    const port = raw.remotePort;
    if (port === undefined) return void raw.destroy();
    this.#recorder.connections += 1;
    this.#recorder.open += 1;
    const fault = this.#handlers.strike()?.kind;
    this.#connections.set(port, { raw, number: this.#recorder.connections, doomed: fault === 'reset-before-reading' });
    raw.on('error', () => undefined);
    raw.on('close', () => {
      this.#recorder.open -= 1;
      this.#connections.delete(port);
    });
    if (fault === 'reset-connection') return void raw.resetAndDestroy();
    if (fault === 'close-tls') return raw.destroySoon();
    if (fault === 'stall-tls') return void raw.resume().on('end', () => raw.end());
    this.#server.emit('connection', raw);
  }

  /** Closes idle connections now, the others after their answer. */
  drain(): void {
    this.#server.closeIdleConnections();
    for (const res of this.#answering) if (!res.headersSent) res.setHeader('connection', 'close');
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #handshakeDone(secure: Socket): void {
    this.#recorder.handshakes += 1;
    secure.on('error', () => undefined);
    const connection = this.#connections.get(secure.remotePort ?? 0);
    if (connection?.doomed === true) connection.raw.resetAndDestroy();
  }
}
