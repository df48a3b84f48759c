import type { Database, Row } from './database.ts';
import { RestError } from './errors.ts';

/** The rows that an embed of this row shows, and whether it is one or many. */
export function relatedRows(
  database: Database,
  table: string,
  row: Row,
  item: { target: string; hint: string | undefined },
): { rows: Row[]; toOne: boolean; target: string } {
  const outward = outwardKey(database, table, item);
  if (outward !== undefined)
    return { ...outward, toOne: true, rows: pick(database, outward.target, database.table(outward.target).primaryKey, row[outward.column]) };
  const inward = database.has(item.target) ? inwardKey(database, table, item) : undefined;
  if (inward === undefined) {
    const details = `Searched for a foreign key relationship between '${table}' and '${item.target}' in the schema 'public', but no matches were found.`;
    throw new RestError('PGRST200', `Could not find a relationship between '${table}' and '${item.target}' in the schema cache`, details);
  }
  return { target: item.target, toOne: false, rows: pick(database, item.target, inward, row[database.table(table).primaryKey]) };
}

/** The column of this table that points at the target; the target may be named by that column (`sender:sender_id(*)`). */
function outwardKey(
  database: Database,
  table: string,
  { target, hint }: { target: string; hint: string | undefined },
): { column: string; target: string } | undefined {
  const { columns } = database.table(table);
  const named = database.relations.find(
    (one) => one.from === table && (one.column === target || (one.to === target && (hint === undefined || hint.includes(one.column)))),
  );
  if (named !== undefined) return { column: named.column, target: named.to };
  const guess = hint !== undefined && columns.has(hint) ? hint : `${singular(target)}_id`;
  if (database.has(target) && columns.has(guess)) return { column: guess, target };
  return undefined;
}

/** The column of the target that points at this table. */
function inwardKey(database: Database, table: string, { target, hint }: { target: string; hint: string | undefined }): string | undefined {
  const named = database.relations.find((one) => one.from === target && one.to === table);
  const guess = hint !== undefined && database.table(target).columns.has(hint) ? hint : `${singular(table)}_id`;
  return named?.column ?? (database.table(target).columns.has(guess) ? guess : undefined);
}

function pick(database: Database, table: string, column: string, value: unknown): Row[] {
  return database.table(table).rows.filter((row) => value !== null && value !== undefined && row[column] === value);
}

function singular(name: string): string {
  return name.endsWith('ies') ? `${name.slice(0, -3)}y` : name.replace(/s$/, '');
}
