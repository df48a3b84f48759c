import { isNull, type Path, type Tree, treeAt } from '../tree.ts';
import type { CheckContext } from './context.ts';

/** How a route turns off what its upstream has, where that is written in no common way. */
const OFF: Readonly<Record<string, string>> = {
  retry: '{ attempts: 1 }',
  pace: '[]',
  faults: '[]',
  repeatable: 'false',
  streaming: 'false',
};
/** Policies with a switch. */
const SWITCHED: ReadonlySet<string> = new Set(['breaker', 'cache', 'hedge', 'resume', 'fallback', 'resend', 'patience', 'guard']);

/** A null takes away what a preset says. On a route, where no preset says anything, it would look as if it turned off what the upstream has, which goes on. */
export function checkNulls(context: CheckContext): void {
  for (const { upstream, path } of context.upstreams) {
    const around = treeAt(context.tree, path);
    for (const index of (upstream.routes ?? []).keys()) checkRoute(context, [...path, 'routes', index], around);
  }
}

function checkRoute(context: CheckContext, path: Path, around: Tree | undefined): void {
  const route = treeAt(context.tree, path);
  if (route?.kind !== 'map') return;
  for (const [key, { value }] of route.entries) {
    if (isNull(value)) checkKey(context, path, [key], around);
    else if (value.kind === 'map') for (const [inner, entry] of value.entries) if (isNull(entry.value)) checkKey(context, path, [key, inner], around);
  }
}

function checkKey(context: CheckContext, route: Path, key: Path, around: Tree | undefined): void {
  const held = treeAt(around, key);
  if (held === undefined || isNull(held)) return;
  const [first = ''] = key.map(String);
  const off = key.length > 1 ? undefined : (OFF[first] ?? (SWITCHED.has(first) ? '{ enabled: false }' : undefined));
  const hint = off === undefined ? 'leave it out, or write what holds here' : `write ${first}: ${off}`;
  context.reportKey([...route, ...key], `nothing is removed here: ${key.join('.')} of the upstream goes on`, hint);
}
