import type { RouteSettings } from './effective.ts';
import type { BreakerConfig } from './schema.ts';

/** When a breaker opens and for how long, with what holds where neither file nor preset says so. */
export function breakerSettings(config: BreakerConfig) {
  const {
    consecutive = 5,
    ratio,
    window = 10_000,
    minimum = 10,
    slowCall,
    openFor = 60_000,
    openMax = 300_000,
    probes = 1,
    probeTimeout,
    ramp = 0,
  } = config;
  const slow = slowCall === undefined ? undefined : { after: slowCall.after, ratio: slowCall.ratio ?? 1 };
  return { consecutive, ratio, window, minimum, slow, openFor, openMax: Math.max(openFor, openMax), probes, probeTimeout, ramp };
}

/**
 * Routes with the breaker of each named by its `group`. Those of one group, or without any (`default`), share a breaker where they have the same settings. One that
 * differs from the others has a breaker of its own, by its own name: else the first to come would decide for all.
 */
export function withBreakerNames(routes: readonly RouteSettings[], upstream: BreakerConfig | undefined): RouteSettings[] {
  const groups = Map.groupBy(routes.filter(hasBreaker), ({ breaker }) => groupOf(breaker));
  const apart = new Set([...groups.values()].flatMap((members) => deviating(members, settingsOf(upstream))));
  const taken = new Set(groups.keys());
  return routes.map((route) => {
    const { breaker } = route;
    if (breaker === undefined) return route;
    return { ...route, breaker: { ...breaker, group: apart.has(route) ? untaken(route.name, taken) : groupOf(breaker) } };
  });
}

type WithBreaker = RouteSettings & { readonly breaker: BreakerConfig };

function hasBreaker(route: RouteSettings): route is WithBreaker {
  return route.breaker !== undefined && route.breaker.enabled !== false;
}

function groupOf({ group = 'default' }: BreakerConfig): string {
  return group;
}

/** Those of a group that cannot share its breaker: where they do not all agree, all that have other settings than the upstream. */
function deviating(members: readonly WithBreaker[], upstream: string): RouteSettings[] {
  if (new Set(members.map(({ breaker }) => settingsOf(breaker))).size === 1) return [];
  return members.filter(({ breaker }) => settingsOf(breaker) !== upstream);
}

/** What the routes of one breaker have to agree on: when it opens, and for how long. What tells its hosts apart, and whether a route only observes, is each one's own. */
function settingsOf(config: BreakerConfig = {}): string {
  return JSON.stringify(breakerSettings(config));
}

function untaken(name: string, taken: Set<string>): string {
  let found = name;
  for (let n = 2; taken.has(found); n++) found = `${name}-${n}`;
  taken.add(found);
  return found;
}
