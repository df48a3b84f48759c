import { join } from 'node:path';
import type { Config } from '../config/schema.ts';
import type { UpstreamPort } from '../listen/upstream-ports.ts';

/** The combined roots for clients: the machine's and our own. */
export function bundlePath(config: Config): string {
  return join(config.intercept.ca, 'ca-bundle.pem');
}

/** The address by which a local backend reaches a listener: a wildcard is reached on loopback. */
export function localUrl({ host, port }: { readonly host: string; readonly port: number }): string {
  const reachable = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}

/** The upstreams' own ports. */
export function portsOf(config: Config): UpstreamPort[] {
  return Object.entries(config.upstreams).flatMap(([upstream, { listen }]) => (listen === undefined ? [] : [{ upstream, ...listen }]));
}

/** All addresses that are served, the main one among them. */
export function addressesOf(config: Config): UpstreamPort[] {
  return [{ upstream: '', ...config.listen }, ...portsOf(config)];
}
