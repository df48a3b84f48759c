import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { connect as connectTls, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';

/** Opens a new TLS connection to a host; idle for longer than `timeoutMs` in any phase means failure. */
export type Dial = (host: string, timeoutMs: number) => Promise<TLSSocket>;

/** Straight to the upstream, as the backend does today. */
export function dialDirect(addresses: ReadonlyMap<string, string>, ca: string): Dial {
  const roots = createSecureContext({ ca });
  return (host, timeoutMs) => {
    const [address = '', port] = (addresses.get(host) ?? '').split(':');
    return secure(connect({ host: address, port: Number(port), noDelay: true }), host, roots, timeoutMs);
  };
}

/** Through `HTTPS_PROXY`: CONNECT, then TLS in the tunnel. */
export function dialThrough(proxy: { readonly host: string; readonly port: number }, ca: string): Dial {
  const roots = createSecureContext({ ca });
  return async (host, timeoutMs) => secure(await tunnel(proxy, host, timeoutMs), host, roots, timeoutMs);
}

function secure(socket: Socket, servername: string, secureContext: SecureContext, timeoutMs: number): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const tls = connectTls({ socket, servername, secureContext, ALPNProtocols: ['http/1.1'] });
    const giveUp = setTimeout(() => tls.destroy(new Error('connect timeout')), timeoutMs);
    const fail = (error: Error): void => {
      clearTimeout(giveUp);
      socket.destroy();
      reject(error);
    };
    socket.on('error', fail);
    tls.on('error', fail);
    tls.once('close', () => fail(new Error('closed while connecting')));
    tls.once('secureConnect', () => {
      clearTimeout(giveUp);
      resolve(tls);
    });
  });
}

function tunnel(proxy: { host: string; port: number }, host: string, timeoutMs: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const asked = request({ ...proxy, method: 'CONNECT', path: `${host}:443`, headers: { host: `${host}:443` }, agent: false, timeout: timeoutMs });
    asked.once('connect', (answer, socket) => (answer.statusCode === 200 ? resolve(socket) : reject(new Error(`CONNECT ${answer.statusCode ?? 0}`))));
    asked.once('timeout', () => asked.destroy(new Error('proxy timeout')));
    asked.once('error', reject);
    asked.end();
  });
}
