import { describe, expect, it } from 'vitest';
import { UnmadeDrops } from '../../../src/cache/stores/unmade-drops.ts';

describe('drops that could not be made', () => {
  it('are remembered, a hard one as such whatever comes after it', () => {
    const unmade = new UnmadeDrops(10);
    expect(unmade.isEmpty).toBe(true);
    unmade.add(['a', 'b'], false);
    unmade.add(['a', 'c'], true);
    expect(unmade.isEmpty).toBe(false);
    expect(unmade.take()).toEqual({
      all: false,
      tags: [
        ['a', false],
        ['b', false],
        ['c', true],
      ],
    });
    expect(unmade.isEmpty).toBe(true);
  });

  it('are everything once they are too many, and no more than that is kept', () => {
    const unmade = new UnmadeDrops(2);
    unmade.add(['a', 'b', 'c'], true);
    unmade.add(['d'], false);
    expect(unmade.take()).toEqual({ all: true, tags: [] });
    expect(unmade.isEmpty).toBe(true);
  });

  it('can be given back', () => {
    const unmade = new UnmadeDrops(2);
    unmade.add(['a'], false);
    const taken = unmade.take();
    unmade.add(['a', 'b'], true);
    unmade.giveBack(taken);
    expect(unmade.take()).toEqual({
      all: false,
      tags: [
        ['a', false],
        ['b', true],
      ],
    });
    unmade.giveBack({ all: true, tags: [] });
    expect(unmade.take().all).toBe(true);
  });
});
