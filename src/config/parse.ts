import { isAlias, isMap, isScalar, isSeq, LineCounter, type Pair, parseDocument, type ParsedNode, type YAMLError } from 'yaml';
import type { Place, Problem } from './problem.ts';
import type { Entry, MapTree, ScalarTree, Tree } from './tree.ts';

/** What reading a text as YAML came to: a tree as far as one can be made of it, and what was wrong. */
export interface Parsed {
  readonly tree: Tree | undefined;
  readonly problems: readonly Problem[];
}

/** Aliases can make a small file huge, or endless: past these it is refused. */
const MAX_DEPTH = 64;
const MAX_NODES = 100_000;

/** Reads YAML 1.2 with anchors and merge keys (`<<`). A key that stands twice in a map is a problem, as are several documents in one file. */
export function parseYaml(text: string, file: string): Parsed {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, merge: true, prettyErrors: false });
  const placeOf = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const problems = [...document.errors, ...document.warnings].map((error) => ({ ...placeOf(error.pos[0]), ...wordsFor(error, text) }));
  if (document.errors.some((error) => error.code !== 'DUPLICATE_KEY')) return { tree: undefined, problems: problems.slice(0, 1) };
  const grower = new Grower(text, placeOf, (alias) => alias.resolve(document) as ParsedNode | undefined);
  const tree = document.contents === null ? undefined : grower.grow(document.contents, 0);
  if (grower.problems.length > 0) return { tree: undefined, problems: [...problems, ...grower.problems.slice(0, 1)] };
  return { tree, problems };
}

function wordsFor(error: YAMLError, text: string): Pick<Problem, 'path' | 'message' | 'hint'> {
  if (error.code === 'DUPLICATE_KEY') {
    const key = /^[^\s:]+/.exec(text.slice(error.pos[0]))?.[0] ?? '';
    return { path: '', message: `the key ${key} stands here a second time`, hint: 'each key may stand once in a map' };
  }
  const bare = text.slice(Math.max(0, error.pos[0] - 1), error.pos[0] + 1) === '${';
  const first = (error.message.split('\n')[0] ?? '').replace(/; please use .*$/, '');
  return { path: '', message: `not valid YAML: ${first}`, hint: bare ? 'inside { } and [ ] write variables in quotes: "${NAME}"' : undefined };
}

type AliasNode = Extract<ParsedNode, { source: string; value?: never }>;

/** Turns the nodes of a document into a tree. */
class Grower {
  readonly problems: Problem[] = [];
  readonly #text: string;
  readonly #placeOf: (offset: number) => Place;
  readonly #resolve: (alias: AliasNode) => ParsedNode | undefined;
  #nodes = 0;

  constructor(text: string, placeOf: (offset: number) => Place, resolve: (alias: AliasNode) => ParsedNode | undefined) {
    this.#text = text;
    this.#placeOf = placeOf;
    this.#resolve = resolve;
  }

  grow(node: ParsedNode | null, depth: number, around?: Place): Tree {
    const at = node === null ? around : this.#placeOf(node.range[0]);
    const place = at ?? this.#placeOf(0);
    if (depth > MAX_DEPTH || ++this.#nodes > MAX_NODES) return this.#refuse(place, 'too deep or too large; does an alias contain itself?');
    if (isAlias(node)) {
      const target = this.#resolve(node);
      return target === undefined ? this.#refuse(place, `there is no anchor &${node.source} above`) : this.grow(target, depth + 1);
    }
    if (isMap(node)) return this.#map(node.items, place, depth);
    if (isSeq(node)) {
      const items = node.items.map((item, index) => ({ index, value: this.grow(item, depth + 1, place) }));
      return { kind: 'list', at: place, items };
    }
    return isScalar(node) ? this.#scalar(node, place) : empty(place);
  }

  #map(pairs: Pair<ParsedNode, ParsedNode | null>[], at: Place, depth: number): MapTree {
    const own = new Map<string, Entry>();
    const merged = new Map<string, Entry>();
    for (const { key, value } of pairs) {
      const place = this.#placeOf(key.range[0]);
      if (isScalar(key) && key.source === '<<' && key.type === 'PLAIN') this.#mergeKey(this.grow(value, depth + 1, place), merged);
      else if (!isScalar(key)) this.problems.push({ ...place, path: '', message: 'expected a plain key' });
      else own.set(String(key.value), { key: place, value: this.grow(value, depth + 1, place) });
    }
    return { kind: 'map', at, entries: new Map([...merged, ...own]) };
  }

  /** A merge key's maps, earlier ones before later ones (YAML merge key type). */
  #mergeKey(tree: Tree, into: Map<string, Entry>): void {
    for (const source of tree.kind === 'list' ? tree.items.map((item) => item.value) : [tree]) {
      if (source.kind !== 'map') this.#refuse(source.at, '<< expects a map or a list of maps');
      else for (const [key, entry] of source.entries) if (!into.has(key)) into.set(key, entry);
    }
  }

  #scalar(node: { value: unknown; type?: string; range: [number, number, number] }, at: Place): ScalarTree {
    const raw = this.#text.slice(node.range[0], node.range[1]);
    const marks = typeof node.value === 'string' ? [...raw.matchAll(/\$\{/g)].map((mark) => this.#placeOf(node.range[0] + mark.index)) : [];
    return { kind: 'scalar', at, value: node.value, quoted: node.type !== 'PLAIN', marks };
  }

  #refuse(place: Place, message: string): ScalarTree {
    this.problems.push({ ...place, path: '', message });
    return empty(place);
  }
}

function empty(at: Place): ScalarTree {
  return { kind: 'scalar', at, value: null, quoted: false, marks: [] };
}
