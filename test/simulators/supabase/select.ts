import type { Row } from './database.ts';
import { RestError } from './errors.ts';
import { reader } from './filters.ts';
import { splitTop } from './split.ts';

/** One item of `select=`. */
export type SelectItem =
  | { readonly kind: 'all' }
  | { readonly kind: 'column'; readonly column: string; readonly as: string; readonly cast: string | undefined }
  | {
      readonly kind: 'embed';
      readonly target: string;
      readonly as: string;
      readonly hint: string | undefined;
      readonly inner: boolean;
      readonly spread: boolean;
      readonly items: SelectItem[];
    };

/** Reads `id,alias:name,contacts!fk(name),...account(plan)`. */
export function parseSelect(text: string): SelectItem[] {
  return splitTop(text).map((part) => parseItem(part.trim()));
}

function parseItem(part: string): SelectItem {
  if (part === '*') return { kind: 'all' };
  const [, dots, alias, target, hints, inside] = /^(\.\.\.)?(?:([^:()!]+):(?!:))?([^!()]+)((?:![^!()]+)*)\((.*)\)$/s.exec(part) ?? [];
  if (target !== undefined && inside !== undefined) {
    const marks = (hints ?? '').split('!').filter(Boolean);
    const hint = marks.find((mark) => mark !== 'inner' && mark !== 'left');
    return {
      kind: 'embed',
      target,
      as: alias ?? target,
      hint,
      inner: marks.includes('inner'),
      spread: dots !== undefined,
      items: parseSelect(inside),
    };
  }
  const [, name, source, cast] = /^(?:([^:]+):(?!:))?([^:]+)(?:::(\w+))?$/.exec(part) ?? [];
  if (source === undefined) throw new RestError('PGRST100', `"failed to parse select parameter (${part})" (line 1, column 1)`);
  return { kind: 'column', column: source, as: name ?? source.split(/->>?/).at(-1) ?? source, cast };
}

/** The columns that are named, for the check that they exist. */
export function namedColumns(items: readonly SelectItem[]): string[] {
  return items.flatMap((item) => (item.kind === 'column' ? [item.column.split(/->>?/)[0] ?? item.column] : []));
}

/** The row as selected, without its embeds. */
export function project(row: Row, items: readonly SelectItem[]): Row {
  const result: Row = {};
  for (const item of items) {
    if (item.kind === 'all') Object.assign(result, row);
    if (item.kind !== 'column') continue;
    const value = reader(item.column)(row);
    const asText = item.cast === 'text' || item.column.includes('->>');
    result[item.as] = asText && value !== null && value !== undefined && typeof value !== 'string' ? JSON.stringify(value) : (value ?? null);
  }
  return result;
}
