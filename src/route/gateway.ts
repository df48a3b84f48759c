import type { Exchange } from '../model/exchange.ts';
import type { Failure } from '../model/failure.ts';
import type { Reply } from '../model/outcome.ts';
import type { Service } from '../model/service.ts';
import type { DialSettings } from '../upstream/dial.ts';
import type { Resolver } from '../upstream/dns.ts';
import type { AttemptLimits } from '../upstream/limits.ts';
import type { ParentProxy } from '../upstream/parent-proxy.ts';

/** The time limits of an exchange that may become something else than HTTP. */
export interface UpgradeBounds {
  /** `dns`, `connect`, `tls`, `headers` and `attempt` bound the way to the upstream's answer, `idle` all that comes after it. */
  readonly limits: AttemptLimits;
  /** How long the way to the upstream's answer may be in all, in milliseconds. */
  readonly totalMs: number;
}

/** How an upstream is reached by a connection outside of its pools: for exchanges that become something else than HTTP (WebSocket). */
export interface Dialing {
  /** Where and how a host of the upstream is dialled. */
  dialFor(authority: string, scheme: 'http' | 'https'): DialSettings;
  readonly resolver: Resolver;
  /** The time limits of the route that takes an exchange. */
  readonly boundsOf: (exchange: Exchange) => UpgradeBounds;
  /** Why an exchange may not go out, where it may not: a breaker of its route is held open by hand. */
  readonly refuses?: (exchange: Exchange) => Failure | undefined;
}

/** What the listener must know of an upstream to read a request for it and hand it on. */
export interface Target {
  /** The upstream's key in the configuration. */
  readonly name: string;
  /** Where requests by prefix and by port go. Undefined where the upstream has only `hosts` patterns: it is reached by its host alone. */
  readonly origin: { readonly scheme: 'http' | 'https'; readonly authority: string } | undefined;
  /** Request bodies up to this many bytes are read whole before the pipeline starts; larger ones stream. */
  readonly bufferLimit: number;
  /** Finds the route (by method, host, path, headers, JSON body), then runs its layers. */
  readonly serve: Service;
  /** How the route of an exchange answers for a failure that came about before its layers, or beside them. Undefined: as RFC 9457 says. */
  readonly answer?: ((exchange: Exchange, failed: Failure) => Reply) | undefined;
  /** True where `Location` and `Content-Location` reach clients as they are. */
  readonly keepsLocation?: boolean;
  /** For upgrades; where it is undefined they are refused with 501. */
  readonly dialing?: Dialing | undefined;
}

/** How hosts that are tunnelled untouched are reached where not all are dialled from here. */
export interface TunnelEgress {
  /** The proxy by which a host is reached; undefined where it is dialled. */
  parentFor(host: string, port: number): ParentProxy | undefined;
  /** Finds the proxy. */
  readonly resolver: Resolver;
}

/** The upstreams of the running configuration, as the listener finds them. A reload puts another gateway in its place. */
export interface Gateway {
  /** The upstream whose key is the first path segment. */
  byPrefix(name: string): Target | undefined;
  /** The upstream that answers for a host (`graph.facebook.com`, `localhost:8443`; default ports left out), exact hosts before patterns. */
  byHost(authority: string): Target | undefined;
  /** True for hosts that are tunnelled untouched. */
  isPassthrough(authority: string): boolean;
  /** The proxies by which hosts are reached that are tunnelled untouched; absent: all are dialled from here. */
  readonly egress?: TunnelEgress | undefined;
  /** Keys of all upstreams, for messages. */
  readonly names: readonly string[];
}
