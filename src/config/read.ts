import { readFileSync } from 'node:fs';
import { parseYaml } from './parse.ts';
import { preparedTree } from './prepared.ts';
import type { Problem } from './problem.ts';
import type { MapTree, Tree } from './tree.ts';

/** A file that was read as a map, or why it was not. */
export interface ReadResult {
  readonly tree: MapTree | undefined;
  readonly problems: readonly Problem[];
}

/** Reads a YAML file whose top is a map. A file that cannot be read is a problem at its line 1. `shown` is its name in messages. */
export function readYaml(file: string, shown: string): ReadResult {
  const text = readText(file);
  if (typeof text !== 'string') return { tree: undefined, problems: [{ file: shown, line: 1, column: 1, path: '', message: whyUnreadable(text) }] };
  const prepared = preparedTree(text, shown);
  if (prepared !== undefined) return { tree: prepared, problems: [] };
  const { tree, problems } = parseYaml(text, shown);
  if (tree === undefined && problems.length === 0) return { tree: emptyMap(shown), problems };
  if (tree === undefined || tree.kind === 'map') return { tree, problems };
  return { tree: undefined, problems: [...problems, notAMap(tree)] };
}

function readText(file: string): string | NodeJS.ErrnoException {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    return error as NodeJS.ErrnoException;
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EISDIR: 'it is a directory',
};

/** Why a file could not be read, for people. */
export function whyUnreadable(error: NodeJS.ErrnoException): string {
  return `cannot be read: ${REASONS[error.code ?? ''] ?? error.message}`;
}

/** A map without keys, at the beginning of a file. */
export function emptyMap(file: string): MapTree {
  return { kind: 'map', at: { file, line: 1, column: 1 }, entries: new Map() };
}

function notAMap(tree: Tree): Problem {
  return { ...tree.at, path: '', message: `expected a map of settings (key: value), got a ${tree.kind === 'list' ? 'list' : 'plain value'}` };
}
