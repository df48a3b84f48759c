import type { Gateway, Target } from '../route/gateway.ts';
import { HostMap } from '../route/hosts.ts';
import type { UpstreamRuntime } from './runtime.ts';

/** The listener's view of the upstreams of one configuration. */
export function gatewayOf(runtimes: readonly UpstreamRuntime[], passthrough: readonly string[]): Gateway {
  const byName = new Map<string, Target>();
  const byHost = new HostMap<Target>();
  const tunnels = new HostMap<true>();
  for (const runtime of runtimes) {
    byName.set(runtime.name, runtime.target);
    for (const host of runtime.hosts) byHost.set(host, runtime.target);
  }
  for (const host of passthrough) tunnels.set(host.toLowerCase(), true);
  return {
    byPrefix: (name) => byName.get(name),
    byHost: (authority) => byHost.get(authority),
    isPassthrough: (authority) => tunnels.get(authority) ?? tunnels.get(withoutPort(authority)) ?? false,
    names: [...byName.keys()],
  };
}

function withoutPort(authority: string): string {
  return authority.replace(/:\d+$/, '');
}
