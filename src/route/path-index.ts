import type { PathTemplate } from '../model/path-template.ts';

/** What is found by its place in the order that it was given in. */
interface Ranked<T> {
  readonly rank: number;
  readonly value: T;
}

/** A place in the tree of literal segments. */
interface Node<T> {
  readonly children: Map<string, Node<T>>;
  readonly here: Ranked<T>[];
}

/**
 * Finds the first of many that a path belongs to without trying them all: they stand in a tree by the literal segments that their templates begin with, and only those on the path's
 * own way are tried. Gives what trying all in order would give.
 */
export class PathIndex<T> {
  readonly #root: Node<T> = newNode();
  #count = 0;

  /** Adds one behind all others. `templates`: the paths that it is for; undefined where it is for any. */
  add(value: T, templates: readonly PathTemplate[] | undefined): void {
    const entry = { rank: this.#count++, value };
    const nodes = new Set(templates?.map((template) => this.#nodeOf(literalSegments(template))) ?? [this.#root]);
    for (const node of nodes) node.here.push(entry);
  }

  /** The first, in the order of adding, that `matches` accepts among those that a path may belong to. */
  find(path: string, matches: (value: T) => boolean): T | undefined {
    let best = firstOf(this.#root, Infinity, matches);
    let node: Node<T> | undefined = this.#root;
    let from = 1;
    while (node.children.size > 0 && from <= path.length) {
      const slash = path.indexOf('/', from);
      const to = slash < 0 ? path.length : slash;
      node = node.children.get(path.slice(from, to));
      if (node === undefined) break;
      best = firstOf(node, best?.rank ?? Infinity, matches) ?? best;
      from = to + 1;
    }
    return best?.value;
  }

  #nodeOf(segments: readonly string[]): Node<T> {
    let node = this.#root;
    for (const segment of segments) {
      const next = node.children.get(segment) ?? newNode<T>();
      node.children.set(segment, next);
      node = next;
    }
    return node;
  }
}

function newNode<T>(): Node<T> {
  return { children: new Map(), here: [] };
}

function firstOf<T>(node: Node<T>, before: number, matches: (value: T) => boolean): Ranked<T> | undefined {
  for (const entry of node.here) {
    if (entry.rank > before) return undefined;
    if (matches(entry.value)) return entry;
  }
  return undefined;
}

/** The segments that a matching path must begin with, each whole: one that a placeholder shares is left out. */
function literalSegments({ text, prefix }: PathTemplate): string[] {
  if (!prefix.startsWith('/')) return [];
  const segments = prefix.slice(1).split('/');
  const isWhole = text === prefix || text === `${prefix}/**`;
  if (!isWhole || segments.at(-1) === '') segments.pop();
  return segments;
}
