import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../model/clock.ts';
import { createServer } from '../model/node-http.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { breakerRoutes } from './api/breaker-routes.ts';
import { healthRoutes } from './api/health-routes.ts';
import { metricsRoutes } from './api/metrics-routes.ts';
import { quotaRoutes } from './api/quota-routes.ts';
import { type ExchangeSource, stateRoutes } from './api/state-routes.ts';
import { dashboardRoutes } from './dashboard/routes.ts';
import { dispatcher } from './dispatch.ts';
import { indexRoute } from './index-page.ts';
import { problem } from './replies.ts';
import { send } from './send.ts';
import type { AdminRoute } from './route.ts';
import type { AdminView } from './view.ts';

/** What the admin listener is made with. */
export interface AdminOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly view: AdminView;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  /** More endpoints (the cache's). They come first. */
  readonly routes?: readonly AdminRoute[];
  /** Where exchanges are listed from; the telemetry's own journal unless said. */
  readonly exchanges?: ExchangeSource;
  /** Awaited before a request is answered, liveness and readiness apart: brings up to date what `view` and `telemetry` say. */
  readonly prepare?: () => Promise<void>;
  /** More names that the Host header may say: the one by which a scraper or a browser reaches this listener. */
  readonly hosts?: readonly string[];
  /** What has to be shown for all but health and metrics; nothing where it is absent. */
  readonly token?: string | undefined;
}

/** The admin listener at work. */
export interface AdminServer {
  readonly port: number;
  /** `http://127.0.0.1:9090`, without a slash at its end. */
  readonly url: string;
  /** Open connections, for `AppReadings.listeners`. */
  readonly connections: number;
  /** Stops listening and closes every connection; a scrape under way is cut. */
  close(): Promise<void>;
}

/** Starts the admin listener. Rejects where it cannot listen (`EADDRINUSE`, `EACCES`): the caller says so to the user. */
export async function startAdmin(options: AdminOptions): Promise<AdminServer> {
  const routes = adminRoutes(options);
  const answer = dispatcher({
    routes,
    host: options.host,
    hosts: options.hosts ?? [],
    token: options.token,
    prepare: options.prepare,
    internalError: (error) => options.telemetry.internalError(error),
  });
  const limits = {
    headersTimeout: 10_000,
    requestTimeout: 15_000,
    keepAliveTimeout: 65_000,
    maxHeaderSize: 16 * 1024,
    connectionsCheckingInterval: 5000,
  };
  const server = createServer(limits, (request, response) => void respond(answer, request, response));
  const sockets = countSockets(server);
  await listen(server, options.port, options.host);
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://${options.host.includes(':') ? `[${options.host}]` : options.host}:${port}`,
    get connections() {
      return sockets.count;
    },
    close: () => close(server),
  };
}

function adminRoutes({ view, telemetry, clock, routes = [], exchanges = telemetry.journal }: AdminOptions): AdminRoute[] {
  const health = { view, stats: telemetry.stats, clock };
  const all: AdminRoute[] = [
    ...routes,
    ...healthRoutes(health),
    ...metricsRoutes(telemetry.metrics),
    ...stateRoutes(health, exchanges),
    ...breakerRoutes(view, telemetry.log),
    ...quotaRoutes(view, telemetry.log),
    indexRoute(view.version, () => all),
    ...dashboardRoutes(),
  ];
  return all;
}

async function respond(answer: ReturnType<typeof dispatcher>, request: IncomingMessage, response: ServerResponse): Promise<void> {
  response.on('error', () => request.destroy());
  send(request, response, await answer(request).catch(() => problem(500, 'The admin listener failed; the log says why.')));
}

function countSockets(server: Server): { count: number } {
  const sockets = { count: 0 };
  server.on('connection', (socket) => {
    sockets.count++;
    socket.on('close', () => sockets.count--);
  });
  return sockets;
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
