import type { MatchConfig } from '../config/schema.ts';
import type { Exchange } from '../model/exchange.ts';
import { headerValue } from '../model/headers.ts';
import { matchesHost } from '../model/hosts.ts';
import { parseJsonPath } from '../model/json-path.ts';
import { compileTemplate, matchesTemplate, type PathTemplate } from '../model/path-template.ts';
import { documentOf } from '../model/request-body.ts';
import { pathOf, percentDecoded, queryOf } from '../model/target.ts';

/** A request as routes look at it: path and query taken apart once, its JSON body read only if a route asks. */
export class RouteView {
  readonly exchange: Exchange;
  /** Without the query, its percent-encoding undone: for matching alone. */
  readonly path: string;
  #query: URLSearchParams | undefined;

  constructor(exchange: Exchange) {
    this.exchange = exchange;
    this.path = percentDecoded(pathOf(exchange.path));
  }

  /** The query, taken apart when first asked for. */
  get query(): URLSearchParams {
    this.#query ??= new URLSearchParams(queryOf(this.exchange.path));
    return this.#query;
  }

  /** The JSON document in the request body; undefined where it is none or too large to have been kept. */
  get document(): unknown {
    return documentOf(this.exchange.body);
  }
}

/** Whether a request belongs to a route. */
export type Matcher = (view: RouteView) => boolean;

/** Compiles what a route matches; the cheap conditions come first. All of them have to hold. `templates`: its paths, compiled. */
export function compileMatch(match: MatchConfig, templates = templatesOf(match)): Matcher {
  const conditions: Matcher[] = [];
  if (match.method !== undefined) conditions.push(byMethod(match.method));
  if (templates !== undefined) conditions.push((view) => templates.some((template) => matchesTemplate(template, view.path)));
  if (match.host !== undefined) conditions.push(byHost(match.host));
  for (const [name, wanted] of Object.entries(match.header ?? {})) conditions.push(byHeader(name.toLowerCase(), wanted));
  for (const [name, wanted] of Object.entries(match.query ?? {})) conditions.push(byQuery(name, wanted));
  for (const [path, wanted] of Object.entries(match.json ?? {})) conditions.push(byJson(path, String(wanted)));
  return (view) => conditions.every((holds) => holds(view));
}

function byMethod(methods: readonly string[]): Matcher {
  const wanted = new Set(methods);
  return (view) => wanted.has(view.exchange.method);
}

/** The paths that a route matches, compiled; undefined where it matches any. */
export function templatesOf({ path }: MatchConfig): readonly PathTemplate[] | undefined {
  return path?.map(compileTemplate);
}

function byHost(hosts: readonly string[]): Matcher {
  const patterns = hosts.map((host) => host.toLowerCase());
  return (view) => patterns.some((pattern) => matchesHost(pattern, view.exchange.authority));
}

function byHeader(name: string, wanted: string): Matcher {
  const fits = textMatcher(wanted);
  return (view) => fits(headerValue(view.exchange.headers, name));
}

function byQuery(name: string, wanted: string): Matcher {
  const fits = textMatcher(wanted);
  return (view) => fits(view.query.get(name) ?? undefined);
}

function byJson(path: string, wanted: string): Matcher {
  const find = parseJsonPath(path);
  const fits = textMatcher(wanted);
  return (view) => (find?.(view.document) ?? []).some((value) => value !== null && value !== undefined && fits(String(value)));
}

/** `*` is any value, `/.../` a regular expression, anything else the exact value. */
function textMatcher(wanted: string): (value: string | undefined) => boolean {
  if (wanted === '*') return (value) => value !== undefined;
  const expression = /^\/(.+)\/$/.exec(wanted)?.[1];
  if (expression === undefined) return (value) => value === wanted;
  const pattern = new RegExp(expression);
  return (value) => value !== undefined && pattern.test(value);
}
