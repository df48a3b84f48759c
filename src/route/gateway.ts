import type { Service } from '../model/service.ts';

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
}

/** The upstreams of the running configuration, as the listener finds them. A reload puts another gateway in its place. */
export interface Gateway {
  /** The upstream whose key is the first path segment. */
  byPrefix(name: string): Target | undefined;
  /** The upstream that answers for a host (`graph.facebook.com`, `localhost:8443`; default ports left out), exact hosts before patterns. */
  byHost(authority: string): Target | undefined;
  /** True for hosts that are tunnelled untouched. */
  isPassthrough(authority: string): boolean;
  /** Keys of all upstreams, for messages. */
  readonly names: readonly string[];
}
