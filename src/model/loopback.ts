import { isIP } from 'node:net';

/** True for a host, with or without the brackets of a URL, that this machine alone can reach. A name that only begins like an address is none. */
export function isLoopbackOnly(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || (isIP(host) === 4 && host.startsWith('127.'));
}
