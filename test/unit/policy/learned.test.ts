import { describe, expect, it } from 'vitest';
import { Kept } from '../../../src/policy/learned.ts';

describe('what is kept through reloads', () => {
  it('is the very same for the same, and new for anything else', () => {
    const before = new Kept<{ readonly made: string }>();
    const first = before.of(['route', 1], () => ({ made: 'before' }));
    const after = new Kept<{ readonly made: string }>();
    after.adopt(before);
    expect(after.of(['route', 1], () => ({ made: 'after' }))).toBe(first);
    expect(after.of(['route', 2], () => ({ made: 'after' }))).toEqual({ made: 'after' });
  });

  it('is kept apart where several are of the same, each by its place among them', () => {
    const before = new Kept<{ readonly made: string }>();
    const [first, second] = ['first', 'second'].map((made) => before.of('same', () => ({ made })));
    expect(first).not.toBe(second);
    const after = new Kept<{ readonly made: string }>();
    after.adopt(before);
    const found = ['third', 'fourth', 'fifth'].map((made) => after.of('same', () => ({ made })));
    expect(found[0]).toBe(first);
    expect(found[1]).toBe(second);
    expect(found[2]).toEqual({ made: 'fifth' });
  });

  it('stays where it was when a reload is refused, and goes on to the next', () => {
    const before = new Kept<{ readonly made: string }>();
    const first = before.of('same', () => ({ made: 'before' }));
    const refused = new Kept<{ readonly made: string }>();
    refused.adopt(before);
    refused.of('same', () => ({ made: 'refused' }));
    refused.of('same', () => ({ made: 'refused' }));
    const next = new Kept<{ readonly made: string }>();
    next.adopt(before);
    expect(next.of('same', () => ({ made: 'next' }))).toBe(first);
    expect(next.of('same', () => ({ made: 'next' }))).toEqual({ made: 'next' });
  });
});
