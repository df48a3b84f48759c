import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { shownAs } from './compose.ts';
import { parseYaml } from './parse.ts';
import { formatProblem, type Problem } from './problem.ts';
import { readYaml } from './read.ts';
import { type Config, configSchema } from './schema.ts';
import { substitute, type Variables } from './substitute.ts';
import type { MapTree, Tree } from './tree.ts';
import { validate } from './validate.ts';

/** Where a configuration has its admin listener. */
export interface AdminFound {
  readonly admin: Config['admin'];
  /** How that was found: in the file as it is, in what can be read of a broken one, or not at all. */
  readonly from: 'file' | 'its admin block' | 'default';
  /** Why the file does not tell it as it is, with the place. Undefined where it does. */
  readonly problem: string | undefined;
}

/** Where a configuration has its admin listener, whatever else is wrong with it: a sidecar that has refused a file serves on with the one before. Without a file, the default. */
export function loadAdmin(file: string | undefined, env: Variables): AdminFound {
  if (file === undefined) return byDefault(undefined);
  const path = resolve(file);
  const { tree, problems } = readYaml(path, shownAs(path));
  if (tree !== undefined) {
    const found = adminIn(tree, env);
    return found.admin === undefined ? byDefault(found.problem) : { admin: found.admin, from: 'file', problem: undefined };
  }
  const [broken] = problems;
  const block = blockOf(path);
  const admin = block === undefined ? undefined : adminIn(block, env).admin;
  return admin === undefined ? byDefault(broken) : { admin, from: 'its admin block', problem: broken && formatProblem(broken) };
}

function byDefault(problem: Problem | undefined): AdminFound {
  return { admin: configSchema.shape.admin.parse(undefined), from: 'default', problem: problem && formatProblem(problem) };
}

function adminIn(tree: MapTree, env: Variables): { readonly admin: Config['admin'] | undefined; readonly problem: Problem | undefined } {
  const alone = [...tree.entries].filter(([key]) => key === 'admin');
  const version = { key: tree.at, value: { kind: 'scalar', at: tree.at, value: 1, quoted: false, marks: [] } as const };
  const substituted = substitute({ ...tree, entries: new Map([['version', version], ...alone]) }, env);
  const { config, problems } = validate(substituted.tree);
  const [problem] = [...substituted.problems, ...problems];
  return { admin: problem === undefined ? config?.admin : undefined, problem };
}

/** The lines of `admin:` and what is below it in a file that is no YAML as a whole; undefined where there are none that are. */
function blockOf(path: string): MapTree | undefined {
  const lines = linesOf(path);
  const from = lines.findIndex((line) => /^admin[ \t]*:/.test(line));
  if (from < 0) return undefined;
  const length = lines.slice(from + 1).findIndex((line) => /^[^\s#]/.test(line));
  const { tree, problems } = parseYaml(lines.slice(from, length < 0 ? undefined : from + 1 + length).join('\n'), path);
  return problems.length === 0 && isMap(tree) ? tree : undefined;
}

function isMap(tree: Tree | undefined): tree is MapTree {
  return tree?.kind === 'map';
}

function linesOf(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split(/\r?\n/);
  } catch {
    return [];
  }
}
