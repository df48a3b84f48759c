import { LRUCache } from 'lru-cache';
import type { TablesConfig } from '../../config/schema.ts';
import type { Exchange } from '../../model/exchange.ts';
import { headerList, headerValue } from '../../model/headers.ts';
import type { Reply } from '../../model/outcome.ts';
import { compileTemplate, type PathTemplate } from '../../model/path-template.ts';
import { pathOf, percentDecoded, queryOf } from '../../model/target.ts';
import { anyTableTag, scopedTag } from '../tag-names.ts';
import { isDisguised } from './disguise.ts';
import { type Embed, embedsIn } from './embeds.ts';

/** Names known to be tables or views of an upstream at once. */
const KNOWN_TABLES = 2000;

/** What a read depends on: the tables and views that it names, and its hints. */
export interface Dependence {
  readonly names: readonly string[];
  /** Embeds whose names are no tables seen so far: they may be foreign keys, or functions. */
  readonly unknown: readonly string[];
  /** Embeds that any table may join, many to many: nothing says by which they are. */
  readonly unjoined: readonly string[];
}

/**
 * Which tables a request reads or writes, as tags. Reads carry their own table and those that they embed, by schema; a write drops its table in its schema (in every schema where
 * it names none) and what the configuration says changes with it. What cannot be told is dropped rather than kept: a read beside the tables (`rpc`) and an embed whose name
 * is no known table depend on every table, and a write beside the tables that says nothing of its effects drops all reads. By which table two others are joined, many to many, only the database
 * knows: where neither a hint nor the configuration tells, it may be any.
 */
export class Tables {
  readonly #config: TablesConfig;
  readonly #template: PathTemplate;
  /** A map and no object: a table may be called `constructor`. */
  readonly #also: ReadonlyMap<string, readonly string[]>;
  readonly #known = new LRUCache<string, true>({ max: KNOWN_TABLES });
  readonly #unjoined: (exchange: Exchange, embed: string) => void;

  /** `unjoined` is told of each read with an embed that any table may join. */
  constructor(config: TablesConfig, unjoined: (exchange: Exchange, embed: string) => void) {
    this.#config = config;
    this.#unjoined = unjoined;
    this.#template = compileTemplate(config.path);
    this.#also = new Map(Object.entries(config.also ?? {}));
    for (const [table, also] of this.#also) for (const name of [table, ...also]) this.#known.set(name, true);
    for (const table of config.junctions ?? []) this.#known.set(table, true);
  }

  /** Tags of what a read depends on; none where its path lies elsewhere. */
  readTags(exchange: Exchange): string[] {
    if (!this.covers(exchange)) return [];
    const every = everyTable(exchange);
    const table = this.tableOf(exchange);
    // a function: it may read any
    if (table === undefined) return [every, anyTableTag(exchange.upstream)];
    const schema = headerValue(exchange.headers, 'accept-profile') ?? UNKNOWN;
    const { names, unknown, unjoined } = this.#dependence(exchange, table);
    const tags = [every, ...names.flatMap((name) => [scopedTag(exchange.upstream, name), inSchema(exchange, schema, name)])];
    if (unknown.length > 0 || unjoined.length > 0) tags.push(anyTableTag(exchange.upstream));
    if (unjoined[0] !== undefined) this.#unjoined(exchange, unjoined[0]);
    return [...new Set(tags)];
  }

  /** What a read of a table depends on; undefined where that may be anything, or its path lies elsewhere. */
  dependenceOf(exchange: Exchange): Dependence | undefined {
    const table = this.tableOf(exchange);
    return table === undefined ? undefined : this.#dependence(exchange, table);
  }

  #dependence(exchange: Exchange, table: string): Dependence {
    const { junctions } = this.#config;
    const embeds = this.#embeds(exchange);
    const unhinted = embeds.filter(({ hints }) => hints.length === 0).map(({ name }) => name);
    const joining = unhinted.length > 0 ? (junctions ?? []) : [];
    return {
      names: [table, ...embeds.flatMap(({ name, hints }) => [name, ...hints]), ...joining],
      unknown: embeds.map(({ name }) => name).filter((name) => !this.#known.has(name)),
      unjoined: junctions === undefined ? unhinted : [],
    };
  }

  /**
   * Tags that a write drops. `named`: tables or surrogate keys that the route itself says it drops, which are dropped by their names elsewhere; here goes what may depend on any table. `all`: it says
   * that it drops everything.
   */
  writeTags(exchange: Exchange, named: readonly string[], all: boolean): string[] {
    const changed = this.#changedBy(exchange, named.length > 0 || all);
    return named.length === 0 ? changed : [...changed, anyTableTag(exchange.upstream)];
  }

  #changedBy(exchange: Exchange, told: boolean): string[] {
    if (!this.covers(exchange)) return isDisguised(this.#template.prefix, exchange.path) ? [everyTable(exchange)] : [];
    const table = this.tableOf(exchange);
    if (table === undefined) return told ? [anyTableTag(exchange.upstream)] : [everyTable(exchange)];
    const schema = headerValue(exchange.headers, 'content-profile');
    const changed = [table, ...(this.#also.get(table) ?? [])];
    const tags = changed.flatMap((name) =>
      schema === undefined ? [scopedTag(exchange.upstream, name)] : [inSchema(exchange, schema, name), inSchema(exchange, UNKNOWN, name)],
    );
    return [anyTableTag(exchange.upstream), ...tags];
  }

  /** Whether a path lies where the tables do. */
  covers(exchange: Exchange): boolean {
    return exchange.path.startsWith(this.#template.prefix);
  }

  /** A request on a table succeeded: its name is one. */
  learn(exchange: Exchange): void {
    const table = this.tableOf(exchange);
    if (table !== undefined && !this.#known.has(table)) this.#known.set(table, true);
  }

  /** The table that a path names. */
  tableOf(exchange: Exchange): string | undefined {
    const path = pathOf(exchange.path);
    if (!path.startsWith(this.#template.prefix)) return undefined;
    const name = this.#template.pattern.exec(path)?.groups?.['table'];
    return name === undefined ? undefined : percentDecoded(name);
  }

  #embeds(exchange: Exchange): Embed[] {
    const parameter = this.#config.embeds;
    if (parameter === undefined || !exchange.path.includes('?')) return [];
    return new URLSearchParams(queryOf(exchange.path)).getAll(parameter).flatMap(embedsIn);
  }
}

/** Stands for the schema of a request that names none: it may be any. */
const UNKNOWN = '';

/** A transaction that was rolled back, as the client asked, changes nothing. It is not where the server does not say so: unless it is told to allow that, it commits. */
export function isRolledBack(reply: Reply | undefined): boolean {
  const applied = reply === undefined ? undefined : headerList(reply.headers, 'preference-applied');
  return applied !== undefined && /(?:^|,)\s*tx=rollback\s*(?:,|$)/i.test(applied);
}

const place = (exchange: Exchange): string => `db:${exchange.upstream}/${exchange.authority}`;
const everyTable = (exchange: Exchange): string => `${place(exchange)}/*`;
const inSchema = (exchange: Exchange, schema: string, table: string): string => `${place(exchange)}/${schema}.${table}`;
