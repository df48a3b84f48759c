import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { checkServerIdentity, connect as connectTls, type PeerCertificate, type SecureContext } from 'node:tls';
import type { Phase } from '../model/failure.ts';
import type { DirectReads } from './direct-reads.ts';
import type { Resolver } from './dns.ts';

/** Where and how to connect for one authority. Made once per pool. */
export interface DialSettings {
  /** Name or address to dial: the origin's own host, or what `resolve:` says. */
  readonly host: string;
  readonly port: number;
  /** Set for https: the name that the certificate must hold. */
  readonly tls: { readonly servername: string; readonly context: SecureContext; readonly alpn: string[] } | undefined;
}

/** Told as a connection comes up. */
export interface DialWatcher {
  /** The dial has entered a phase: `dns`, `connect`, `tls`. */
  entered(phase: Phase): void;
}

/** How long one address is tried before the next (RFC 8305 section 5 recommends 250 ms). */
const HEAD_START_MS = 250;

/** Gets the socket, ready to carry a request, or the error. Called once. */
export type DialCallback = (error: Error | null, socket: Socket | null) => void;

/** Keeps what one authority's TLS sessions need to be resumed: a reconnect then costs one round trip less. */
export interface SessionStore {
  session: Buffer | undefined;
}

/**
 * Opens one connection: name lookup, TCP (all addresses tried, RFC 8305), TLS. Tells the watcher each phase, so that a failure and a timeout
 * can be told apart by phase. Returns the socket at once: destroying it with an error gives up, and the callback hears that error.
 * `reads` takes over what is read from it; undefined: it is a stream as any other.
 */
export function dial(
  settings: DialSettings,
  resolver: Resolver,
  sessions: SessionStore,
  watcher: DialWatcher,
  reads: DirectReads | undefined,
  callback: DialCallback,
): Socket {
  const byName = isIP(settings.host) === 0;
  watcher.entered(byName ? 'dns' : 'connect');
  const lookup = (
    host: string,
    _options: object,
    done: (error: NodeJS.ErrnoException | null, addresses: { address: string; family: number }[]) => void,
  ): void => {
    resolver.resolve(host, (error, addresses) => {
      if (error === undefined) watcher.entered('connect');
      done(error ?? null, addresses);
    });
  };
  const tcp = {
    host: settings.host,
    port: settings.port,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: HEAD_START_MS,
    keepAlive: true,
    noDelay: true,
    ...(byName && { lookup }),
    ...(reads && { onread: reads.onread }),
  };
  if (settings.tls === undefined) {
    const plain = connectTcp(tcp);
    reads?.attach(plain);
    return announce(plain, 'connect', callback);
  }
  const secure = connectTls({ ...tcp, ...tlsOptions(settings.tls), ...(sessions.session && { session: sessions.session }) });
  reads?.attach(secure);
  secure.once('connect', () => watcher.entered('tls'));
  secure.on('session', (session) => {
    sessions.session = session;
  });
  return announce(secure, 'secureConnect', callback);
}

/** The certificate must hold the origin's own name, wherever `resolve:` sends the connection. An address is no server name for TLS (RFC 6066 section 3). */
function tlsOptions({ servername, context, alpn }: NonNullable<DialSettings['tls']>) {
  return {
    servername: isIP(servername) === 0 ? servername : '',
    secureContext: context,
    ALPNProtocols: alpn,
    checkServerIdentity: (_host: string, certificate: PeerCertificate) => checkServerIdentity(servername, certificate),
  };
}

/** Calls back on the event, or on the first error or close before it. */
function announce(socket: Socket, event: string, callback: DialCallback): Socket {
  let told = false;
  const tell = (error: Error | null): void => {
    if (told) return;
    told = true;
    callback(error, error === null ? socket : null);
  };
  socket.once(event, () => tell(null));
  socket.on('error', (error) => tell(error));
  socket.once('close', () => tell(Object.assign(new Error('the connection was closed while it was being opened'), { code: 'ECONNRESET' })));
  return socket;
}
