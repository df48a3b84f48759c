import { existsSync } from 'node:fs';
import { dirname, isAbsolute, relative, resolve } from 'node:path';
import { describeValue } from './expected.ts';
import { mergeTrees } from './merge.ts';
import { presetFile, presetNames } from './presets.ts';
import type { Problem } from './problem.ts';
import { readYaml } from './read.ts';
import { substituteScalar, type Variables } from './substitute.ts';
import { nearest } from './suggest.ts';
import { type Entry, isNull, type MapTree, type ScalarTree, type Tree } from './tree.ts';

/** A configuration with its presets merged in, and the files that it was made of besides its own. */
export interface Composed {
  readonly tree: MapTree;
  readonly problems: readonly Problem[];
  /** Preset files that the user wrote: a change in them asks for a reload. */
  readonly files: readonly string[];
}

/** How a file is named in messages: as seen from the working directory where it is below it. */
export function shownAs(file: string): string {
  const near = relative(process.cwd(), file);
  return near === '' || near.startsWith('..') || isAbsolute(near) ? file : near;
}

/** Merges under each upstream the preset that it names, and that one's own preset under it. Top-level `x-` keys are dropped. */
export function composePresets(tree: MapTree, directory: string, variables: Variables): Composed {
  const composer = new Composer(variables);
  const entries = new Map(withoutOwnKeys(tree).entries);
  const upstreams = entries.get('upstreams');
  if (upstreams?.value.kind === 'map') {
    const merged = [...upstreams.value.entries].map(([name, entry]): [string, Entry] => [
      name,
      { ...entry, value: composer.upstream(name, entry, directory) },
    ]);
    entries.set('upstreams', { ...upstreams, value: { ...upstreams.value, entries: new Map(merged) } });
  }
  return { tree: { ...tree, entries }, problems: composer.problems, files: composer.files };
}

/** A map without the keys that begin with `x-`: places for anchors. */
function withoutOwnKeys(tree: MapTree): MapTree {
  return { ...tree, entries: new Map([...tree.entries].filter(([key]) => !key.startsWith('x-'))) };
}

class Composer {
  readonly problems: Problem[] = [];
  readonly files: string[] = [];
  readonly #variables: Variables;

  constructor(variables: Variables) {
    this.#variables = variables;
  }

  upstream(name: string, entry: Entry, directory: string): Tree {
    const path = `upstreams.${name}`;
    if (!isNull(entry.value)) return this.#withPreset(entry.value, path, directory, []);
    this.problems.push({ ...entry.key, path, message: 'expected settings, got nothing', hint: 'write { preset: NAME } or { origin: URL }' });
    return { kind: 'map', at: entry.key, entries: new Map() };
  }

  #withPreset(tree: Tree, path: string, directory: string, above: readonly string[]): Tree {
    const preset = tree.kind === 'map' ? tree.entries.get('preset')?.value : undefined;
    if (preset?.kind !== 'scalar' || isNull(preset)) return tree;
    const { scalar, problems } = substituteScalar(preset, this.#variables, `${path}.preset`);
    this.problems.push(...problems);
    if (typeof scalar.value !== 'string' || problems.length > 0) return tree;
    const file = this.#find(scalar, `${path}.preset`, directory);
    if (file === undefined) return tree;
    if (above.includes(file)) return this.#refuse(tree, preset, path, 'the preset leads back to itself');
    const { tree: base, problems: found } = readYaml(file, shownAs(file));
    this.problems.push(...found);
    return base === undefined ? tree : mergeTrees(this.#withPreset(withoutOwnKeys(base), path, dirname(file), [...above, file]), tree);
  }

  /** The file that a preset's name means; undefined where there is none. A name with a slash or an ending is a path. */
  #find(preset: ScalarTree, path: string, directory: string): string | undefined {
    const name = String(preset.value);
    if (/[/\\]|\.ya?ml$/.test(name)) {
      const file = resolve(directory, name);
      this.files.push(file);
      if (existsSync(file)) return file;
      this.problems.push({ ...preset.at, path, message: `there is no preset file ${describeValue(preset)}` });
      return undefined;
    }
    const names = presetNames();
    if (names.includes(name)) return presetFile(name);
    const near = nearest(name, names);
    const hint = `${near === undefined ? '' : `did you mean ${near}? `}known: ${names.join(', ')}; or a path such as ./my.yaml`;
    this.problems.push({ ...preset.at, path, message: `unknown preset ${describeValue(preset)}`, hint });
    return undefined;
  }

  #refuse(tree: Tree, preset: ScalarTree, path: string, message: string): Tree {
    this.problems.push({ ...preset.at, path: `${path}.preset`, message });
    return tree;
  }
}
