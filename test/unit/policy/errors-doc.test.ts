import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { STATUS_OF } from '../../../src/model/failure.ts';
import { CODE_SUFFIX } from '../../../src/policy/answer.ts';

it('docs/errors.md lists every failure with its status and word, and no other', () => {
  const text = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8');
  const rows = [...text.matchAll(/^\| `([a-z_]+)`\s+\| (\d{3})\s+\| `([a-z_]+)`/gm)].map(([, code, status, word]) => [code, Number(status), word]);
  expect(rows).toEqual(Object.entries(STATUS_OF).map(([code, status]) => [code, status, CODE_SUFFIX[code as keyof typeof STATUS_OF]]));
});
