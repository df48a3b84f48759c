import { matchesHost } from '../../model/hosts.ts';
import { isLoopbackOnly } from '../../model/loopback.ts';
import { hostsOf } from '../effective.ts';
import type { UpstreamConfig } from '../schema.ts';
import { nearest } from '../suggest.ts';
import { formatPath, type Path } from '../tree.ts';
import type { CheckContext } from './context.ts';

/** Ports, hosts and addresses: nothing may be claimed twice, everything must be reachable by some name. */
export function checkNetwork(context: CheckContext): void {
  if (context.upstreams.length === 0 && context.config.passthrough.length === 0)
    context.notes.push('there are no upstreams: every request is refused');
  checkPorts(context);
  checkHosts(context);
  for (const { upstream, path } of context.upstreams) {
    if (!context.isWritten([...path, 'origin'])) {
      if (!context.isWritten([...path, 'hosts']))
        context.reportKey(path, 'needs an origin', 'write origin: https://HOST, or hosts: [...] for the forward proxy alone');
      else if (upstream.listen !== undefined)
        context.reportKey([...path, 'listen'], 'a port of its own needs an origin to send requests to', 'write origin: https://HOST');
    }
    for (const [index, host] of (upstream.hosts ?? []).entries()) checkHostName(context, [...path, 'hosts', index], host);
    if (typeof upstream.resolve === 'string') checkAddress(context, [...path, 'resolve'], upstream.resolve);
    else
      for (const [host, address] of Object.entries(upstream.resolve ?? {})) {
        checkAddress(context, [...path, 'resolve', host], address);
        checkResolved(context, [...path, 'resolve', host], host, hostsOf(upstream));
      }
  }
  for (const [index, host] of context.config.passthrough.entries()) checkHostName(context, ['passthrough', index], host);
}

/** A port of ours. */
export interface Claim {
  readonly path: Path;
  readonly host: string;
  readonly port: number;
}

/** The ports that a configuration asks for. */
export function claimsOf({ config, upstreams }: CheckContext): Claim[] {
  const own = upstreams.flatMap(({ upstream, path }) => (upstream.listen === undefined ? [] : [{ path: [...path, 'listen'], ...upstream.listen }]));
  return [{ path: ['listen'], ...config.listen }, { path: ['admin'], ...config.admin }, ...own];
}

function checkPorts(context: CheckContext): void {
  const { config } = context;
  const claims = claimsOf(context);
  for (const [at, claim] of claims.entries()) {
    const other = claims.slice(0, at).find((earlier) => earlier.port === claim.port && claim.port !== 0 && overlap(earlier.host, claim.host));
    if (other === undefined) continue;
    const later = context.isWritten([...claim.path, 'port']) ? claim : other;
    const earlier = later === claim ? other : claim;
    context.report(
      [...later.path, 'port'],
      `port ${claim.port} is taken by ${formatPath(context.tree, earlier.path)} already`,
      'choose another, or 0 for any free one',
    );
  }
  checkLoops(context, claims);
  for (const { path, host } of claims) {
    const isGuarded = path[0] === 'admin' && config.admin.token !== undefined;
    if (!isLoopbackOnly(host) && !isGuarded)
      context.notes.push(`${formatPath(context.tree, path)} is on ${host}: whoever reaches it uses your credentials`);
  }
}

/** An upstream that is this proxy, by its origin or by the address that is dialled instead, would be asked by itself without end. */
function checkLoops(context: CheckContext, claims: readonly Claim[]): void {
  for (const { upstream, path } of context.upstreams) {
    for (const { at, hostname, port } of dialled(upstream)) {
      const own = claims.find((claim) => claim.port === port && isLoopbackOnly(hostname) && overlap(claim.host, hostname));
      if (own === undefined) continue;
      const message = `requests would lead back to ${formatPath(context.tree, own.path)} of this proxy`;
      context.report(
        [...path, ...at],
        message,
        at[0] === 'origin' ? 'write the address of the upstream, or resolve' : 'write the address of the upstream',
      );
    }
  }
}

