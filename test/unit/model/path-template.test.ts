import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileTemplate, matchesTemplate } from '../../../src/model/path-template.ts';

describe('a path template', () => {
  it.each([
    ['/rest/v1/bots', '/rest/v1/bots', true],
    ['/rest/v1/bots', '/rest/v1/bots/', true],
    ['/rest/v1/bots', '/rest/v1/bots2', false],
    ['/rest/v1/{table}', '/rest/v1/bots', true],
    ['/rest/v1/{table}', '/rest/v1/rpc/f', false],
    ['/rest/v1/{table:bots|accounts}', '/rest/v1/accounts', true],
    ['/rest/v1/{table:bots|accounts}', '/rest/v1/messages', false],
    ['/v1beta/models/{model}:generateContent', '/v1beta/models/gemini-2.5-pro:generateContent', true],
    ['/v1beta/models/{model}:generateContent', '/v1beta/models/gemini:countTokens', false],
    ['/{version:v\\d+\\.\\d+}/{phone:\\d{5,}}/messages', '/v23.0/12345/messages', true],
    ['/storage/**', '/storage/v1/object/a/b', true],
    ['/storage/**', '/storage', true],
    ['/storage/**', '/storages', false],
    ['/a/*/c', '/a/b/c', true],
    ['/a/*/c', '/a/b/x/c', false],
    ['/a.b', '/axb', false],
    ['/**', '/anything/at/all', true],
  ])('%s and %s: %s', (template, path, expected) => {
    expect(matchesTemplate(compileTemplate(template), path)).toBe(expected);
  });

  it('matches every literal path with itself', () => {
    const segment = fc.string({ minLength: 1, maxLength: 8, unit: fc.constantFrom('a', 'b', '.', '+', '(', ')', '$', '-', '_', '~', '!') });
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 5 }), (segments) => {
        const path = `/${segments.join('/')}`;
        expect(matchesTemplate(compileTemplate(path), path)).toBe(true);
      }),
    );
  });
});
