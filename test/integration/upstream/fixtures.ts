import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions, type TLSSocket } from 'node:tls';
import { type Clock, systemClock } from '../../../src/model/clock.ts';
import { type AttemptRecord, Exchange } from '../../../src/model/exchange.ts';
import type { Outcome } from '../../../src/model/outcome.ts';
import type { UpstreamConfig } from '../../../src/config/schema.ts';
import { Resolver } from '../../../src/upstream/dns.ts';
import { attemptLimits, type PoolsConfig, UpstreamPools } from '../../../src/upstream/pools.ts';
import { transport } from '../../../src/upstream/transport.ts';
import { Notes } from '../../unit/policy/fixtures.ts';
import { closed, opened, portOf } from '../../support/servers.ts';

/** Time limits as the configuration gives them. */
export type Limits = Parameters<typeof attemptLimits>[0];

/** An upstream on a raw socket: the test says what it does with each connection. */
export class RawUpstream implements AsyncDisposable {
  readonly sockets = new Set<Socket>();
  readonly received: string[] = [];
  readonly #server: Server;
  readonly authority: string;

  private constructor(server: Server) {
    this.#server = server;
    this.authority = `127.0.0.1:${portOf(server)}`;
  }

  static async start(
    onRequest: (socket: Socket, number: number) => void,
    { host = '127.0.0.1', port = 0 }: { host?: string; port?: number } = {},
  ): Promise<RawUpstream> {
    const server = createServer();
    await opened(server, port, host);
    const upstream = new RawUpstream(server);
    server.on('connection', (socket) => {
      upstream.sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('data', (bytes) => {
        upstream.received.push(bytes.toString('latin1'));
        onRequest(socket, upstream.received.length);
      });
    });
    return upstream;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await closed(this.#server);
  }
}

/** Keeps what attempts report. */
export class Records extends Notes {
  readonly records: AttemptRecord[] = [];
  override attemptEnded(_exchange?: Exchange, record?: AttemptRecord): void {
    if (record !== undefined) this.records.push(record);
  }
}

/** A transport to one upstream, with what it reported. */
export function client(
  authority: string,
  limits: Limits = {},
  connections = 8,
  config: Partial<UpstreamConfig> & Pick<PoolsConfig, 'egress'> = {},
  resolver = new Resolver(systemClock),
  clock: Clock = systemClock,
) {
  const pools = new UpstreamPools({ origin: `http://${authority}`, pool: { connections }, ...config }, resolver, clock);
  const observer = new Records();
  const service = transport(pools.poolFor, { limits: attemptLimits(limits), clock: systemClock, observer });
  return { pools, observer, service, [Symbol.asyncDispose]: () => pools.destroy() };
}

/** An exchange for it. */
export function get(authority: string, path = '/', method = 'GET', scheme: 'http' | 'https' = 'http'): Exchange {
  return new Exchange({ id: '1', entry: 'port', method, scheme, authority, path, headers: [], startedAt: systemClock.now() });
}

/** Reads a body to its end: the text, or the failure that broke it. */
export function read(outcome: Outcome): Promise<string> {
  if (outcome.type === 'failure') return Promise.resolve(`${outcome.phase}/${outcome.kind}/${outcome.replay}`);
  return new Promise((resolve) => {
    let text = '';
    outcome.body.start({
      onData: (chunk) => {
        text += Buffer.from(chunk).toString();
        return true;
      },
      onEnd: () => resolve(text),
      onError: (failure) => resolve(`${text}|${failure.phase}/${failure.kind}/${failure.replay}/${failure.code}`),
    });
  });
}

/** A whole answer. */
export const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

/** A TLS upstream that answers every request; `seen` is told of each connection once its handshake is done. */
export async function answeringTls(options: TlsOptions, seen: (socket: TLSSocket) => void) {
  const sockets = new Set<TLSSocket>();
  const received: string[] = [];
  const server = createTlsServer(options, (socket) => {
    sockets.add(socket);
    seen(socket);
    socket.on('error', () => undefined);
    socket.on('data', (bytes: Buffer) => {
      received.push(bytes.toString('latin1'));
      socket.write(OK);
    });
  });
  server.on('tlsClientError', () => undefined);
  const port = await opened(server);
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    await closed(server);
  };
  return { port, received, sockets, [Symbol.asyncDispose]: close };
}
