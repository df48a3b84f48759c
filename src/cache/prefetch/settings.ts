import { isOn } from '../../config/effective.ts';
import type { PrefetchConfig, UpstreamConfig } from '../../config/schema.ts';
import type { HeaderList } from '../../model/headers.ts';
import { compileTemplate, type PathTemplate } from '../../model/path-template.ts';
import { type KeyOptions, keyOptions } from '../request.ts';
import { parseTarget, type TargetTemplate } from './target.ts';

/** A request that the configuration says follows another. */
export interface WrittenChain {
  readonly after: PathTemplate;
  readonly target: TargetTemplate;
  /** Fields of its own, names lower-case; undefined where it is asked for as it was seen last. */
  readonly headers: HeaderList | undefined;
}

/** How an upstream's next rows are asked for ahead of their clients, with defaults in place. */
export interface PrefetchSettings {
  readonly upstream: string;
  readonly observe: boolean;
  readonly learn: boolean;
  readonly chains: readonly WrittenChain[];
  /** How requests for a path are told apart. */
  readonly keyFor: (path: string) => KeyOptions;
  /** How long an answer waits to be asked for, and how long after an answer a request may come to be its next. */
  readonly withinMs: number;
  /** Rows of one answer that are followed. */
  readonly rows: number;
  readonly concurrent: number;
  /** Chains in a row. */
  readonly depth: number;
  readonly maxEntry: number;
}

const WITHIN_MS = 3000;
const ROWS = 10;
const CONCURRENT = 8;
const DEPTH = 3;
const MAX_ENTRY_BYTES = 256 * 1024;

/** The settings of an upstream that prefetches; undefined where it does not. */
export function prefetchSettings(name: string, upstream: UpstreamConfig): PrefetchSettings | undefined {
  const config = upstream.prefetch;
  if (!isOn(config)) return undefined;
  return {
    upstream: name,
    observe: config.mode === 'observe',
    learn: config.learn ?? true,
    chains: (config.chains ?? []).flatMap(written),
    keyFor: keysOf(upstream),
    withinMs: config.within ?? WITHIN_MS,
    rows: config.rows ?? ROWS,
    concurrent: config.concurrent ?? CONCURRENT,
    depth: config.depth ?? DEPTH,
    maxEntry: config.maxEntry ?? MAX_ENTRY_BYTES,
  };
}

function keysOf({ cache, tables }: UpstreamConfig): (path: string) => KeyOptions {
  const own = keyOptions({ sortQuery: cache?.sortQuery }, tables?.path);
  const { tablesPrefix } = own;
  if (tablesPrefix === undefined) return () => own;
  // parameters of a table stand in no order
  const ofTables = { ...own, sortQuery: true };
  return (path) => (path.startsWith(tablesPrefix) ? ofTables : own);
}

function written({ after, ask }: NonNullable<PrefetchConfig['chains']>[number]): WrittenChain[] {
  const template = compileTemplate(after);
  return ask.map(({ path, headers }) => ({
    after: template,
    target: parseTarget(path),
    headers: headers === undefined ? undefined : Object.entries(headers).flatMap(([name, value]) => [name.toLowerCase(), value]),
  }));
}