/** Where connections to an upstream go, each with the setting that says so. What does not read as an address is told elsewhere. */
function dialled({ origin, resolve }: UpstreamConfig): { readonly at: Path; readonly hostname: string; readonly port: number }[] {
  if (resolve === undefined) {
    if (origin === undefined) return [];
    const { protocol, hostname, port } = new URL(origin);
    return [{ at: ['origin'], hostname, port: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port) }];
  }
  const addresses =
    typeof resolve === 'string'
      ? [{ at: ['resolve'], address: resolve }]
      : Object.entries(resolve).map(([host, address]) => ({ at: ['resolve', host], address }));
  return addresses.map(({ at, address }) => {
    const colon = address.lastIndexOf(':');
    return { at, hostname: address.slice(0, colon), port: Number(address.slice(colon + 1)) };
  });
}

/** Whether two hosts to listen on take the same port from each other. */
export function overlap(a: string, b: string): boolean {
  const every = new Set(['0.0.0.0', '::', '[::]']);
  const same = (host: string): string => (host === 'localhost' ? '127.0.0.1' : host);
  return same(a) === same(b) || every.has(a) || every.has(b);
}

function checkHosts(context: CheckContext): void {
  const owners = new Map<string, string>();
  for (const [index, host] of context.config.passthrough.entries()) owners.set(host.toLowerCase(), `passthrough.${index}`);
  for (const { name, upstream, path } of context.upstreams) {
    for (const host of hostsOf(upstream)) {
      const owner = owners.get(host);
      owners.set(host, path.join('.'));
      if (owner === undefined) continue;
      const listed = (upstream.hosts ?? []).findIndex((listedHost) => listedHost.toLowerCase() === host);
      const place = listed < 0 ? [...path, 'origin'] : [...path, 'hosts', listed];
      context.report(place, `the host ${host} belongs to ${owner} already`, `a request for it could not tell ${name} from the other`);
    }
  }
}

const HOST_NAME = /^(\*\.)?([a-z0-9_]([a-z0-9_-]*[a-z0-9_])?\.)*[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(:\d{1,5})?$|^\[[0-9a-f:.]+\](:\d{1,5})?$/i;

/** A host or a pattern, as all lists of hosts have them. */
export function checkHostName(context: CheckContext, path: Path, host: string): void {
  if (HOST_NAME.test(host)) return;
  const hint = host.includes('://') ? 'without the scheme' : host.includes('*') ? '* may only stand first, before a dot' : undefined;
  context.report(path, `expected a host such as api.example.com or *.example.com, got ${context.shown(path)}`, hint);
}

function checkAddress(context: CheckContext, path: Path, address: string): void {
  const port = /^(?:\[[0-9a-f:.]+\]|[^\s:/@[\]]+):(\d{1,5})$/i.exec(address)?.[1];
  const number = Number(port);
  if (port !== undefined && number > 0 && number <= 65_535) return;
  context.report(
    path,
    `expected host:port such as 127.0.0.1:9443, got ${context.shown(path)}`,
    address.includes('://') ? 'without the scheme' : undefined,
  );
}

/** What is said of a host that the upstream does not have would be said to nobody: requests would go where they were meant not to. */
function checkResolved(context: CheckContext, path: Path, written: string, hosts: readonly string[]): void {
  if (hosts.length === 0) return;
  if (written.startsWith('*.'))
    return context.reportKey(path, 'a pattern cannot be dialled elsewhere', 'write each host, or resolve: host:port for all');
  const name = written.toLowerCase();
  const known = hosts.some((host) => matchesHost(host, name) || matchesHost(withoutPort(host), name) || withoutPort(host) === `[${name}]`);
  if (known) return;
  const near = nearest(name, hosts);
  context.reportKey(path, 'is no host of this upstream', near === undefined ? `its hosts are ${hosts.join(', ')}` : `did you mean ${near}?`);
}

function withoutPort(host: string): string {
  return host.replace(/:\d{1,5}$/, '');
}
