import { dirname, resolve } from 'node:path';
import { composePresets, shownAs } from './compose.ts';
import { storeFiles, tlsFiles, withAbsolutePaths } from './checks/files.ts';
import { parseYaml } from './parse.ts';
import { presetFile, presetNames, STANDARD_UPSTREAMS } from './presets.ts';
import { type Problem, sortProblems } from './problem.ts';
import { emptyMap, readYaml } from './read.ts';
import type { Config } from './schema.ts';
import { substitute, type Variables } from './substitute.ts';
import { type MapTree, valuePlace } from './tree.ts';
import { validate } from './validate.ts';

/** A configuration ready to run, or everything that is wrong with it. */
export type LoadResult = Loaded | Refused;

/** A configuration ready to run. */
export interface Loaded {
  readonly ok: true;
  readonly config: Config;
  /** The file, absolute; undefined where the standard presets were taken. */
  readonly file: string | undefined;
  /** Files whose change asks for a reload: the configuration's own, presets by path, certificates and keys. Absolute. */
  readonly watched: readonly string[];
  /** What is allowed but worth telling, one line each. */
  readonly notes: readonly string[];
}

/** What is wrong with a configuration: all of it, in the order of the files. */
export interface Refused {
  readonly ok: false;
  readonly problems: readonly Problem[];
  /** Files whose change may mend it: those that would have been watched, and the others that it needs, as far as it could be read. Absolute. */
  readonly watched: readonly string[];
}

/**
 * Reads a configuration file: YAML, presets merged in, variables replaced, checked. Without a file, the standard presets: `whatsapp`, `gemini`, and
 * `supabase` where SUPABASE_URL is set. Never throws for what a file says.
 */
export function loadConfig(file: string | undefined, env: Variables): LoadResult {
  const path = file === undefined ? undefined : resolve(file);
  const notes: string[] = [];
  const { tree, problems } = path === undefined ? standard(env, notes) : readYaml(path, shownAs(path));
  const own = path === undefined ? [] : [path];
  if (tree === undefined) return { ok: false, problems, watched: own };
  const composed = composePresets(tree, path === undefined ? process.cwd() : dirname(path), env);
  const substituted = substitute(composed.tree, env);
  const validated = validate(substituted.tree);
  const all = sortProblems([
    ...problems,
    ...composed.problems,
    ...ofPresets(substituted.problems, composed.tree),
    ...withoutRepeats(validated.problems, [...composed.problems, ...substituted.problems]),
  ]);
  const watched = [...new Set([...own, ...composed.files, ...tlsFiles(substituted.tree)])];
  if (all.length > 0 || validated.config === undefined) {
    return { ok: false, problems: all, watched: [...watched, ...storeFiles(substituted.tree)] };
  }
  const config = withAbsolutePaths(validated.config, validated.tree);
  return { ok: true, config, file: path, watched, notes: [...notes, ...validated.notes] };
}

/** A variable that a preset of ours asks for is missing where the file asks for the preset: there its setting can be written instead. */
function ofPresets(problems: readonly Problem[], tree: MapTree): readonly Problem[] {
  if (problems.length === 0) return problems;
  const names = new Map(presetNames().map((name) => [shownAs(presetFile(name)), name]));
  return problems.map((problem) => {
    const name = names.get(problem.file);
    const [top = '', upstream = '', ...keys] = problem.path.split('.');
    if (name === undefined) return problem;
    const message = `${problem.message}, from which the preset ${name} takes it`;
    const hint = `write ${keys.join('.')}: beside preset:, or set the variable`;
    return { ...valuePlace(tree, [top, upstream, 'preset']), path: problem.path, message, hint };
  });
}

/** A value whose variable or preset is missing is wrong already; that it then fits nothing, or lacks what the preset has, is not told again. */
function withoutRepeats(problems: readonly Problem[], told: readonly Problem[]): Problem[] {
  return problems.filter(({ path }) => path === '' || !told.some((earlier) => earlier.path === path || earlier.path === `${path}.preset`));
}

function standard(env: Variables, notes: string[]): { tree: MapTree; problems: readonly Problem[] } {
  const hasProject = (env['SUPABASE_URL'] ?? '') !== '';
  if (!hasProject) notes.push('SUPABASE_URL is not set: running without the supabase preset');
  const names = Object.entries(STANDARD_UPSTREAMS).filter(([name]) => name !== 'supabase' || hasProject);
  const text = ['version: 1', 'upstreams:', ...names.map(([name, preset]) => `  ${name}: { preset: ${preset} }`)].join('\n');
  const { tree, problems } = parseYaml(text, 'standard presets');
  return { tree: tree?.kind === 'map' ? tree : emptyMap('standard presets'), problems };
}
