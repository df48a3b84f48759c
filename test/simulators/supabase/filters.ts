import type { Row } from './database.ts';
import { RestError } from './errors.ts';
import { splitTop, unquote } from './split.ts';

/** Whether a row is chosen. */
export type Filter = (row: Row) => boolean;

const LOGIC = new Set(['and', 'or', 'not.and', 'not.or']);

/** Whether a query parameter of this name is a logic tree and not a column. */
export function isLogic(name: string): boolean {
  return LOGIC.has(name);
}

/** `column=eq.5`: a filter on one column. `check` is told each column that is named. */
export function columnFilter(column: string, condition: string, check: (column: string) => void): Filter {
  const [base = column] = column.split(/->>?/);
  check(base);
  const value = reader(column);
  const negated = condition.startsWith('not.');
  const [operator = '', ...rest] = (negated ? condition.slice(4) : condition).split('.');
  const test = tester(operator, rest.join('.'), condition);
  // A comparison with NULL is neither true nor false, so NOT does not make it true.
  return (row) => {
    const found = value(row);
    if ((found === null || found === undefined) && operator !== 'is') return false;
    return test(found) !== negated;
  };
}

/** `or=(a.eq.1,and(b.is.null,c.gt.2))`: a logic tree. */
export function logicFilter(name: string, text: string, check: (column: string) => void): Filter {
  const negated = name.startsWith('not.');
  const inner = /^\((.*)\)$/s.exec(text)?.[1];
  if (inner === undefined) throw new RestError('PGRST100', `"failed to parse logic tree (${text})" (line 1, column 1)`);
  const parts = splitTop(inner).map((part) => logicPart(part.trim(), check));
  const all = name.endsWith('and');
  return (row) => (all ? parts.every((part) => part(row)) : parts.some((part) => part(row))) !== negated;
}

function logicPart(part: string, check: (column: string) => void): Filter {
  const [, nested, tree] = /^((?:not\.)?(?:and|or))(\(.*\))$/s.exec(part) ?? [];
  if (nested !== undefined && tree !== undefined) return logicFilter(nested, tree, check);
  const dot = part.indexOf('.');
  if (dot < 1) throw new RestError('PGRST100', `"failed to parse logic tree (${part})" (line 1, column 1)`);
  return columnFilter(part.slice(0, dot), part.slice(dot + 1), check);
}

/** Reads `column`, `column->key` and `column->>key`. */
export function reader(column: string): (row: Row) => unknown {
  const [base = column, ...steps] = column.split(/->>?/);
  return (row) =>
    steps.reduce<unknown>((value, step) => (typeof value === 'object' && value !== null ? (value as Row)[unquote(step)] : undefined), row[base]);
}

function tester(operator: string, argument: string, whole: string): (value: unknown) => boolean {
  const wanted = unquote(argument);
  switch (operator) {
    case 'eq':
      return (value) => compare(value, wanted) === 0;
    case 'neq':
      return (value) => compare(value, wanted) !== 0;
    case 'gt':
      return (value) => compare(value, wanted) > 0;
    case 'gte':
      return (value) => compare(value, wanted) >= 0;
    case 'lt':
      return (value) => compare(value, wanted) < 0;
    case 'lte':
      return (value) => compare(value, wanted) <= 0;
    case 'like':
    case 'ilike':
      return like(wanted, operator === 'ilike' ? 'is' : 's');
    case 'match':
    case 'imatch':
      return (value) => new RegExp(wanted, operator === 'imatch' ? 'i' : '').test(text(value));
    case 'in': {
      const members = list(argument, '()');
      return (value) => members.some((member) => compare(value, member) === 0);
    }
    case 'is':
      return is(argument, whole);
    case 'cs': {
      const members = list(argument, '{}');
      return (value) => Array.isArray(value) && members.every((member) => value.some((item) => compare(item, member) === 0));
    }
    case 'ov': {
      const members = list(argument, '{}');
      return (value) => Array.isArray(value) && members.some((member) => value.some((item) => compare(item, member) === 0));
    }
    default:
      throw new RestError(
        'PGRST100',
        `"failed to parse filter (${whole})" (line 1, column 1)`,
        `unexpected "${operator.charAt(0)}" expecting "not" or operator (eq, gt, ...)`,
      );
  }
}

/** Below, equal or above; by number where the value is one, else as text. */
function compare(value: unknown, wanted: string): number {
  if (typeof value === 'number') return value - Number(wanted);
  const own = text(value);
  if (own === wanted) return 0;
  return own < wanted ? -1 : 1;
}

function text(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** `*` stands for `%`. */
function like(pattern: string, flags: string): (value: unknown) => boolean {
  const source = pattern
    .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
    .replace(/[*%]/g, '.*')
    .replace(/_/g, '.');
  const regexp = new RegExp(`^${source}$`, flags);
  return (value) => regexp.test(text(value));
}

function is(argument: string, whole: string): (value: unknown) => boolean {
  switch (argument.toLowerCase()) {
    case 'null':
    case 'unknown':
      return (value) => value === null || value === undefined;
    case 'not_null':
      return (value) => value !== null && value !== undefined;
    case 'true':
      return (value) => value === true;
    case 'false':
      return (value) => value === false;
    default:
      throw new RestError('PGRST100', `"failed to parse filter (${whole})" (line 1, column 4)`);
  }
}

function list(argument: string, brackets: string): string[] {
  if (argument.at(0) !== brackets.at(0) || argument.at(-1) !== brackets.at(-1))
    throw new RestError('PGRST100', `"failed to parse filter (${argument})" (line 1, column 1)`);
  return splitTop(argument.slice(1, -1)).map(unquote);
}
