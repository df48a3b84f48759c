import { isObject } from '../../model/json.ts';

/** Values of one row of an answer, as text, by field: `conversation_id`, `account.id`. */
export type Row = ReadonlyMap<string, string>;

/** Fields of a row that are looked at, and how deep they may lie. */
const MAX_FIELDS = 64;
const MAX_DEPTH = 3;
/** Longer names are no fields of a table. */
const MAX_NAME = 64;
/** Longer texts are no keys of anything. */
const MAX_TEXT = 200;

/**
 * The rows of a JSON document, `max` of them at most: the objects of a list, or of the first list of objects in an object (whose own values each of them has too), else the object
 * itself. Texts and whole numbers are values; lists inside of a row are not looked into.
 */
export function rowsOf(document: unknown, max: number): Row[] {
  if (Array.isArray(document)) return document.slice(0, max).flatMap((item) => (isObject(item) ? [rowOf(item)] : []));
  if (!isObject(document)) return [];
  const own = rowOf(document);
  const [name, list] = Object.entries(document).find(([, value]) => Array.isArray(value) && value.some(isObject)) ?? [];
  if (name === undefined || !Array.isArray(list)) return [own];
  return list.slice(0, max).flatMap((item) => (isObject(item) ? [new Map([...own, ...rowOf(item, `${name}.`)])] : []));
}

function rowOf(object: Readonly<Record<string, unknown>>, prefix = ''): Map<string, string> {
  const row = new Map<string, string>();
  collect(row, object, prefix, 1);
  return row;
}

function collect(row: Map<string, string>, object: Readonly<Record<string, unknown>>, prefix: string, depth: number): void {
  for (const [name, value] of Object.entries(object)) {
    if (row.size >= MAX_FIELDS) return;
    if (name.length > MAX_NAME) continue;
    if (isObject(value) && depth < MAX_DEPTH) collect(row, value, `${prefix}${name}.`, depth + 1);
    const text = textOf(value);
    if (text !== undefined) row.set(prefix + name, text);
  }
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? String(value) : undefined;
  return typeof value === 'string' && value !== '' && value.length <= MAX_TEXT && value.isWellFormed() ? value : undefined;
}
