import type { Problem } from './problem.ts';
import { formatPath, mapScalars, type Path, type ScalarTree, type Tree } from './tree.ts';

/** Variables by name, as the environment has them. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** `$${` is a written-out `${`; `${NAME}` and `${NAME:-default}` are replaced; any other `${` is a mistake. */
const VARIABLE = /\$\$\{|\$\{(?:([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\})?/g;

/** What a text with variables becomes. */
export interface Substituted {
  readonly text: string;
  /** The variables in it, those with a default included. */
  readonly names: readonly string[];
  /** By the number of the `${` in the text: what is wrong with it. */
  readonly mistakes: readonly { readonly mark: number; readonly message: string; readonly hint: string }[];
}

/** Replaces the variables in a text. As in a shell, a default also stands in for a variable that is empty. */
export function substituteText(text: string, variables: Variables): Substituted {
  const names: string[] = [];
  const mistakes: { mark: number; message: string; hint: string }[] = [];
  let mark = -1;
  const replaced = text.replace(VARIABLE, (whole: string, name: string | undefined, fallback: string | undefined) => {
    mark++;
    if (whole === '$${') return '${';
    if (name === undefined) {
      mistakes.push({ mark, message: 'expected ${NAME} or ${NAME:-default}', hint: 'write $${ for a plain ${' });
      return whole;
    }
    names.push(name);
    const value = Object.hasOwn(variables, name) ? variables[name] : undefined;
    if (value !== undefined && (value !== '' || fallback === undefined)) return value;
    if (fallback === undefined) mistakes.push({ mark, message: `the variable ${name} is not set`, hint: `set it, or write \${${name}:-default}` });
    return fallback ?? '';
  });
  return { text: replaced, names, mistakes };
}

/** Replaces the variables in all values of a tree and tells what is wrong with them. Keys are left as they are. */
export function substitute(tree: Tree, variables: Variables): { tree: Tree; problems: Problem[] } {
  const problems: Problem[] = [];
  const change = (scalar: ScalarTree, path: Path): ScalarTree => {
    const { scalar: changed, problems: found } = substituteScalar(scalar, variables, formatPath(tree, path));
    problems.push(...found);
    return changed;
  };
  return { tree: mapScalars(tree, change), problems };
}

/** Replaces the variables in one value. Where the whole value is one variable, it is read again as a plain value, so that `port: ${PORT}` is a number. */
export function substituteScalar(scalar: ScalarTree, variables: Variables, path: string): { scalar: ScalarTree; problems: Problem[] } {
  if (typeof scalar.value !== 'string' || !scalar.value.includes('${')) return { scalar, problems: [] };
  const { text, names, mistakes } = substituteText(scalar.value, variables);
  const problems = mistakes.map(({ mark, message, hint }) => ({ ...(scalar.marks[mark] ?? scalar.at), path, message, hint }));
  if (names.length === 0) return { scalar: { ...scalar, value: text }, problems };
  const whole = /^\$\{[^}]*\}$/.test(scalar.value);
  const read = whole ? readPlain(text) : text;
  if (read === text) return { scalar: { ...scalar, value: text, variables: names }, problems };
  const [value, otherwise] = scalar.quoted ? [text, read] : [read, text];
  return { scalar: { ...scalar, value, otherwise, variables: names }, problems };
}

/** A text as YAML would read it where it is a number or a truth value. */
function readPlain(text: string): string | number | boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  return /^-?(0|[1-9]\d*)(\.\d+)?$/.test(text) ? Number(text) : text;
}
