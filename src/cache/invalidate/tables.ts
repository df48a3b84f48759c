import { LRUCache } from 'lru-cache';
import type { TablesConfig } from '../../config/schema.ts';
import type { Exchange } from '../../model/exchange.ts';
import { headerList, headerValue } from '../../model/headers.ts';
import { compileTemplate, type PathTemplate } from '../../model/path-template.ts';
import { pathOf, percentDecoded, queryOf } from '../../model/target.ts';
import { scopedTag } from '../tag-names.ts';
import { type Embed, embedsIn } from './embeds.ts';
import { stemOf, stemsWithin } from './junctions.ts';

/** Names known to be tables or views of an upstream at once. */
const KNOWN_TABLES = 2000;

/**
 * Which tables a request reads or writes, as tags. Reads carry their own table and those that they embed, by schema; a write drops its table in its schema (in every schema where
 * it names none) and what the configuration says changes with it. What cannot be told is dropped rather than kept: a read beside the tables (`rpc`) and an embed whose name
 * is no known table depend on every table, and a write beside the tables that says nothing of its effects drops all reads. By which table two others are joined, many to many, only the database
 * knows: where neither a hint nor the configuration tells, it is one whose name holds the name of either.
 */
export class Tables {
  readonly #config: TablesConfig;
  readonly #template: PathTemplate;
  /** A map and no object: a table may be called `constructor`. */
  readonly #also: ReadonlyMap<string, readonly string[]>;
  /** Tables by which an embed without a hint may be joined; undefined where names have to tell. */
  readonly #junctions: readonly string[] | undefined;
  readonly #known = new LRUCache<string, true>({ max: KNOWN_TABLES });

  constructor(config: TablesConfig) {
    this.#config = config;
    this.#template = compileTemplate(config.path);
    this.#also = new Map(Object.entries(config.also ?? {}));
    this.#junctions = config.junctions;
    for (const [table, also] of this.#also) for (const name of [table, ...also]) this.#known.set(name, true);
    for (const table of this.#junctions ?? []) this.#known.set(table, true);
  }

  /** Tags of what a read depends on; none where its path lies elsewhere. */
  readTags(exchange: Exchange): string[] {
    if (!this.covers(exchange)) return [];
    const every = everyTable(exchange);
    const table = this.tableOf(exchange);
    // a function: it may read any
    if (table === undefined) return [every, anyTable(exchange)];
    const schema = headerValue(exchange.headers, 'accept-profile') ?? UNKNOWN;
    const embeds = this.#embeds(exchange);
    const names = [table, ...embeds.flatMap((embed) => this.#readBy(embed))];
    const tags = [every, ...names.flatMap((name) => [scopedTag(exchange.upstream, name), inSchema(exchange, schema, name)])];
    if (embeds.some(({ name }) => !this.#known.has(name))) tags.push(anyTable(exchange));
    if (this.#junctions === undefined && embeds.some(({ hints }) => hints.length === 0))
      for (const name of [table, ...embeds.map((embed) => embed.name)]) tags.push(joining(exchange, stemOf(name)));
    return [...new Set(tags)];
  }

  /**
   * Tags that a write drops. `named`: tables or surrogate keys that the route itself says it drops, which are dropped by their names elsewhere; here goes what may depend on any table, or be joined by
   * one of them. `all`: it says that it drops everything.
   */
  writeTags(exchange: Exchange, named: readonly string[], all: boolean): string[] {
    const changed = this.#changedBy(exchange, named.length > 0 || all);
    if (named.length === 0) return changed;
    return [...changed, anyTable(exchange), ...this.#joinedBy(exchange, named)];
  }

  #changedBy(exchange: Exchange, told: boolean): string[] {
    if (!this.covers(exchange)) return [];
    const table = this.tableOf(exchange);
    if (table === undefined) return told ? [anyTable(exchange)] : [everyTable(exchange)];
    const schema = headerValue(exchange.headers, 'content-profile');
    const changed = [table, ...(this.#also.get(table) ?? [])];
    const tags = changed.flatMap((name) =>
      schema === undefined ? [scopedTag(exchange.upstream, name)] : [inSchema(exchange, schema, name), inSchema(exchange, UNKNOWN, name)],
    );
    return [anyTable(exchange), ...tags, ...this.#joinedBy(exchange, [table])];
  }

  #joinedBy(exchange: Exchange, tables: readonly string[]): string[] {
    if (this.#junctions !== undefined) return [];
    return tables.flatMap(stemsWithin).map((stem) => joining(exchange, stem));
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

  /** The names on which an embed is known to depend. */
  #readBy({ name, hints }: Embed): readonly string[] {
    return hints.length > 0 ? [name, ...hints] : [name, ...(this.#junctions ?? [])];
  }

  #embeds(exchange: Exchange): Embed[] {
    const parameter = this.#config.embeds;
    if (parameter === undefined || !exchange.path.includes('?')) return [];
    return new URLSearchParams(queryOf(exchange.path)).getAll(parameter).flatMap(embedsIn);
  }
}

/** Stands for the schema of a request that names none: it may be any. */
const UNKNOWN = '';

/** A transaction that the client asks to roll back changes nothing. */
export function isRolledBack(exchange: Exchange): boolean {
  const prefer = headerList(exchange.headers, 'prefer');
  return prefer !== undefined && /(?:^|,)\s*tx=rollback\s*(?:,|$)/i.test(prefer);
}

const place = (exchange: Exchange): string => `db:${exchange.upstream}/${exchange.authority}`;
const everyTable = (exchange: Exchange): string => `${place(exchange)}/*`;
const anyTable = (exchange: Exchange): string => `${place(exchange)}/?`;
/** A read that a table whose name holds this stem may join. */
const joining = (exchange: Exchange, stem: string): string => `${place(exchange)}/~${stem}`;
const inSchema = (exchange: Exchange, schema: string, table: string): string => `${place(exchange)}/${schema}.${table}`;
