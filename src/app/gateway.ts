import type { Gateway, Target, TunnelEgress } from '../route/gateway.ts';
import { HostMap } from '../route/hosts.ts';

/** An upstream as the listener finds it: by its name and by its hosts (`*.example.com` for a pattern). */
export interface Reached {
  readonly name: string;
  readonly hosts: readonly string[];
  readonly target: Target;
}

/** The listener's view of the upstreams of one configuration. */
export function gatewayOf(upstreams: readonly Reached[], passthrough: readonly string[], egress?: TunnelEgress): Gateway {
  const byName = new Map<string, Target>();
  const byHost = new HostMap<Target>();
  const tunnels = new HostMap<true>();
  for (const { name, hosts, target } of upstreams) {
    byName.set(name, target);
    for (const host of hosts) byHost.set(host, target);
  }
  for (const host of passthrough) tunnels.set(host.toLowerCase(), true);
  return {
    byPrefix: (name) => byName.get(name),
    byHost: (authority) => byHost.get(authority),
    isPassthrough: (authority) => tunnels.get(authority) ?? tunnels.get(withoutPort(authority)) ?? false,
    egress,
    names: [...byName.keys()],
  };
}

function withoutPort(authority: string): string {
  return authority.replace(/:\d+$/, '');
}
