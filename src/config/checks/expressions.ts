import { parseJsonPath } from '../../model/json-path.ts';
import { isCredential } from '../../model/credential-field.ts';
import { FIELD_NAME, PRINTABLE } from '../../model/field-text.ts';
import { HOP_BY_HOP } from '../../model/headers.ts';
import { compileTemplate } from '../../model/path-template.ts';
import { isSecretName } from '../../model/secret-name.ts';
import type { MatchConfig, PrefetchConfig, UsageConfig } from '../schema.ts';
import { type Path, treeAt } from '../tree.ts';
import type { CheckContext } from './context.ts';

/** Everything that is compiled when the proxy starts: path templates, regular expressions, paths into JSON. */
export function checkExpressions(context: CheckContext): void {
  for (const { upstream, path } of context.upstreams) {
    for (const [index, route] of (upstream.routes ?? []).entries()) checkMatch(context, [...path, 'routes', index, 'match'], route.match);
    checkChains(context, [...path, 'prefetch', 'chains'], upstream.prefetch);
    checkUpstreamId(context, [...path, 'upstreamId'], upstream.upstreamId);
    checkUsage(context, [...path, 'usage'], upstream.usage);
    if (upstream.tables === undefined) continue;
    checkTemplate(context, [...path, 'tables', 'path'], upstream.tables.path);
    if (!/\{table[:}]/.test(upstream.tables.path))
      context.report([...path, 'tables', 'path'], 'expected a path with {table} in it, such as /rest/v1/{table}');
  }
  for (const { settings, path } of context.blocks) {
    for (const [index, rule] of (settings.classify ?? []).entries()) {
      const at = [...path, 'classify', index];
      checkJsonPath(context, [...at, 'json'], rule.json);
      checkRegExp(context, [...at, 'matches'], rule.matches);
    }
    for (const [index, rule] of (settings.pushback ?? []).entries()) checkJsonPath(context, [...path, 'pushback', index, 'json'], rule.json);
  }
}

function checkUpstreamId(context: CheckContext, path: Path, list: readonly string[] = []): void {
  for (const [index, place] of list.entries()) {
    const at = [...path, index];
    const [kind, text = ''] = /^(header|json):(.*)$/s.exec(place)?.slice(1) ?? [];
    if (kind === 'json') checkJsonPath(context, at, text);
    if (kind === 'header' && !FIELD_NAME.test(text)) context.report(at, `expected header:NAME such as header:x-request-id, got ${context.shown(at)}`);
    if (isSecretName(text)) context.report(at, `${JSON.stringify(text)} names a secret, which must not be in a log`);
  }
}

function checkUsage(context: CheckContext, path: Path, rules: readonly UsageConfig[] = []): void {
  for (const [index, { header, percent }] of rules.entries()) {
    if (!FIELD_NAME.test(header))
      context.report([...path, index, 'header'], `expected the name of a header, got ${context.shown([...path, index, 'header'])}`);
    for (const [kind, text] of Object.entries(percent)) checkJsonPath(context, [...path, index, 'percent', kind], text);
  }
}

function checkChains(context: CheckContext, path: Path, prefetch: PrefetchConfig | undefined): void {
  for (const [index, { after, ask }] of (prefetch?.chains ?? []).entries()) {
    const before: Path = [...path, index, 'after'];
    if (after.includes('?')) context.report(before, 'a path template has no query', 'every request of the path is followed');
    else checkTemplate(context, before, after);
    for (const [at, { path: target, headers = {} }] of ask.entries()) {
      const item = itemPath(context, [...path, index, 'ask'], at);
      const place = treeAt(context.tree, item)?.kind === 'map' ? [...item, 'path'] : item;
      if (!SENDABLE.test(target) || /#|\{[^{}]*$|\{\}/.test(target))
        context.report(
          place,
          `expected a path and query as it is sent, got ${context.shown(place)}`,
          'write {field} for a value, and other blanks as %20',
        );
      for (const [name, value] of Object.entries(headers)) {
        if (FIELD_NAME.test(name) && PRINTABLE.test(value) && !UNSENDABLE.has(name.toLowerCase()) && !isCredential(name.toLowerCase())) continue;
        context.reportKey(
          [...item, 'headers', name],
          `${JSON.stringify(name)} cannot be set here`,
          'say what is asked for, such as accept; credentials are those of the request before',
        );
      }
    }
  }
}

/** Fields that say how a request goes and not what it asks for. */
const UNSENDABLE: ReadonlySet<string> = new Set([...HOP_BY_HOP, 'host', 'content-length']);
/** What a request line may hold as it is. */
const SENDABLE = /^[\x21-\x7e]+$/;

function checkMatch(context: CheckContext, path: Path, match: MatchConfig): void {
  for (const [index, template] of (match.path ?? []).entries()) checkTemplate(context, itemPath(context, [...path, 'path'], index), template);
  for (const key of ['header', 'query', 'json'] as const) {
    for (const [name, wanted] of Object.entries(match[key] ?? {})) checkRegExp(context, [...path, key, name], /^\/(.+)\/$/.exec(String(wanted))?.[1]);
  }
  for (const name of Object.keys(match.json ?? {}))
    if (parseJsonPath(name) === undefined) context.reportKey([...path, 'json', name], JSON_PATH_EXPECTED);
}

/** Where an item stands that may be written alone instead of in a list. */
function itemPath(context: CheckContext, path: Path, index: number): Path {
  return treeAt(context.tree, path)?.kind === 'list' ? [...path, index] : path;
}

const PLACEHOLDER = /\{[A-Za-z_]\w*(:([^{}]|\{[^{}]*\})+)?\}/g;

function checkTemplate(context: CheckContext, path: Path, template: string): void {
  const why = thrownBy(() => compileTemplate(template));
  if (why !== undefined) return context.report(path, `the path template does not compile: ${why}`);
  const bare = template.replace(PLACEHOLDER, '');
  if (/[{}]/.test(bare))
    context.report(path, 'the path template has a brace too many', 'a placeholder is {name} or {name:regex}, its name of letters, digits and _');
  else if (bare.replace(/\/\*\*$/, '').includes('**')) context.report(path, '** may only stand at the end of a path template');
  else if (template.includes('?')) checkQueryMark(context, path, bare);
  const [, name] = /\/:([A-Za-z_]\w*)/.exec(template.replace(PLACEHOLDER, '*')) ?? [];
  if (name !== undefined) context.note(path, `:${name} stands for itself; a placeholder is {${name}}`);
}

function checkQueryMark(context: CheckContext, path: Path, bare: string): void {
  if (bare.includes('?')) context.report(path, 'a path template has no query', 'write match.query: { name: value }');
}

const JSON_PATH_EXPECTED = 'expected a path into JSON such as error.code or error.details[*].retryDelay';

/** Reports a path into JSON that is none. */
export function checkJsonPath(context: CheckContext, path: Path, text: string | undefined): void {
  if (text !== undefined && parseJsonPath(text) === undefined) context.report(path, `${JSON_PATH_EXPECTED}, got ${context.shown(path)}`);
}

/** Reports a regular expression that does not compile. */
export function checkRegExp(context: CheckContext, path: Path, text: string | undefined): void {
  const why = text === undefined ? undefined : thrownBy(() => new RegExp(text));
  if (why !== undefined) context.report(path, `the regular expression does not compile: ${why}`);
}

function thrownBy(action: () => unknown): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
