import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type EgressPath, egressOf } from '../config/effective.ts';
import type { Config, UpstreamConfig } from '../config/schema.ts';
import type { Gateway, TunnelEgress } from '../route/gateway.ts';
import { Egress } from '../upstream/parent-proxy.ts';
import { gatewayOf } from './gateway.ts';
import { type RuntimeParts, UpstreamRuntime } from './runtime.ts';

/** One configuration put together: its upstreams at work and the listener's view of them. A reload makes the next. */
export interface Generation {
  readonly config: Config;
  readonly runtimes: readonly UpstreamRuntime[];
  readonly gateway: Gateway;
}

/**
 * Puts a configuration together. An upstream whose settings (and files, and way out) did not change is taken over from `previous` as it is, with its breakers, budget and
 * connections; one that did change keeps the state of its breakers where these have the same settings, and its connections where they are made as before. Throws where an upstream cannot be set up;
 * nothing has changed then.
 */
export function assemble(config: Config, parts: RuntimeParts, previous: Generation | undefined): Generation {
  const known = new Map(previous?.runtimes.map((runtime) => [runtime.name, runtime]));
  const runtimes = Object.entries(config.upstreams).map(([name, upstream]) => {
    const before = known.get(name);
    const egress = egressOf(config.egress, upstream.proxy);
    const fingerprint = fingerprintOf(upstream, egress);
    return before?.fingerprint === fingerprint ? before : new UpstreamRuntime(name, upstream, fingerprint, { ...parts, egress }, before);
  });
  return { config, runtimes, gateway: gatewayOf(runtimes, config.passthrough, tunnelEgress(config, parts)) };
}

/** How passed-through hosts are reached, where not all are dialled directly. */
function tunnelEgress(config: Config, { resolver }: RuntimeParts): TunnelEgress | undefined {
  const path = egressOf(config.egress);
  if (path === undefined) return undefined;
  const egress = new Egress(path);
  return { parentFor: (host, port) => egress.parentFor(host, port, host), resolver };
}

/** The upstreams of `previous` that `next` does not use any more. */
export function retired(previous: Generation, next: Generation): UpstreamRuntime[] {
  return previous.runtimes.filter((runtime) => !next.runtimes.includes(runtime));
}

function fingerprintOf(upstream: UpstreamConfig, egress: EgressPath | undefined): string {
  const hash = createHash('sha256').update(JSON.stringify([upstream, egress]));
  const { ca, cert, key } = upstream.tls ?? {};
  for (const file of [ca, cert, key, egress?.ca]) hash.update(file === undefined ? '-' : readFileSync(file));
  return hash.digest('base64');
}
