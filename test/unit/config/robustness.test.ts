import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packageConfigDirectory } from '../../../src/config/presets.ts';
import { ConfigDirectory } from './fixtures.ts';

const lines = readFileSync(join(packageConfigDirectory(), '..', 'proxy.yaml.example'), 'utf8').split('\n');
const VALUES = [
  '',
  '5',
  '-1',
  '"x"',
  '[]',
  '{}',
  'null',
  '~',
  '*a',
  '&a b',
  '<<',
  '${X}',
  '${',
  '[[{}]]',
  '!!binary x',
  '.inf',
  '__proto__: 1',
  '? [a]',
  '|',
  '\u0000',
  '1e999',
];

/** The example with some of its lines or values replaced. */
const damaged = fc
  .array(fc.record({ at: fc.nat({ max: lines.length - 1 }), value: fc.constantFrom(...VALUES), whole: fc.boolean() }), { minLength: 1, maxLength: 4 })
  .map((changes) => {
    const text = [...lines];
    for (const { at, value, whole } of changes) text[at] = whole ? value : (text[at] ?? '').replace(/: ?.*$/, `: ${value}`);
    return text.join('\n');
  });

describe('a damaged configuration', () => {
  it('is taken or told with places inside the file, and never an exception', () => {
    using directory = new ConfigDirectory();
    fc.assert(
      fc.property(damaged, (text) => {
        const result = directory.load(text, { SUPABASE_URL: 'https://x.supabase.co' });
        if (result.ok) return;
        expect(result.problems.length).toBeGreaterThan(0);
        for (const { line, column, message } of result.problems) {
          expect(line).toBeGreaterThan(0);
          expect(column).toBeGreaterThan(0);
          expect(message).not.toMatch(/Invalid input|undefined|\[object/);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('of any text is no exception either', () => {
    using directory = new ConfigDirectory();
    const pieces = fc.constantFrom(
      'version: 1\n',
      'upstreams:\n',
      '  a: ',
      '{ origin: https://a.example',
      ', ',
      '}',
      '\n',
      '  - ',
      '[',
      ']',
      ...VALUES,
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 20 }), (text) => {
        const result = directory.load(text.join(''));
        expect(result.ok || result.problems.length > 0).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});
