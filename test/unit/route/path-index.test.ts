import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileTemplate, matchesTemplate } from '../../../src/model/path-template.ts';
import { PathIndex } from '../../../src/route/path-index.ts';

const SEGMENT = fc.constantFrom('a', 'b', 'ab', '{x}', 'a{x}', '{x:[ab]+}', '*', 'a*', '');
const TEMPLATE = fc
  .tuple(fc.array(SEGMENT, { maxLength: 4 }), fc.boolean())
  .map(([segments, rest]) => `/${segments.map((segment, n) => segment.replace('x', `x${n}`)).join('/')}${rest ? '/**' : ''}`);
const PATH = fc.array(fc.constantFrom('a', 'b', 'ab', 'abc', 'a{x}', '*', ''), { maxLength: 5 }).map((segments) => `/${segments.join('/')}`);
/** Undefined: for any path. */
const TEMPLATES = fc.oneof(
  { weight: 4, arbitrary: fc.array(TEMPLATE, { minLength: 1, maxLength: 3 }) },
  { weight: 1, arbitrary: fc.constant(undefined) },
);

describe('an index of paths', () => {
  it('finds what trying all in order finds', () => {
    fc.assert(
      fc.property(fc.array(TEMPLATES, { maxLength: 12 }), PATH, (routes, path) => {
        const compiled = routes.map((texts, rank) => ({ rank, templates: texts?.map(compileTemplate) }));
        const takes = ({ templates }: (typeof compiled)[number]): boolean =>
          templates === undefined || templates.some((template) => matchesTemplate(template, path));
        const index = new PathIndex<(typeof compiled)[number]>();
        for (const one of compiled) index.add(one, one.templates);
        expect(index.find(path, takes)?.rank).toBe(compiled.find(takes)?.rank);
      }),
      { numRuns: 2000 },
    );
  });

  it('tries only those on the way of the path', () => {
    const index = new PathIndex<string>();
    for (let n = 0; n < 300; n++) index.add(`/rest/v1/t${n}/{id}`, [compileTemplate(`/rest/v1/t${n}/{id}`)]);
    const tried: string[] = [];
    const found = index.find('/rest/v1/t299/7', (text) => {
      tried.push(text);
      return true;
    });
    expect(found).toBe('/rest/v1/t299/{id}');
    expect(tried).toEqual(['/rest/v1/t299/{id}']);
  });
});
