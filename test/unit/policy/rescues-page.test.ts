import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { upstream } from '../../../src/config/schema/upstream.ts';

const page = readFileSync(resolve(import.meta.dirname, '../../../docs/rescues.md'), 'utf8');
const examples = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map((found) => found[1] ?? '');

describe('docs/rescues.md', () => {
  it.each(examples)('has a right example: %s', (text) => {
    expect(() => upstream.parse(parse(text))).not.toThrow();
  });

  it('shows every policy that it tells of', () => {
    const shown = new Set(examples.flatMap((text) => Object.keys(parse(text) as object)));
    expect(shown).toEqual(new Set(['hedge', 'resume', 'fallback', 'resend', 'guard', 'pace', 'patience', 'faults']));
  });
});
