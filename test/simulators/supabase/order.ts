import type { Row } from './database.ts';
import { reader } from './filters.ts';

/** `order=a.desc,b.asc.nullsfirst` as a comparison; nulls come last when ascending and first when descending, as in PostgreSQL. */
export function ordering(text: string, check: (column: string) => void): (a: Row, b: Row) => number {
  const keys = text.split(',').map((part) => {
    const [column = '', ...words] = part.split('.');
    check(column.split(/->>?/)[0] ?? column);
    const descending = words.includes('desc');
    const nullsFirst = words.includes('nullsfirst') || (descending && !words.includes('nullslast'));
    return { read: reader(column), sign: descending ? -1 : 1, nulls: nullsFirst ? -1 : 1 };
  });
  return (a, b) => {
    for (const { read, sign, nulls } of keys) {
      const difference = compare(read(a), read(b), sign, nulls);
      if (difference !== 0) return difference;
    }
    return 0;
  };
}

function compare(a: unknown, b: unknown, sign: number, nulls: number): number {
  const [aNull, bNull] = [a === null || a === undefined, b === null || b === undefined];
  if (aNull || bNull) return aNull === bNull ? 0 : aNull ? nulls : -nulls;
  if (typeof a === 'number' && typeof b === 'number') return sign * (a - b);
  const [x, y] = [String(a), String(b)];
  return x === y ? 0 : sign * (x < y ? -1 : 1);
}
