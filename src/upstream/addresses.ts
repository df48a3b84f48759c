import type { UpstreamConfig } from '../config/schema.ts';
import { Egress, type ParentProxy } from './parent-proxy.ts';
import type { EgressPath } from '../config/effective.ts';

/** What decides where connections go. */
export type AddressConfig = Pick<UpstreamConfig, 'resolve'> & { readonly egress?: EgressPath | undefined };

/** Where a connection to a host goes. */
export interface Address {
  /** The host's own name or address. */
  readonly name: string;
  /** Name or address to dial: the same, or what `resolve:` says. */
  readonly host: string;
  readonly port: number;
  /** The proxy that dials it; undefined: it is dialled from here. */
  readonly parent: ParentProxy | undefined;
}

/** Where the hosts of an upstream are dialled. */
export class Addresses {
  /** Undefined where all are dialled from here. */
  readonly egress: Egress | undefined;
  readonly #resolve: UpstreamConfig['resolve'];
  /** What `resolve:` says, by host in lower case. */
  readonly #overrides: ReadonlyMap<string, string>;

  /** Throws where a file of the proxy cannot be read. */
  constructor({ resolve, egress }: AddressConfig) {
    this.#resolve = resolve;
    this.#overrides = new Map(typeof resolve === 'object' ? Object.entries(resolve).map(([host, address]) => [host.toLowerCase(), address]) : []);
    this.egress = egress === undefined ? undefined : new Egress(egress);
  }

  /** Where a host is dialled. */
  find(authority: string, scheme: 'http' | 'https'): Address {
    const { hostname, port: written } = new URL(`${scheme}://${authority}`);
    const name = hostname.replace(/^\[|\]$/g, '');
    const port = written === '' ? (scheme === 'https' ? 443 : 80) : Number(written);
    const dialled = this.#override(authority, hostname, name) ?? { host: name, port };
    return { name, ...dialled, parent: this.egress?.parentFor(name, port, dialled.host) };
  }

  /** What `resolve:` says of a host, under the first of these names that it knows. */
  #override(...names: readonly string[]): { host: string; port: number } | undefined {
    const known = names.find((one) => this.#overrides.has(one));
    const text = typeof this.#resolve === 'string' ? this.#resolve : this.#overrides.get(known ?? '');
    if (text === undefined) return undefined;
    const colon = text.lastIndexOf(':');
    return { host: text.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(text.slice(colon + 1)) };
  }
}
