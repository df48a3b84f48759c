import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stemOf, stemsWithin } from '../../../src/cache/invalidate/junctions.ts';

describe('what a table may join, by its name', () => {
  it.each([
    ['user_permissions', ['users', 'permissions'], ['accounts', 'user_permissions']],
    ['bot_profile_tags', ['bot_profiles', 'profile_tags', 'tags'], ['bot_tags']],
    ['CategoryProduct', ['categories', 'Products'], ['category_products']],
    ['accounts', [], ['account', 'accounts']],
    ['address_book', ['address'], ['addres']],
  ])('%s', (table, joined, others) => {
    const stems = stemsWithin(table);
    for (const name of joined) expect(stems).toContain(stemOf(name));
    for (const name of others) expect(stems).not.toContain(stemOf(name));
  });

  it('is little, whatever it is called', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (name) => {
        expect(stemsWithin(name).length).toBeLessThan(36);
      }),
    );
  });
});
