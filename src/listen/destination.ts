import type { Entry } from '../model/exchange.ts';
import type { Gateway, Target } from '../route/gateway.ts';
import { authorityOf, defaultPort, type HostPort, parseAuthority } from './authority.ts';
import type { Door, TunnelDoor } from './door.ts';
import { type Refusal, refusal } from './refusal.ts';

/** Where a request goes. */
export interface Destination {
  readonly type: 'destination';
  readonly target: Target;
  readonly entry: Entry;
  readonly scheme: 'http' | 'https';
  readonly authority: string;
  readonly path: string;
}

/** The parts of a request that name its destination. */
export interface Asked {
  readonly door: Door;
  readonly method: string;
  /** The request target as it stands in the request line. */
  readonly url: string;
  readonly host: string | undefined;
  /** True if a host and port are our own: a request for them must not be sent on. */
  readonly isOwn: (to: HostPort) => boolean;
}

/** What somebody may have taken for the name of an upstream. */
const SHORT_NAME = /^[a-z0-9_-]{1,24}$/;

/** Finds the upstream that a request is for (RFC 9112 section 3.2), or says why there is none. */
export function destinationOf(asked: Asked, gateway: Gateway): Destination | Refusal {
  const { door, url, method } = asked;
  if (url.includes('#')) return refusal(400, 'malformed', 'the request target has a fragment');
  if (url.startsWith('/'))
    return door.kind === 'main'
      ? byPrefix(url, gateway)
      : door.kind === 'port'
        ? byPort(url, door.upstream, gateway)
        : inTunnel(url, door, asked.host, gateway);
  if (url === '*' && method === 'OPTIONS' && door.kind !== 'main')
    return door.kind === 'port' ? byPort(url, door.upstream, gateway) : inTunnel(url, door, asked.host, gateway);
  const absolute = parseAbsolute(url);
  if (absolute === undefined) return refusal(400, 'malformed', 'the request target is neither a path nor an absolute URL');
  if (door.kind === 'tunnel') return inTunnel(absolute.path, door, authorityOf(absolute.to, defaultPort(absolute.scheme)), gateway);
  // a client with HTTP_PROXY or ALL_PROXY set asks the proxy for the proxy: it means a base URL
  if (asked.isOwn(absolute.to)) return door.kind === 'port' ? byPort(absolute.path, door.upstream, gateway) : byPrefix(absolute.path, gateway);
  return byHost(absolute, gateway);
}

function byPrefix(url: string, gateway: Gateway): Destination | Refusal {
  const end = prefixEnd(url);
  const name = url.slice(1, end);
  const target = gateway.byPrefix(name);
  if (target === undefined) return unknownPrefix(name, gateway);
  const rest = url.slice(end);
  return toOrigin(target, 'prefix', rest.startsWith('/') ? rest : `/${rest}`, gateway);
}

function prefixEnd(url: string): number {
  for (let i = 1; i < url.length; i++) {
    const char = url.charCodeAt(i);
    if (char === 0x2f || char === 0x3f) return i;
  }
  return url.length;
}

function byPort(path: string, upstream: string, gateway: Gateway): Destination | Refusal {
  const target = gateway.byPrefix(upstream);
  if (target === undefined) return unknownPrefix(upstream, gateway);
  return toOrigin(target, 'port', path, gateway);
}

function toOrigin(target: Target, entry: Entry, path: string, gateway: Gateway): Destination | Refusal {
  if (target.origin === undefined) {
    return refusal(404, 'unknown_prefix', `the upstream ${target.name} has no origin: it is reached by its host through the forward proxy`, {
      members: { upstreams: gateway.names },
    });
  }
  const { scheme, authority } = target.origin;
  return { type: 'destination', target, entry, scheme, authority, path };
}

function unknownPrefix(name: string, gateway: Gateway): Refusal {
  const known = gateway.names.map((upstream) => `/${upstream}/`).join(' ');
  // the words go to the log: what does not look like a name may be a secret
  const asked = SHORT_NAME.test(name) ? `no upstream is called ${name}` : 'the path names no upstream';
  return refusal(404, 'unknown_prefix', `${asked}: the first part of the path must be one of ${known === '' ? '(none is configured)' : known}`, {
    members: { upstreams: gateway.names },
  });
}

function inTunnel(path: string, door: TunnelDoor, host: string | undefined, gateway: Gateway): Destination | Refusal {
  const { authority, scheme } = door;
  if (host !== undefined && host !== authority && !isSame(host, authority, scheme)) {
    return refusal(421, 'unknown_host', `the tunnel goes to ${authority}, the request is for another host`);
  }
  const target = gateway.byHost(authority);
  return target === undefined ? unknownHost(authority) : { type: 'destination', target, entry: 'connect', scheme, authority, path };
}

function isSame(host: string, authority: string, scheme: 'http' | 'https'): boolean {
  const port = defaultPort(scheme);
  const named = parseAuthority(host, port);
  return named !== undefined && authorityOf(named, port) === authority;
}

/** A request target in absolute form, taken apart. */
export interface Absolute {
  readonly scheme: 'http' | 'https';
  readonly to: HostPort;
  /** Path and query as they stand there; `/` where there is no path. */
  readonly path: string;
}

/** Takes an `http` or `https` URL apart (RFC 9112 section 3.2.2); undefined where it is none, or names a user. */
export function parseAbsolute(url: string): Absolute | undefined {
  const parts = /^(https?):\/\/([^/?]*)(.*)$/is.exec(url);
  if (parts === null) return undefined;
  const [, name = '', authority = '', rest = ''] = parts;
  const scheme = name.toLowerCase() === 'https' ? 'https' : 'http';
  const to = parseAuthority(authority, defaultPort(scheme));
  return to === undefined ? undefined : { scheme, to, path: rest.startsWith('/') ? rest : `/${rest}` };
}

function byHost({ scheme, to, path }: Absolute, gateway: Gateway): Destination | Refusal {
  const authority = authorityOf(to, defaultPort(scheme));
  const target = gateway.byHost(authority);
  if (target !== undefined) return { type: 'destination', target, entry: 'absolute', scheme, authority, path };
  return gateway.isPassthrough(authority) ? tunnelledOnly(authority) : unknownHost(authority);
}

function tunnelledOnly(authority: string): Refusal {
  const detail = `${authority} is in passthrough, which tunnels (CONNECT) and serves no http:// requests: name it in an upstream's hosts or origin, or let the client tunnel to it`;
  return refusal(403, 'unknown_host', detail, { error: 'http_request_denied' });
}

function unknownHost(authority: string): Refusal {
  const detail = `${authority} is not configured: name it in an upstream's hosts or origin to protect it, or in passthrough to tunnel it (CONNECT) untouched`;
  return refusal(403, 'unknown_host', detail, { error: 'http_request_denied' });
}
