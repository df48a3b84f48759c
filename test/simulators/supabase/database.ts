import { randomUUID } from 'node:crypto';
import { RestError } from './errors.ts';

/** A value of a column, as JSON has it. */
export type Row = Record<string, unknown>;

interface Table {
  rows: Row[];
  columns: Set<string>;
  primaryKey: string;
  unique: string[][];
}

/** A foreign key: `from.column` points at the primary key of `to`. */
export interface Relation {
  readonly from: string;
  readonly column: string;
  readonly to: string;
}

/** What happens to a row that is there already. */
export type Conflict = { readonly on: readonly string[]; readonly resolution: 'merge' | 'ignore' } | undefined;

/** Tables of rows, with primary keys, unique constraints and foreign keys; enough of PostgreSQL for clients not to notice. */
export class Database {
  readonly #tables = new Map<string, Table>();
  readonly relations: Relation[] = [];
  /** Rows that were inserted by requests, in order; seeds are not among them. */
  readonly inserted: { readonly table: string; readonly row: Row }[] = [];

  /** Creates the table if it is new, and puts rows into it. */
  seed(name: string, rows: readonly Row[] = [], { primaryKey = 'id', unique = [] as string[][], columns = [] as string[] } = {}): void {
    const table = this.#tables.get(name) ?? { rows: [], columns: new Set(columns), primaryKey, unique };
    this.#tables.set(name, table);
    for (const row of rows) table.rows.push(learn(table, { ...row }));
  }

  table(name: string): Table {
    const table = this.#tables.get(name);
    if (table === undefined) throw new RestError('PGRST205', `Could not find the table 'public.${name}' in the schema cache`);
    return table;
  }

  has(name: string): boolean {
    return this.#tables.has(name);
  }

  /** Inserts rows, all or none; gives those that are there afterwards because of it, and whether any is new. */
  insert(name: string, rows: readonly Row[], conflict: Conflict): { rows: Row[]; created: number } {
    const table = this.table(name);
    const before = table.rows.map((row) => ({ ...row }));
    const result: Row[] = [];
    const created: Row[] = [];
    try {
      for (const given of rows) {
        const row = learn(table, withDefaults(table, given));
        const keys = conflict === undefined || conflict.on.length === 0 ? [table.primaryKey] : conflict.on;
        const existing = conflict === undefined ? undefined : table.rows.find((other) => keys.every((key) => same(other[key], row[key])));
        if (existing === undefined) {
          checkUnique(name, table, row);
          table.rows.push(row);
          created.push(row);
          result.push(row);
        } else if (conflict?.resolution === 'merge') result.push(Object.assign(existing, given));
      }
    } catch (error) {
      table.rows = before;
      throw error;
    }
    for (const row of created) this.inserted.push({ table: name, row });
    return { rows: result, created: created.length };
  }

  /** Runs a write and takes it back where it says so (`Prefer: tx=rollback`). */
  transaction<T>(name: string, rollback: boolean, act: () => T): T {
    if (!rollback) return act();
    const table = this.table(name);
    const before = table.rows.map((row) => ({ ...row }));
    const inserted = this.inserted.length;
    try {
      return act();
    } finally {
      table.rows = before;
      this.inserted.length = inserted;
    }
  }
}

function learn(table: Table, row: Row): Row {
  for (const column of Object.keys(row)) table.columns.add(column);
  return row;
}

function withDefaults(table: Table, given: Row): Row {
  const row: Row = { ...given };
  if (row[table.primaryKey] === undefined) row[table.primaryKey] = nextKey(table);
  for (const column of table.columns) row[column] ??= column === 'created_at' ? new Date().toISOString() : null;
  return row;
}

/** A uuid where keys are strings, else the next integer. */
function nextKey(table: Table): unknown {
  const keys = table.rows.map((row) => row[table.primaryKey]);
  if (keys.some((key) => typeof key === 'string')) return randomUUID();
  return Math.max(0, ...keys.map(Number)) + 1;
}

function checkUnique(name: string, table: Table, row: Row): void {
  for (const columns of [[table.primaryKey], ...table.unique]) {
    const isTaken = table.rows.some((other) => columns.every((column) => row[column] !== null && same(other[column], row[column])));
    if (!isTaken) continue;
    const constraint = columns[0] === table.primaryKey ? `${name}_pkey` : `${name}_${columns.join('_')}_key`;
    const details = `Key (${columns.join(', ')})=(${columns.map((column) => String(row[column])).join(', ')}) already exists.`;
    throw new RestError('23505', `duplicate key value violates unique constraint "${constraint}"`, details);
  }
}

function same(a: unknown, b: unknown): boolean {
  return a !== undefined && String(a) === String(b);
}
