/** A path template, compiled. */
export interface PathTemplate {
  /** The text as configured: the label for metrics. */
  readonly text: string;
  /** What every matching path begins with: checked before the pattern, which costs more. */
  readonly prefix: string;
  readonly pattern: RegExp;
}

/** A placeholder `{name}` or `{name:regex}`; the expression may hold braces of its own (`{id:\d{3}}`). */
const PLACEHOLDER = /\{([A-Za-z_][A-Za-z0-9_]*)(?::((?:[^{}]|\{[^{}]*\})+))?\}/g;

/**
 * Compiles `/v1/{name}/x`: `{name}` takes part of one segment, `{name:regex}` what the expression says, `*` one segment, and a final `/**` the rest. A
 * trailing slash is not part of the match. Throws a SyntaxError where an expression does not compile.
 */
export function compileTemplate(text: string): PathTemplate {
  const rest = text.endsWith('/**');
  const fixed = rest ? text.slice(0, -3) : text;
  let pattern = '';
  let at = 0;
  for (const placeholder of fixed.matchAll(PLACEHOLDER)) {
    pattern += literal(fixed.slice(at, placeholder.index));
    pattern += `(?<${placeholder[1] ?? ''}>${placeholder[2] ?? '[^/]+?'})`;
    at = placeholder.index + placeholder[0].length;
  }
  pattern += literal(fixed.slice(at));
  const prefix = /^[^{*]*/.exec(fixed)?.[0] ?? '';
  return { text, prefix, pattern: new RegExp(`^${pattern}${rest ? '(?:/.*)?' : '/?'}$`) };
}

function literal(text: string): string {
  return text.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '[^/]+');
}

/** Whether a path (without query) matches; percent-encoded letters match their plain form. */
export function matchesTemplate(template: PathTemplate, path: string): boolean {
  return path.startsWith(template.prefix) && template.pattern.test(path);
}
