import { describe, expect, it } from 'vitest';
import { credentialOf } from '../../../src/policy/credential.ts';
import { compileScope } from '../../../src/policy/scope.ts';
import { pseudonyms } from '../../../src/policy/pseudonym.ts';
import { exchangeOf, pseudonymOf } from './fixtures.ts';

describe('a scope', () => {
  it.each<[string[], string[], string]>([
    [['authority'], [], 'api.example'],
    [['model'], ['/v1/models/{model}:generateContent'], 'gemini-pro'],
    [['{model}'], ['/other/{model}', '/v1/models/{model}:{call}'], 'gemini-pro'],
    [['model'], ['/other/{model}'], ''],
    [['json:to'], [], pseudonymOf('4812345')],
    [['json:none'], [], ''],
    [['path:models/([^:]+)'], [], 'gemini-pro'],
    [['path:^[^?]*$'], [], ''],
    [['path:[?]key=(.*)'], [], pseudonymOf('secret')],
    [['authority', 'model', 'json:to'], ['/v1/models/{model}:{call}'], `api.example gemini-pro ${pseudonymOf('4812345')}`],
  ])('of %j, with the paths %j, is %j', (parts, paths, expected) => {
    const exchange = exchangeOf({ method: 'POST', path: '/v1/models/gemini-pro:generateContent?key=secret', body: '{"to":"4812345"}' });
    expect(compileScope(parts, paths, pseudonymOf)(exchange)).toBe(expected);
  });

  it.each([
    ['/v1/models/gemini-pro%3AgenerateContent?key=secret%3A', 'gemini-pro'],
    ['/v1/models/gemini%2Dpro:generateContent', 'gemini-pro'],
    // what an encoded blank or line stands for must not pass for the gap between two parts, nor break a label
    ['/v1/models/a%20b%0A:generateContent', 'a%20b%0A'],
    ['/v1/models/%E2%82%AC%25:generateContent', '%E2%82%AC%25'],
    ['/v1/models/a%zz:generateContent', 'a%25zz'],
  ])('reads %s as routes do', (path, expected) => {
    const exchange = exchangeOf({ method: 'POST', path });
    const of = (part: string): string => compileScope([part], ['/v1/models/{model}:{call}'], pseudonymOf)(exchange);
    expect(of('model')).toBe(expected);
    expect(of('path:models/([^:]+)')).toBe(expected);
    expect(of('path:[?]key=(.*)')).toBe(path.includes('?') ? pseudonymOf('secret%3A') : '');
  });

  it('does not take an encoded question mark for the begin of the query', () => {
    const exchange = exchangeOf({ path: '/v1/a%3Fb?key=secret' });
    expect(compileScope(['path:v1/([^/?]+[?]b)'], [], pseudonymOf)(exchange)).toBe('a?b');
    expect(compileScope(['path:key=(.*)'], [], pseudonymOf)(exchange)).toBe(pseudonymOf('secret'));
  });

  it('tells credentials and headers apart without holding them', () => {
    const scope = compileScope(['credential', 'header:X-Tenant', 'json:to'], [], pseudonymOf);
    const of = (key: string, tenant: string, to = '48'): string =>
      scope(exchangeOf({ headers: ['authorization', key, 'x-tenant', tenant], body: JSON.stringify({ to }) }));
    expect(of('Bearer aaa', 'one')).not.toBe(of('Bearer bbb', 'one'));
    expect(of('Bearer aaa', 'one')).not.toBe(of('Bearer aaa', 'two'));
    expect(of('Bearer aaa', 'one')).toBe(of('Bearer aaa', 'one'));
    expect(of('Bearer aaa', 'one')).not.toBe(of('Bearer aaa', 'one', '49'));
    expect(of('Bearer aaa', 'one', '48601')).not.toMatch(/aaa|one|48601/);
  });

  it('names values so that nobody can find them by trying: another app names them otherwise', () => {
    const names = [pseudonymOf('48601234567'), pseudonyms(Buffer.from('of another'))('48601234567')];
    expect(new Set(names).size).toBe(2);
    expect(pseudonyms(Buffer.from('of this process'))('48601234567')).toBe(names[0]);
  });

  it('knows the credentials that stand in a query', () => {
    expect(credentialOf(exchangeOf({ path: '/?key=a' }))).not.toBe(credentialOf(exchangeOf({ path: '/?key=b' })));
    expect(credentialOf(exchangeOf({ path: '/?monkey=a' }))).toBe('');
  });
});
