import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { parseYaml } from '../../../src/config/parse.ts';
import { prepare, preparedTree } from '../../../src/config/prepared.ts';
import { presetFile, presetNames } from '../../../src/config/presets.ts';

const texts = presetNames().map((name) => readFileSync(presetFile(name), 'utf8'));

describe('what was read as YAML when the package was built', () => {
  it.each(presetNames())('is what the preset %s comes to, each place and variable included', (name) => {
    const text = readFileSync(presetFile(name), 'utf8');
    expect(preparedTree(text, 'presets/x.yaml', prepare(texts))).toEqual(parseYaml(text, 'presets/x.yaml').tree);
  });

  it('is found for that very text alone', () => {
    const prepared = prepare(['a: 1\n']);
    expect(preparedTree('a: 1\n', 'f', prepared)).toEqual(parseYaml('a: 1\n', 'f').tree);
    expect(preparedTree('a: 1', 'f', prepared)).toBeUndefined();
    expect(preparedTree('', 'f', prepared)).toBeUndefined();
  });

  it('is any tree of values that JSON knows', () => {
    const scalar = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null), fc.constantFrom('${A}', '${A:-b} ${B}', '12', '1e3'));
    const map = fc.dictionary(
      fc.stringMatching(/^[a-z_]{1,8}$/),
      fc.letrec((tie) => ({
        value: fc.oneof({ maxDepth: 3 }, scalar, fc.array(tie('value')), fc.dictionary(fc.stringMatching(/^[a-z_]{1,8}$/), tie('value'))),
      })).value,
    );
    fc.assert(
      fc.property(map, (value) => {
        const text = stringify(value);
        const { tree, problems } = parseYaml(text, 'f');
        fc.pre(tree?.kind === 'map' && problems.length === 0);
        expect(preparedTree(text, 'f', prepare([text]))).toEqual(tree);
      }),
    );
  });

  it.each([
    ['a: .inf\n', 'JSON does not know'],
    ['a: 1\na: 2\n', 'a second time'],
    ['', 'empty'],
  ])('is not made of %j', (text, why) => {
    expect(() => prepare([text])).toThrow(why);
  });
});
