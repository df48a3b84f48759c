/** Where the load goes: straight to a server, or through a proxy by CONNECT. */
export interface Target {
  readonly port: number;
  readonly tls: boolean;
  readonly path: string;
  /** Port of a forward proxy on loopback: the request then goes through a CONNECT tunnel to `localhost:port`. */
  readonly proxyPort?: number | undefined;
  /** Bytes of a POST body; GET without. */
  readonly upload?: number | undefined;
}

/** What the load generator is asked for: one JSON document on its command line. Times in seconds unless the name says ms. */
export type LoadSpec =
  /** As many requests as go, each connection one at a time; each request on a connection of its own where `fresh`. */
  | { readonly kind: 'closed'; readonly target: Target; readonly connections: number; readonly seconds: number; readonly fresh?: boolean }
  /** Text messages that the origin sends back, one at a time per connection. */
  | { readonly kind: 'websocket'; readonly target: Target; readonly connections: number; readonly seconds: number }
  /** Streams of events that carry their time of sending: so many each, which take so long. */
  | { readonly kind: 'events'; readonly target: Target; readonly connections: number; readonly perStream: number; readonly seconds: number }
  /** Clients that leave at every stage, then requests that all must be served. */
  | { readonly kind: 'storm'; readonly target: Target; readonly large: string; readonly clients: number; readonly waves: number };

/** Loads for several targets. */
export type JointSpec =
  /** As many requests as go, to one target after another, each for so long: a warm-up. Prints the number of requests of each, in their order. */
  | { readonly kind: 'each'; readonly targets: readonly Target[]; readonly connections: number; readonly seconds: number }
  /** One request at a time, each target at this rate. Prints a result for each, in their order. */
  | { readonly kind: 'turns'; readonly targets: readonly Target[]; readonly perSecond: number; readonly seconds: number };

/** What the load generator prints: one line of JSON. */
export interface LoadResult {
  /** Requests, messages or events that came to their end. */
  readonly done: number;
  readonly seconds: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly errors: number;
}
