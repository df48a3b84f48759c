import { createHash } from 'node:crypto';
import { parseYaml } from './parse.ts';
import { PREPARED } from './prepared-presets.ts';
import type { Place } from './problem.ts';
import type { Entry, MapTree, Tree } from './tree.ts';

/**
 * A tree as JSON has it, short: each begins with its kind, line and column. A map goes on with its keys, each as name, line, column and value; a list with its values; a plain value with itself,
 * and line and column of each variable in it.
 */
export type Packed = readonly [kind: 'm' | 'l' | 's' | 'q', line: number, column: number, ...rest: unknown[]];

/** Texts that were read as YAML when the package was built: what each came to, as JSON, by the text's digest. */
export type Prepared = Readonly<Record<string, string>>;

/** What a text is known by. */
export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}

/**
 * What `parseYaml` would make of a text that comes with the package, or undefined for any other text. Reading a preset as YAML is slow in a program that has just been started: a sixth of the whole start.
 */
export function preparedTree(text: string, file: string, prepared: Prepared = PREPARED): MapTree | undefined {
  const packed = prepared[digestOf(text)];
  if (packed === undefined) return undefined;
  const tree = unpack(JSON.parse(packed) as Packed, file);
  return tree.kind === 'map' ? tree : undefined;
}

/** Reads texts as YAML for `preparedTree`. Throws where one has a problem, or what JSON does not know. */
export function prepare(texts: readonly string[]): Prepared {
  const known = texts.map((text) => {
    const { tree, problems } = parseYaml(text, '');
    if (tree === undefined || problems.length > 0) throw new Error(`cannot be prepared: ${problems[0]?.message ?? 'empty'}`);
    return [digestOf(text), JSON.stringify(pack(tree))];
  });
  return Object.fromEntries(known) as Prepared;
}

function pack(tree: Tree): Packed {
  const { line, column } = tree.at;
  if (tree.kind === 'list') return ['l', line, column, ...tree.items.map(({ value }) => pack(value))];
  if (tree.kind === 'map')
    return ['m', line, column, ...[...tree.entries].flatMap(([name, { key, value }]) => [name, key.line, key.column, pack(value)])];
  const { value, quoted, marks } = tree;
  const plain = value === null || typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);
  if (!plain) throw new Error(`cannot be prepared: line ${line} has a value that JSON does not know`);
  return [quoted ? 'q' : 's', line, column, value, ...marks.flatMap((mark) => [mark.line, mark.column])];
}

function unpack([kind, line, column, ...rest]: Packed, file: string): Tree {
  const at: Place = { file, line, column };
  if (kind === 'l') return { kind: 'list', at, items: rest.map((value, index) => ({ index, value: unpack(value as Packed, file) })) };
  if (kind === 'm') return { kind: 'map', at, entries: entriesOf(rest, file) };
  return { kind: 'scalar', at, value: rest[0], quoted: kind === 'q', marks: marksOf(rest as number[], file) };
}

/** The places behind a plain value. */
function marksOf(rest: readonly number[], file: string): Place[] {
  const marks: Place[] = [];
  for (let at = 1; at < rest.length; at += 2) marks.push({ file, line: rest[at] ?? 0, column: rest[at + 1] ?? 0 });
  return marks;
}

function entriesOf(rest: readonly unknown[], file: string): Map<string, Entry> {
  const entries = new Map<string, Entry>();
  for (let at = 0; at < rest.length; at += 4) {
    const [name, line, column, value] = rest.slice(at, at + 4) as [string, number, number, Packed];
    entries.set(name, { key: { file, line, column }, value: unpack(value, file) });
  }
  return entries;
}
