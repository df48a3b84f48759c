import { FIELD_NAME } from '../../model/field-text.ts';
import type { RouteConfig, UpstreamConfig } from '../schema.ts';
import type { Path } from '../tree.ts';
import type { CheckContext } from './context.ts';
import { checkJsonPath, checkRegExp } from './expressions.ts';

type Scoped = Pick<UpstreamConfig, 'breaker' | 'quota' | 'pace'>;

/**
 * Tags, scopes and keys are made of values of a request. One that nothing can have would be empty for all of them: everybody in one scope, and nobody
 * paced.
 */
export function checkRequestValues(context: CheckContext): void {
  for (const { upstream, path } of context.upstreams) {
    const routes = upstream.routes ?? [];
    for (const { key, at, parts } of partsOf(upstream)) {
      const heirs = routes.filter((route) => (key === 'pace' ? route.pace : route[key]?.scope) === undefined);
      const templates = heirs.flatMap(({ match }) => match.path ?? []);
      checkParts(context, [...path, ...at], parts, templates, 'the path of any route that this holds for');
    }
    for (const [index, route] of routes.entries()) checkRoute(context, [...path, 'routes', index], route);
  }
}

function checkRoute(context: CheckContext, path: Path, route: RouteConfig): void {
  const templates = route.match.path ?? [];
  const inPath = 'the path of this route';
  for (const { at, parts } of partsOf(route)) checkParts(context, [...path, ...at], parts, templates, inPath);
  for (const key of ['cache', 'invalidate'] as const) {
    for (const [index, tag] of (route[key]?.tags ?? []).entries()) {
      for (const [, name = ''] of tag.matchAll(/\{([^}]*)\}/g)) checkPlaceholder(context, [...path, key, 'tags', index], name, templates, inPath);
    }
  }
}

interface Parts {
  readonly key: keyof Scoped;
  readonly at: Path;
  readonly parts: readonly string[];
}

/** The lists of parts that a block writes, each with its place in it. */
function partsOf({ breaker, quota, pace }: Scoped): Parts[] {
  return [
    { key: 'breaker', at: ['breaker', 'scope'], parts: breaker?.scope ?? [] },
    { key: 'quota', at: ['quota', 'scope'], parts: quota?.scope ?? [] },
    ...(pace ?? []).map(({ key = [] }, index): Parts => ({ key: 'pace', at: ['pace', index, 'key'], parts: key })),
  ];
}

function checkParts(context: CheckContext, path: Path, parts: readonly string[], templates: readonly string[], where: string): void {
  for (const [index, part] of parts.entries()) {
    const at = [...path, index];
    const [kind, text] = /^(header|json|path):(.*)$/s.exec(part)?.slice(1) ?? [];
    if (kind === 'path') checkRegExp(context, at, text);
    else if (kind === 'json') checkJsonPath(context, at, text);
    else if (kind === 'header') checkHeader(context, at, text ?? '');
    else if (part !== 'authority' && part !== 'credential') checkPlaceholder(context, at, part.replace(/^\{|\}$/g, ''), templates, where);
  }
}

function checkHeader(context: CheckContext, path: Path, name: string): void {
  if (!FIELD_NAME.test(name)) context.report(path, `expected header:NAME such as header:x-tenant, got ${context.shown(path)}`);
}

function checkPlaceholder(context: CheckContext, path: Path, name: string, templates: readonly string[], where: string): void {
  if (templates.some((template) => template.includes(`{${name}}`) || template.includes(`{${name}:`))) return;
  context.report(path, `there is no placeholder {${name}} in ${where}`);
}
