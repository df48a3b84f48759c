import { describe, expect, it } from 'vitest';
import { Holds } from '../../../src/policy/breaker/holds.ts';

describe('what is held open by hand', () => {
  const held = (holds: Holds, key: string): boolean => holds.holds('model', key, 'g.example');

  it('a release of one of a host that is held stays a release', () => {
    const holds = new Holds();
    holds.set('model', 'g.example', true);
    holds.set('model', 'g.example pro', false);
    const other = new Holds();
    other.adopt(holds.export(), () => true);
    for (const each of [holds, other]) expect([held(each, 'g.example pro'), held(each, 'g.example flash')]).toEqual([false, true]);
  });

  it('what is said of a host is said of all that is told apart on it', () => {
    const holds = new Holds();
    holds.set('model', 'g.example pro', true);
    holds.set('model', 'g.example', false);
    expect(held(holds, 'g.example pro')).toBe(false);
    holds.set('model', undefined, true);
    holds.set('model', 'g.example pro', false);
    holds.set('model', 'g.example', true);
    expect(held(holds, 'g.example pro')).toBe(true);
  });
});
