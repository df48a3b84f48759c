import type { Database, Row } from './database.ts';
import { RestError } from './errors.ts';
import { columnFilter, type Filter, isLogic, logicFilter } from './filters.ts';
import { ordering } from './order.ts';
import { relatedRows } from './relations.ts';
import { namedColumns, parseSelect, project, type SelectItem } from './select.ts';

/** Which rows the user may see and change. */
export type Visibility = (table: string) => Filter;

const RESERVED = new Set(['select', 'order', 'limit', 'offset', 'columns', 'on_conflict']);

/** The query of one request, cut by embed: `''` is the table itself, `contacts` what begins with `contacts.`. */
export interface Query {
  readonly select: SelectItem[];
  readonly parts: Map<string, [string, string][]>;
}

/** Cuts the query string up. */
export function parseQuery(query: URLSearchParams): Query {
  const select = parseSelect(query.get('select') ?? '*');
  const embeds = new Set(select.flatMap((item) => (item.kind === 'embed' ? [item.as, item.target] : [])));
  const parts = new Map<string, [string, string][]>();
  for (const [name, value] of query) {
    const [first = '', ...rest] = name.split('.');
    const owner = rest.length > 0 && embeds.has(first) ? first : '';
    const own = owner === '' ? name : rest.join('.');
    parts.set(owner, [...(parts.get(owner) ?? []), [own, value]]);
  }
  return { select, parts };
}

/** Rows of the table that the filters of the query choose, in its order, not yet paged. */
export function chooseRows(database: Database, table: string, settings: readonly [string, string][], visible: Visibility): Row[] {
  const { rows } = database.table(table);
  const check = columnChecker(database, table);
  const filters = [visible(table)];
  let order: ((a: Row, b: Row) => number) | undefined;
  for (const [name, value] of settings) {
    if (name === 'order') order = ordering(value, check);
    else if (isLogic(name)) filters.push(logicFilter(name, value, check));
    else if (!RESERVED.has(name)) filters.push(columnFilter(name, value, check));
  }
  const chosen = rows.filter((row) => filters.every((filter) => filter(row)));
  return order === undefined ? chosen : chosen.sort(order);
}

/** The rows as the client asked for them, embeds included. Rows without a match for an `!inner` embed fall out. */
export function represent(database: Database, table: string, rows: readonly Row[], query: Query, visible: Visibility): Row[] {
  const check = columnChecker(database, table);
  for (const column of namedColumns(query.select)) check(column);
  return rows.flatMap((row) => {
    const result = project(row, query.select);
    for (const item of query.select) {
      if (item.kind === 'embed' && !embed(database, table, row, item, query, visible, result)) return [];
    }
    return [result];
  });
}

/** Puts one embed into the result; false where an inner join has no match. */
function embed(
  database: Database,
  table: string,
  row: Row,
  item: SelectItem & { kind: 'embed' },
  query: Query,
  visible: Visibility,
  result: Row,
): boolean {
  const { rows, toOne, target } = relatedRows(database, table, row, item);
  const settings = query.parts.get(item.as) ?? query.parts.get(item.target) ?? [];
  const allowed = new Set(chooseRows(database, target, settings, visible));
  const ordered = settings.some(([name]) => name === 'order')
    ? [...allowed].filter((one) => rows.includes(one))
    : rows.filter((one) => allowed.has(one));
  const { offset, limit } = paging(settings);
  const shown = represent(database, target, ordered.slice(offset, offset + limit), { select: item.items, parts: new Map() }, visible);
  if (item.inner && shown.length === 0) return false;
  if (item.spread) Object.assign(result, shown[0] ?? {});
  else result[item.as] = toOne ? (shown[0] ?? null) : shown;
  return true;
}

/** `offset` and `limit` of the query string. */
export function paging(settings: readonly [string, string][]): { offset: number; limit: number } {
  const read = (wanted: string): string | undefined => settings.find(([name]) => name === wanted)?.[1];
  return { offset: Number(read('offset') ?? 0), limit: Number(read('limit') ?? Infinity) };
}

function columnChecker(database: Database, table: string): (column: string) => void {
  const { columns } = database.table(table);
  return (column) => {
    if (columns.size > 0 && !columns.has(column) && column !== 'count()') throw new RestError('42703', `column ${table}.${column} does not exist`);
  };
}
