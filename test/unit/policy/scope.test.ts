import { describe, expect, it } from 'vitest';
import { credentialOf } from '../../../src/policy/credential.ts';
import { compileScope } from '../../../src/policy/scope.ts';
import { exchangeOf } from './fixtures.ts';

describe('a scope', () => {
  it.each<[string[], string[], string]>([
    [['authority'], [], 'api.example'],
    [['model'], ['/v1/models/{model}:generateContent'], 'gemini-pro'],
    [['{model}'], ['/other/{model}', '/v1/models/{model}:{call}'], 'gemini-pro'],
    [['model'], ['/other/{model}'], ''],
    [['json:to'], [], '4812345'],
    [['json:none'], [], ''],
    [['path:models/([^:]+)'], [], 'gemini-pro'],
    [['authority', 'model', 'json:to'], ['/v1/models/{model}:{call}'], 'api.example gemini-pro 4812345'],
  ])('of %j, with the paths %j, is %j', (parts, paths, expected) => {
    const exchange = exchangeOf({ method: 'POST', path: '/v1/models/gemini-pro:generateContent?key=secret', body: '{"to":"4812345"}' });
    expect(compileScope(parts, paths)(exchange)).toBe(expected);
  });

  it('tells credentials and headers apart without holding them', () => {
    const scope = compileScope(['credential', 'header:X-Tenant'], []);
    const of = (key: string, tenant: string): string => scope(exchangeOf({ headers: ['authorization', key, 'x-tenant', tenant] }));
    expect(of('Bearer aaa', 'one')).not.toBe(of('Bearer bbb', 'one'));
    expect(of('Bearer aaa', 'one')).not.toBe(of('Bearer aaa', 'two'));
    expect(of('Bearer aaa', 'one')).toBe(of('Bearer aaa', 'one'));
    expect(of('Bearer aaa', 'one')).not.toMatch(/aaa|one/);
  });

  it('knows the credentials that stand in a query', () => {
    expect(credentialOf(exchangeOf({ path: '/?key=a' }))).not.toBe(credentialOf(exchangeOf({ path: '/?key=b' })));
    expect(credentialOf(exchangeOf({ path: '/?monkey=a' }))).toBe('');
  });
});
