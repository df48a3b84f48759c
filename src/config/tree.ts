import type { Place } from './problem.ts';

/** A configuration file as it was read, each value with its place, so that files can be merged and still be pointed into. */
export type Tree = MapTree | ListTree | ScalarTree;

/** A map. */
export interface MapTree {
  readonly kind: 'map';
  readonly at: Place;
  readonly entries: ReadonlyMap<string, Entry>;
}

/** One key of a map with its value. */
export interface Entry {
  readonly key: Place;
  readonly value: Tree;
}

/** A list. `index` is an item's number in the file where it was written: after a merge its position differs. */
export interface ListTree {
  readonly kind: 'list';
  readonly at: Place;
  readonly items: readonly { readonly index: number; readonly value: Tree }[];
}

/** A plain value. */
export interface ScalarTree {
  readonly kind: 'scalar';
  readonly at: Place;
  readonly value: unknown;
  readonly quoted: boolean;
  /** Places of each `${` in the value, in order. */
  readonly marks: readonly Place[];
  /** Set where the value came out of variables: their names. */
  readonly variables?: readonly string[];
  /** Set where the whole value is one variable, which may be meant as text or as a number: the other reading. */
  readonly otherwise?: unknown;
}

/** Where a value stands, from the top. */
export type Path = readonly (string | number)[];

/** The value at a path; undefined where there is none. */
export function treeAt(tree: Tree | undefined, path: Path): Tree | undefined {
  return path.reduce<Tree | undefined>((at, step) => childOf(at, step)?.value, tree);
}

/** The place of the key at a path, or of the nearest thing around it that is there. */
export function keyPlace(tree: Tree, path: Path): Place {
  for (let length = path.length; length > 0; length--) {
    const parent = treeAt(tree, path.slice(0, length - 1));
    const entry = childOf(parent, path[length - 1] ?? '');
    if (entry !== undefined) return entry.key;
  }
  return tree.at;
}

/** The place of the value at a path, or of the key of the nearest thing around it that is there. */
export function valuePlace(tree: Tree, path: Path): Place {
  return treeAt(tree, path)?.at ?? keyPlace(tree, path);
}

/** A path as people write it, list items by their number in their own file: `upstreams.supabase.routes.0.match`. */
export function formatPath(tree: Tree | undefined, path: Path): string {
  return path
    .map((step, depth) => {
      const parent = treeAt(tree, path.slice(0, depth));
      return parent?.kind === 'list' && typeof step === 'number' ? (parent.items[step]?.index ?? step) : step;
    })
    .join('.');
}

/** The bare values. Keys whose value is null are left out: null removes what a preset says. */
export function plain(tree: Tree): unknown {
  if (tree.kind === 'scalar') return tree.value;
  if (tree.kind === 'list') return tree.items.map((item) => plain(item.value));
  return Object.fromEntries([...tree.entries].filter(([, entry]) => !isNull(entry.value)).map(([key, entry]) => [key, plain(entry.value)]));
}

/** Whether a value is YAML's null: written as `null`, `~` or nothing. */
export function isNull(tree: Tree | undefined): boolean {
  return tree?.kind === 'scalar' && tree.value === null;
}

function childOf(tree: Tree | undefined, step: string | number): Entry | undefined {
  if (tree?.kind === 'map') return tree.entries.get(String(step));
  const item = tree?.kind === 'list' ? tree.items[Number(step)] : undefined;
  return item && { key: item.value.at, value: item.value };
}

/** The same tree with every plain value replaced. */
export function mapScalars(tree: Tree, change: (scalar: ScalarTree, path: Path) => ScalarTree, path: Path = []): Tree {
  if (tree.kind === 'scalar') return change(tree, path);
  if (tree.kind === 'list') {
    return { ...tree, items: tree.items.map(({ index, value }, at) => ({ index, value: mapScalars(value, change, [...path, at]) })) };
  }
  const entries = [...tree.entries].map(([key, entry]): [string, Entry] => [
    key,
    { ...entry, value: mapScalars(entry.value, change, [...path, key]) },
  ]);
  return { ...tree, entries: new Map(entries) };
}
