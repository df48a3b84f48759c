import { matchesHost } from '../../model/hosts.ts';
import { templateCovers } from '../../model/path-cover.ts';
import { routesOf } from '../effective.ts';
import type { MatchConfig } from '../schema.ts';
import type { CheckContext } from './context.ts';

/**
 * Tells routes of the user's own file that can never match, since one before them takes all that they would: most often a copy whose condition was forgotten, or a path below
 * one that ends in `/**`. What two expressions have in common is not worked out. A preset's route that a route of the file takes the place of is as it should be.
 */
export function checkShadowedRoutes(context: CheckContext): void {
  for (const { name, upstream, path } of context.upstreams) {
    const routes = routesOf(name, upstream).slice(0, upstream.routes?.length ?? 0);
    for (const [index, route] of routes.entries()) {
      const at = [...path, 'routes', index, 'match'];
      const before = context.isOwn(at) ? routes.slice(0, index).find((earlier) => covers(earlier.match ?? {}, route.match ?? {})) : undefined;
      if (before === undefined) continue;
      context.note(at, `the route ${route.name} can never match: ${before.name} before it takes all that it would`);
    }
  }
}

type Values = readonly string[] | undefined;
type Conditions = Readonly<Record<string, unknown>> | undefined;

/** Whether whatever fits `narrow` fits `wide` too. */
function covers(wide: MatchConfig, narrow: MatchConfig): boolean {
  return (
    isWithin(wide.method, narrow.method, (one, other) => one === other) &&
    isWithin(wide.path, narrow.path, templateCovers) &&
    isWithin(hostsIn(wide), hostsIn(narrow), matchesHost) &&
    holds(lowerCased(wide.header), lowerCased(narrow.header)) &&
    holds(wide.query, narrow.query) &&
    holds(wide.json, narrow.json)
  );
}

/** Whether each of `narrow` is taken by one of `wide`. */
function isWithin(wide: Values, narrow: Values, takes: (one: string, other: string) => boolean): boolean {
  return wide === undefined || (narrow?.every((other) => wide.some((one) => takes(one, other))) ?? false);
}

function hostsIn({ host }: MatchConfig): string[] | undefined {
  return host?.map((one) => one.toLowerCase());
}

/** Whether each condition of `wide` is one of `narrow`; one that any value meets is met by whichever is asked for there. */
function holds(wide: Conditions, narrow: Conditions): boolean {
  return Object.entries(wide ?? {}).every(([name, wanted]) => {
    const asked = narrow?.[name];
    return asked !== undefined && (wanted === '*' || String(wanted) === String(asked));
  });
}

function lowerCased(conditions: Conditions): Conditions {
  return conditions === undefined ? undefined : Object.fromEntries(Object.entries(conditions).map(([name, wanted]) => [name.toLowerCase(), wanted]));
}
