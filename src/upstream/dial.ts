import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { closedEarly, type DialCallback, type DialTls, type DialWatcher, tcpOptions, tlsOptions } from './dial-parts.ts';
import type { DirectReads } from './direct-reads.ts';
import type { Resolver } from './dns.ts';
import type { ParentProxy } from './parent-proxy.ts';
import { openTunnel, spokeEarly } from './tunnel-dial.ts';

/** Where and how to connect for one authority. Made once per pool. */
export interface DialSettings {
  /** Name or address to dial: the origin's own host, or what `resolve:` says. */
  readonly host: string;
  readonly port: number;
  /** Set for https. */
  readonly tls: DialTls | undefined;
  /** The proxy that dials it; absent: it is dialled from here. */
  readonly parent?: ParentProxy | undefined;
}

/** Keeps what one authority's TLS sessions need to be resumed: a reconnect then costs one round trip less. */
export interface SessionStore {
  session: Buffer | undefined;
}

/**
 * Opens one connection: name lookup, TCP (all addresses tried, RFC 8305), TLS. Tells the watcher each phase, so that a failure and a timeout
 * can be told apart by phase. Returns the socket at once: destroying it with an error gives up, and the callback hears that error.
 * `reads` takes over what is read from it; undefined: it is a stream as any other, which may be open by half.
 */
export function dial(
  settings: DialSettings,
  resolver: Resolver,
  sessions: SessionStore,
  watcher: DialWatcher,
  reads: DirectReads | undefined,
  callback: DialCallback,
): Socket {
  if (settings.parent !== undefined) return dialThrough(settings, settings.parent, resolver, sessions, watcher, reads, callback);
  // HTTP is over where the upstream ends its side; what else is spoken ends each way by itself
  const tcp = { ...tcpOptions(settings, resolver, watcher), ...(reads === undefined ? { allowHalfOpen: true } : { onread: reads.onread }) };
  if (settings.tls === undefined) {
    const plain = connectTcp(tcp);
    reads?.attach(plain);
    return announce(plain, 'connect', callback);
  }
  const secure = connectTls({ ...tcp, ...tlsOptions(settings.tls), ...(sessions.session && { session: sessions.session }) });
  reads?.attach(secure);
  secure.once('connect', () => watcher.entered('tls'));
  keepSession(secure, sessions);
  return announce(secure, 'secureConnect', callback);
}

/** The same through a proxy: its name and the way to it are `dns` and `connect`, and so is what it takes to open the tunnel. TLS inside the tunnel is an ordinary stream: Node reads no other directly. */
function dialThrough(
  { host, port, tls }: DialSettings,
  parent: ParentProxy,
  resolver: Resolver,
  sessions: SessionStore,
  watcher: DialWatcher,
  reads: DirectReads | undefined,
  callback: DialCallback,
): Socket {
  const direct = tls === undefined ? reads : undefined;
  return openTunnel({ parent, to: { host, port }, resolver, watcher, reads: direct, allowHalfOpen: reads === undefined }, (error, socket, early) => {
    if (socket === null) return callback(error, null);
    if (early.length > 0) {
      // nobody was asked anything yet: this could be taken for the answer to what comes
      socket.destroy();
      return callback(spokeEarly(parent), null);
    }
    if (tls === undefined) return callback(null, socket);
    watcher.entered('tls');
    const secure = connectTls({ socket, ...tlsOptions(tls), ...(sessions.session && { session: sessions.session }) });
    keepSession(secure, sessions);
    // who gives up destroys the socket that it was given, which is the one below
    socket.once('error', (reason) => secure.destroy(reason));
    announce(secure, 'secureConnect', callback);
  });
}

function keepSession(secure: Socket, sessions: SessionStore): void {
  secure.on('session', (session: Buffer) => {
    sessions.session = session;
  });
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
  socket.once('close', () => tell(closedEarly()));
  return socket;
}
