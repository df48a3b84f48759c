import type { Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { RawClient } from './raw-client.ts';

/** Asks a proxy for a tunnel. Gives the socket, which nobody reads, once the proxy said 200; throws what it said otherwise. */
export async function tunnelTo(target: string, proxyPort: number): Promise<Socket> {
  const client = await RawClient.connect(proxyPort);
  const answer = await client.send(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`).until('\r\n\r\n');
  if (!answer.startsWith('HTTP/1.1 200 ')) throw new Error(await client.closed());
  client.socket.removeAllListeners('data');
  client.socket.pause();
  return client.socket;
}

/** Speaks TLS on a socket and waits for the handshake. */
export async function secured(socket: Socket, options: ConnectionOptions): Promise<TLSSocket> {
  const secure = connectTls({ socket, ...options });
  await new Promise((resolve, reject) => secure.once('secureConnect', resolve).once('error', reject));
  return secure;
}

/** A client inside TLS inside a tunnel, which verifies the host by the roots given. */
export async function intercepted(
  host: string,
  proxyPort: number,
  ca: string,
  options: ConnectionOptions = {},
): Promise<{ secure: TLSSocket; client: RawClient }> {
  const socket = await tunnelTo(host.includes(':') ? host : `${host}:443`, proxyPort);
  const servername = host.replace(/:\d+$/, '');
  const secure = await secured(socket, { ca, servername, ...options });
  return { secure, client: RawClient.on(secure) };
}
