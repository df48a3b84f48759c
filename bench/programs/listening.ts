import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';

/** Listens on a free port of loopback and says which: the line that the benchmark waits for. Returns the port. */
export async function listening(server: Server, host = '127.0.0.1'): Promise<number> {
  server.listen({ host, port: 0, backlog: 4096 });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`listening ${port}\n`);
  return port;
}
