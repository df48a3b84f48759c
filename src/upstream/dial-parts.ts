import { isIP, type Socket } from 'node:net';
import { checkServerIdentity, type PeerCertificate, type SecureContext } from 'node:tls';
import type { Phase } from '../model/failure.ts';
import type { Resolver } from './dns.ts';

/** Told as a connection comes up. */
export interface DialWatcher {
  /** The dial has entered a phase: `dns`, `connect`, `tls`. */
  entered(phase: Phase): void;
}

/** Gets the socket, ready to carry a request, or the error. Called once. */
export type DialCallback = (error: Error | null, socket: Socket | null) => void;

/** How TLS is spoken to one host. */
export interface DialTls {
  /** The name that the certificate must hold. */
  readonly servername: string;
  readonly context: SecureContext;
  readonly alpn: string[];
}

/** How long one address is tried before the next (RFC 8305 section 5 recommends 250 ms). */
const HEAD_START_MS = 250;

/** For `net.connect` or `tls.connect`: all addresses of a host tried (RFC 8305), each phase told. The first phase is told at once. */
export function tcpOptions({ host, port }: { readonly host: string; readonly port: number }, resolver: Resolver, watcher: DialWatcher) {
  const byName = isIP(host) === 0;
  watcher.entered(byName ? 'dns' : 'connect');
  const lookup = (
    name: string,
    _options: object,
    done: (error: NodeJS.ErrnoException | null, addresses: { address: string; family: number }[]) => void,
  ): void => {
    resolver.resolve(name, (error, addresses) => {
      if (error === undefined) watcher.entered('connect');
      done(error ?? null, addresses);
    });
  };
  return {
    host,
    port,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: HEAD_START_MS,
    keepAlive: true,
    noDelay: true,
    ...(byName && { lookup }),
  };
}

/** For `tls.connect`. The certificate must hold the name that is said, wherever the connection goes. An address is no server name for TLS (RFC 6066 section 3). */
export function tlsOptions({ servername, context, alpn }: DialTls) {
  return {
    servername: isIP(servername) === 0 ? servername : '',
    secureContext: context,
    ALPNProtocols: alpn,
    checkServerIdentity: (_host: string, certificate: PeerCertificate) => checkServerIdentity(servername, certificate),
  };
}

/** What is told of a connection that closes without an error while it comes up. */
export function closedEarly(): Error {
  return Object.assign(new Error('the connection was closed while it was being opened'), { code: 'ECONNRESET' });
}
