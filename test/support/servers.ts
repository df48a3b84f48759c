import { createServer, type AddressInfo, type Server } from 'node:net';

/** Opens a server on a free port of 127.0.0.1, or where it is told: its port. */
export async function opened(server: Server, port = 0, host = '127.0.0.1'): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, host, resolve);
  });
  return portOf(server);
}

/** The port of an open server. */
export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

/** Closes a server, and an HTTP server's connections with it; of any other kind they have to end by themselves. */
export async function closed(server: Server & { closeAllConnections?: () => void }): Promise<void> {
  server.closeAllConnections?.();
  if (!server.listening) return;
  await new Promise((resolve) => {
    server.close(resolve);
  });
}

/** A port on which nobody listens at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer();
  const port = await opened(server);
  await closed(server);
  return port;
}
