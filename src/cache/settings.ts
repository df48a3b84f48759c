import type { RouteSettings } from '../config/effective.ts';
import type { CacheConfig } from '../config/schema.ts';
import type { Exchange } from '../model/exchange.ts';
import { compileTemplate, type PathTemplate } from '../model/path-template.ts';
import { pathOf, percentDecoded } from '../model/target.ts';
import { type KeyOptions, keyOptions } from './request.ts';
import type { Overrides } from './rules/storing.ts';

/** How a route caches, with defaults in place. */
export interface RouteCacheSettings {
  readonly upstream: string;
  readonly route: string;
  /** Everything is sent on; what the cache would have answered is counted. */
  readonly observe: boolean;
  readonly key: KeyOptions;
  readonly overrides: Overrides;
  /** Identical requests at one moment wait for one upstream request. */
  readonly coalesce: boolean;
  /** The operator asked for that: answers that cannot be stored are shared too, as long as nothing in them forbids it. */
  readonly shareUnstored: boolean;
  readonly maxEntry: number;
  /** Surrogate keys of an exchange's answer. */
  readonly tagsOf: (exchange: Exchange) => readonly string[];
}

/** Answers above this are not stored, where the configuration does not say. */
const MAX_ENTRY_BYTES = 1024 * 1024;
/** Statuses to which `ttl` applies, where the configuration does not say. */
const TTL_STATUSES = [200, 203, 206, 301, 308];

/** The settings of a route that caches. */
export function routeCacheSettings(settings: RouteSettings, config: CacheConfig, tablesPath: string | undefined): RouteCacheSettings {
  return {
    upstream: settings.upstream,
    route: settings.name,
    observe: config.mode === 'observe',
    key: keyOptions(config, tablesPath),
    overrides: {
      ttlMs: config.ttl,
      negativeTtlMs: config.negativeTtl,
      statuses: new Set(config.statuses ?? TTL_STATUSES),
      ignoreOrigin: config.ignoreOrigin ?? false,
      force: config.force ?? false,
      staleIfErrorMs: config.staleIfError,
      staleWhileRevalidateMs: config.staleWhileRevalidate,
    },
    coalesce: config.coalesce ?? true,
    shareUnstored: config.coalesce === true,
    maxEntry: config.maxEntry ?? MAX_ENTRY_BYTES,
    tagsOf: tagTemplates(config.tags ?? [], settings.match?.path ?? []),
  };
}

const PLACEHOLDER = /\{([A-Za-z_][A-Za-z0-9_]*)\}/g;
const NO_TAGS: readonly string[] = [];

/** Fills `{name}` in tags from the path as routes read it, its percent-encoding undone; a tag whose name the path does not have is left out. */
export function tagTemplates(tags: readonly string[], paths: readonly string[]): (exchange: Exchange) => readonly string[] {
  if (tags.length === 0) return () => NO_TAGS;
  const fixed = tags.filter((tag) => !tag.includes('{'));
  if (fixed.length === tags.length) return () => fixed;
  const templates = paths.map(compileTemplate);
  return (exchange) => {
    const values = valuesIn(percentDecoded(pathOf(exchange.path)), templates);
    return tags.flatMap((tag) => filled(tag, values));
  };
}

function valuesIn(path: string, templates: readonly PathTemplate[]): Readonly<Record<string, string | undefined>> {
  for (const { pattern } of templates) {
    const groups = pattern.exec(path)?.groups;
    if (groups !== undefined) return groups;
  }
  return {};
}

function filled(tag: string, values: Readonly<Record<string, string | undefined>>): string[] {
  let missing = false;
  const text = tag.replace(PLACEHOLDER, (_all, name: string) => {
    const value = values[name];
    missing ||= value === undefined;
    return value ?? '';
  });
  return missing ? [] : [text];
}
