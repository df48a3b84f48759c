import { isIP } from 'node:net';
import { isLoopbackOnly } from '../model/loopback.ts';

/** A host and a port, as CONNECT and absolute-form targets name them. */
export interface HostPort {
  /** Lower-case, without a final dot; IPv6 addresses without brackets. */
  readonly host: string;
  readonly port: number;
}

const AUTHORITY = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?$/i;

/** Names that may be no host of a URL: what stands in Punycode can decode to nothing (RFC 3492), and what ends in a number has to be an IPv4 address. */
const DOUBTFUL = /xn--|(?:^|\.)(?:\d+|0x[\da-f]*)\.?$/;

/** Reads `host:port` (RFC 9112 section 3.2.3). Undefined where it is not one, has a user part, is no host of a URL, or names no port and there is no default. */
export function parseAuthority(text: string, defaultPort: number | undefined): HostPort | undefined {
  const parts = AUTHORITY.exec(text);
  if (parts === null) return undefined;
  const [, name = '', digits] = parts;
  const port = digits === undefined ? defaultPort : Number(digits);
  if (port === undefined || port < 1 || port > 65_535) return undefined;
  const host = name.replace(/^\[|\]$/g, '').toLowerCase();
  if (name.startsWith('[') ? isIP(host) !== 6 : DOUBTFUL.test(host) && !URL.canParse(`http://${host}`)) return undefined;
  return { host: host.endsWith('.') ? host.slice(0, -1) : host, port };
}

/** Writes an authority the way the gateway knows hosts: the port is left out where it is `defaultPort`. */
export function authorityOf({ host, port }: HostPort, defaultPort: number): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return port === defaultPort ? name : `${name}:${port}`;
}

/** The name under which a tunnel's host is configured: both schemes leave out their own port. */
export function tunnelName(to: HostPort): string {
  return authorityOf(to, to.port === 80 ? 80 : 443);
}

/** The port that a scheme implies. */
export function defaultPort(scheme: 'http' | 'https'): 443 | 80 {
  return scheme === 'https' ? 443 : 80;
}

/** True for names and addresses that mean this machine. */
export function isLoopback(host: string): boolean {
  return isLoopbackOnly(host) || host.endsWith('.localhost') || host === '0.0.0.0' || host === '::';
}
