import type { Problem } from '../problem.ts';
import type { Config, UpstreamConfig } from '../schema.ts';
import { describeValue } from '../expected.ts';
import { formatPath, keyPlace, type Path, type Tree, treeAt, valuePlace } from '../tree.ts';

/** Settings of a block that checks look at. */
type CheckedKey =
  | 'timeouts'
  | 'retry'
  | 'breaker'
  | 'cache'
  | 'errors'
  | 'classify'
  | 'pushback'
  | 'streaming'
  | 'pace'
  | 'fallback'
  | 'bulkhead'
  | 'quota'
  | 'hedge'
  | 'faults';

/** What the checks look at: settings that fit the schema, where each stands, and a place for what they find. */
export class CheckContext {
  readonly config: Config;
  /** What `config` was made of. */
  readonly tree: Tree;
  readonly problems: Problem[] = [];
  /** What is allowed but worth telling. */
  readonly notes: string[] = [];
  /** What the files said, with what does not fit the schema still in it. */
  readonly #written: Tree;

  constructor(config: Config, tree: Tree, written: Tree) {
    this.config = config;
    this.tree = tree;
    this.#written = written;
  }

  /** Upstreams with their paths. */
  get upstreams(): { name: string; upstream: UpstreamConfig; path: Path }[] {
    return Object.entries(this.config.upstreams).map(([name, upstream]) => ({ name, upstream, path: ['upstreams', name] }));
  }

  /** Blocks in which cascading settings stand: each upstream, then its routes. */
  get blocks(): {
    settings: Pick<UpstreamConfig, CheckedKey>;
    path: Path;
  }[] {
    return this.upstreams.flatMap(({ upstream, path }) => [
      { settings: upstream, path },
      ...(upstream.routes ?? []).map((route, index) => ({ settings: route, path: [...path, 'routes', index] })),
    ]);
  }

  /** Whether something is written at a path, be it right or wrong. List items may have other numbers here. */
  isWritten(path: Path): boolean {
    return treeAt(this.#written, path) !== undefined;
  }

  /** Whether the value at a path stands in the user's own file and not in a preset. */
  isOwn(path: Path): boolean {
    return valuePlace(this.tree, path).file === this.tree.at.file;
  }

  /** The value at a path in words; what a variable held is not shown. */
  shown(path: Path): string {
    return describeValue(treeAt(this.tree, path));
  }

  /** A problem with the value at a path. */
  report(path: Path, message: string, hint?: string): void {
    this.problems.push({ ...valuePlace(this.tree, path), path: formatPath(this.tree, path), message, hint });
  }

  /** Something at a path that is right and likely not meant. */
  note(path: Path, message: string): void {
    const { file, line, column } = valuePlace(this.tree, path);
    this.notes.push(`${file}:${line}:${column} ${formatPath(this.tree, path)}: ${message}`);
  }

  /** A problem with the key at a path. */
  reportKey(path: Path, message: string, hint?: string): void {
    this.problems.push({ ...keyPlace(this.tree, path), path: formatPath(this.tree, path), message, hint });
  }
}
