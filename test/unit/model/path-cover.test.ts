import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { templateCovers } from '../../../src/model/path-cover.ts';
import { compileTemplate, matchesTemplate } from '../../../src/model/path-template.ts';

describe('a path template takes all that another does', () => {
  it.each([
    ['/**', '/y', true],
    ['/**', '/{id:.*}/y', true],
    ['/**', '/**', true],
    ['/x/**', '/x/y', true],
    ['/x/**', '/x', true],
    ['/x/**', '/x/{id}/z/**', true],
    ['/x/**', '/xy', false],
    ['/x/**', '/{id}/y', false],
    ['/x/**', '/{id:x}/y', false],
    ['/x/*', '/x/y', true],
    ['/x/*', '/x/y.json', true],
    ['/x/*', '/x/{id}', true],
    ['/x/*', '/x/{id}.json', true],
    ['/x/*', '/x', false],
    ['/x/*', '/x/', false],
    ['/x/*', '/x/y/z', false],
    ['/x/*', '/x/**', false],
    ['/x/*', '/x/{id:.+}', false],
    ['/x/{id}', '/x/me', true],
    ['/x/{id}', '/x/*', true],
    ['/x/{id}/y', '/x/{other}/y', true],
    ['/x/{id}.json', '/x/{other}.json', true],
    ['/x/{id}.json', '/x/a.json', true],
    ['/x/{id}.json', '/x/a', false],
    ['/x/{id:\\d+}', '/x/12', true],
    ['/x/{id:\\d+}', '/x/me', false],
    ['/x/{id:\\d+}', '/x/{n:\\d+}', true],
    ['/x/{id:\\d+}', '/x/{n:\\d*}', false],
    ['/x/{id:a/b}', '/x/a/b', true],
    ['/x/{a:\\d+}-{b:\\d+}/*', '/x/1-2/y', true],
    ['/x/{a:\\d+}-{b:\\d+}/*', '/x/1-2/{y}', true],
    ['/x/{a:\\d+}-{b:\\d+}/*', '/x/1-a/{y}', false],
    ['/x/y', '/x/*', false],
    ['/x', '/x', true],
    ['/x', '/y', false],
    ['/x/{a:b+}/{c:\\k<a>}/**', '/x/bb/bb/{y}', false],
    ['/x/{a:(}', '/x/y', false],
  ])('%s, %s: %s', (wide, narrow, expected) => {
    expect(templateCovers(wide, narrow)).toBe(expected);
  });

  it('only where no path is found that the other takes alone', () => {
    const segment = fc.constantFrom('a', 'b', '*', '{x}', '{y}.a', 'a.a', '*a', '{z:a|b}', '{z:.*}', '{z:a/b}');
    const template = fc
      .tuple(fc.array(segment, { maxLength: 3 }), fc.constantFrom('', '/**'))
      .map(([parts, end]) => `/${parts.map((part, at) => part.replace(/[xyz]/, (name) => `${name}${at}`)).join('/')}${end}`);
    const path = fc.array(fc.constantFrom('a', 'b', 'a.a', 'ba', ''), { maxLength: 4 }).map((parts) => `/${parts.join('/')}`);
    fc.assert(
      fc.property(template, template, fc.array(path, { minLength: 30, maxLength: 30 }), (wide, narrow, paths) => {
        fc.pre(templateCovers(wide, narrow));
        for (const one of paths) expect(!matchesTemplate(compileTemplate(narrow), one) || matchesTemplate(compileTemplate(wide), one)).toBe(true);
      }),
    );
  });
});
