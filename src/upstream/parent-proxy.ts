import { readFileSync } from 'node:fs';
import type { SecureContext } from 'node:tls';
import type { EgressPath } from '../config/effective.ts';
import { parseParent } from '../config/parent-url.ts';
import { matchesHost } from '../model/hosts.ts';
import { isLoopbackOnly } from '../model/loopback.ts';
import { contextOf } from './secure-context.ts';

/** A proxy that connections to upstreams are made through, by CONNECT. */
export interface ParentProxy {
  readonly host: string;
  readonly port: number;
  /** Its host and port, for messages: never its credentials. */
  readonly name: string;
  /** Set where it is spoken to over TLS. */
  readonly context: SecureContext | undefined;
  /** Value of `Proxy-Authorization`, where it asks for one. */
  readonly authorization: string | undefined;
}

/** A host and a port in a URL's spelling. */
export function hostPort(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Which connections are made through a proxy, and which directly. */
export class Egress {
  /** Tells what it is made of, the content of a CA file included, from other such. */
  readonly fingerprint: string;
  readonly #path: EgressPath;
  readonly #past: readonly string[];
  readonly #roots: string | undefined;
  /** Made when first asked for: the roots of a context cost time and memory. */
  #parent: ParentProxy | undefined;

  /** Throws where the CA file cannot be read. */
  constructor(path: EgressPath) {
    this.#path = path;
    this.#past = path.noProxy.map((host) => host.toLowerCase());
    this.#roots = path.ca === undefined ? undefined : readFileSync(path.ca, 'utf8');
    this.fingerprint = JSON.stringify([path, this.#roots]);
  }

  /** The proxy by which a host is reached; undefined where it is dialled directly. `dialled`: where a direct connection would go, since `resolve:` can name another place. */
  parentFor(host: string, port: number, dialled: string): ParentProxy | undefined {
    if (!this.#path.own && isLoopbackOnly(dialled)) return undefined;
    const full = hostPort(host, port).toLowerCase();
    const name = full.slice(0, full.lastIndexOf(':'));
    const past = this.#past.some((pattern) => matchesHost(pattern, name) || matchesHost(pattern, full));
    return past ? undefined : (this.#parent ??= this.#make());
  }

  #make(): ParentProxy {
    const url = parseParent(this.#path.proxy);
    // checked when the configuration was loaded
    if (url === undefined) throw new Error('the proxy for egress has no URL that can be read');
    const { scheme, host, port, credentials } = url;
    return {
      host,
      port,
      name: hostPort(host, port),
      context: scheme === 'https' ? contextOf({ roots: this.#roots }) : undefined,
      authorization: credentials === undefined ? undefined : `Basic ${Buffer.from(credentials).toString('base64')}`,
    };
  }
}
