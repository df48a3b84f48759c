import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Identities } from '../../../src/cache/identity.ts';
import { keyOptions, readRequest } from '../../../src/cache/request.ts';
import { exchangeOf } from '../policy/fixtures.ts';

const identities = new Identities(Buffer.from('secret'));
const name = fc.constantFrom('id', 'select', 'token', 'access_token', 'x-api-key', 'KEY', 'key', 'a', 'b', '', 'monkey');
const value = fc.constantFrom('', '1', 'a=b', 'eq.7', 'x?token=9', 'c#d', '%2A', 'b?a');
const pair = fc.oneof(
  fc.tuple(name, value).map(([one, text]) => `${one}=${text}`),
  name,
);
const query = fc.array(pair, { maxLength: 6 }).map((pairs) => `/path?${pairs.join('&')}`);

/** A path as it stands in keys, without what is different for each value. */
function blanked(path: string): string {
  return identities.withoutCredentials(path).replace(/=~[\w-]{22}/g, '=~');
}

function urlOf(path: string): string {
  return readRequest(exchangeOf({ path }), keyOptions({ sortQuery: true, shared: true }, undefined), identities).url;
}

describe('the name of a URL', () => {
  it('has no credential, wherever one stands in the query', () => {
    fc.assert(
      fc.property(query, (path) => {
        // with one at the end, all of it is looked at
        expect(`${blanked(path)}&token=~`).toBe(blanked(`${path}&token=z`));
      }),
    );
  });

  it.each([
    ['/a?id=1&access_token=x', '/a?id=1&access_token=~'],
    ['/a?KEY=x&monkey=y', '/a?KEY=~&monkey=y'],
    ['/a?id=1?token=x', '/a?id=1?token=~'],
    ['/a?id=token=x', '/a?id=token=x'],
    ['/a?auth_key=x&subscription-key=y&user_key=z', '/a?auth_key=~&subscription-key=~&user_key=~'],
    ['/a?api%5Fkey=x&accounts.access_token=y', '/a?api%5Fkey=~&accounts.access_token=~'],
    ['/a?b=1?c=2&sort_key=x', '/a?b=1?c=2&sort_key=x'],
    ['/a?%zz=1&token=', '/a?%zz=1&token=~'],
    ['/a?token', '/a?token'],
    ['/a', '/a'],
  ])('%s is %s', (path, expected) => {
    expect(blanked(path)).toBe(expected);
    expect(identities.hasCredentials(path)).toBe(path !== expected);
  });

  it('has its parameters by name, those of one name as they came', () => {
    const plain = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'B', ''), fc.constantFrom('', '1', '2', '=')), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(plain, (pairs) => {
        const ordered = pairs.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
        const text = (all: typeof pairs): string => all.map(([one, two]) => `${one}=${two}`).join('&');
        expect(urlOf(`/p?${text(pairs)}`)).toBe(`https://api.example/p?${text(ordered)}`);
      }),
    );
  });
});
